// The components section: one whole Settings for each, the top level's values where it says nothing itself, and the rules between components.
import { join, resolve } from 'node:path';
import { componentStateDir } from '../domain/layout.js';
import type { ComponentSettings, Settings } from '../domain/settings.js';
import { checkComponentGraph } from './check-component-graph.js';
import { checkComponentPaths } from './check-component-paths.js';
import type { Completed, Surroundings } from './complete-settings.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';
import type { ComponentInput, SettingsInput } from './schema.js';

export interface CompletedComponents { readonly components: readonly ComponentSettings[]; readonly findings: readonly Finding[] }

type Complete = (input: SettingsInput, around: Surroundings) => Completed;

/** @param app the top level's own settings. @param complete makes the settings of one */
export function completeComponents(input: SettingsInput, app: Settings, around: Surroundings, complete: Complete): CompletedComponents {
  const entries = Object.entries(input.components ?? {});
  const done = entries.map(([name, component]) => completeComponent(name, component, { input, app, around, complete }));
  const components = withTagMates(done.map(({ settings }) => settings));
  const findings = [
    ...checkTopLevel(input), ...done.flatMap((one) => one.findings), ...checkTags(components), ...checkServiceNames(components),
    ...checkComponentGraph(components, input.together), ...checkComponentPaths(components),
  ];
  // What comes from the top level is the same mistake for each of them.
  const seen = new Set<string>();
  return { components, findings: findings.filter((finding) => { const text = JSON.stringify(finding); return !seen.has(text) && seen.add(text); }) };
}

interface Base { readonly input: SettingsInput; readonly app: Settings; readonly around: Surroundings; readonly complete: Complete }

function completeComponent(name: string, component: ComponentInput, { input, app, around, complete }: Base): { readonly settings: ComponentSettings; readonly findings: readonly Finding[] } {
  const { tag_prefix: prefix, kind, depends_on: dependsOn, enabled, pin, ...own } = component;
  const beside = (path: string): string => resolve(around.fileFolder, path);
  const stateDir = componentStateDir(app.stateDir, name);
  const merged: SettingsInput = {
    ...input, ...definedOnly(own), components: undefined, together: [],
    app: app.app, install_dir: beside(own.install_dir), state_dir: stateDir, runtime_dir: app.runtimeDir,
    // Each its own folder, so that a person finds a backup by its component.
    backup_path: own.backup_path === undefined ? (input.backup_path === undefined ? undefined : join(app.backupPath, name)) : beside(own.backup_path),
  };
  const { settings, findings } = complete(merged, {
    ...around, flagKeys: new Set([...around.flagKeys].filter((key) => !Object.hasOwn(own, key))),
    locate: (path) => around.locate(Object.hasOwn(own, String(path[0])) ? ['components', name, ...path] : path),
  });
  const sharesRepo = settings.githubRepo.toLowerCase() === app.githubRepo.toLowerCase();
  const placed = findings.map((finding) => ({ ...finding, path: Object.hasOwn(own, String(finding.path[0])) ? (['components', name, ...finding.path] satisfies KeyPath) : finding.path }));
  return {
    settings: {
      ...settings, sharedDir: app.stateDir, tagPrefix: (prefix ?? (sharesRepo ? name : '')) || null,
      component: { name, kind: kind ?? (settings.module === null ? 'tree' : 'module'), enabled, pin: pin ?? null, dependsOn: { ...dependsOn }, sharesRepo, tagMates: [] },
    },
    findings: [...placed, ...checkKind(name, kind, own.module !== undefined)],
  };
}

/** What belongs to one component cannot stand for all of them. */
function checkTopLevel(input: SettingsInput): readonly Finding[] {
  if (Object.keys(input.components ?? {}).length === 0) return [{ path: ['components'], at: 'key', message: 'components names no component', hint: 'Add one, or remove the key: then the file describes the only one.' }];
  const said = [
    ...(input.install_dir === undefined ? [] : ['install_dir']), ...(input.services.length === 0 ? [] : ['services']), ...(input.health.length === 0 ? [] : ['health']), ...(input.module === undefined ? [] : ['module']),
  ];
  return said.map((key) => ({ path: [key], at: 'key', message: `${key} stands beside components: it must say of which one it is`, hint: `Move it below a component: components: {NAME: {${key}: …}}.` }));
}

function checkKind(name: string, kind: ComponentInput['kind'], hasModule: boolean): readonly Finding[] {
  if (kind === undefined || (kind === 'module') === hasModule) return [];
  const message = hasModule ? `${name} is of kind tree, but has a module` : `${name} is of kind module, but does not say which program`;
  return [{ path: ['components', name, 'kind'], at: 'value', message, hint: hasModule ? 'Remove one of the two.' : 'Add a line like module: {program: [src/flash.js]}.' }];
}

const haveSameTags = (a: ComponentSettings, b: ComponentSettings): boolean => a.githubRepo.toLowerCase() === b.githubRepo.toLowerCase() && a.tagPrefix === b.tagPrefix;

/** Of the same tags each takes the part of a release that has its name. */
function withTagMates(components: readonly ComponentSettings[]): readonly ComponentSettings[] {
  return components.map((settings) => ({
    ...settings, component: { ...settings.component, tagMates: components.filter((other) => other !== settings && haveSameTags(other, settings)).map(({ component }) => component.name) },
  }));
}

/** A file of a release without a manifest must be of exactly one component. */
function checkTags(components: readonly ComponentSettings[]): readonly Finding[] {
  return components.flatMap((settings, index) => {
    const twin = components.slice(0, index).find((other) => haveSameTags(other, settings) && settings.asset !== null && other.asset === settings.asset);
    if (twin === undefined) return [];
    const tags = settings.tagPrefix === null ? 'plain tags' : `tags ${settings.tagPrefix}-v1.2.3`;
    return [{ path: ['components', settings.component.name], at: 'key', message: `${twin.component.name} and ${settings.component.name} have the same releases (${tags} of ${settings.githubRepo}) and the same asset ${settings.asset ?? ''}`, hint: 'Give each an asset of its own, or none: then a release must carry a manifest that says what is whose.' } satisfies Finding];
  });
}

function checkServiceNames(components: readonly ComponentSettings[]): readonly Finding[] {
  const owners = new Map<string, string>();
  return components.flatMap(({ component: { name }, services }) => services.flatMap((service, index) => {
    const keys = [`name ${service.name}`, ...(service.unit === null ? [] : [`unit ${service.unit}`])];
    const other = keys.map((key) => owners.get(key)).find((owner) => owner !== undefined && owner !== name);
    for (const key of keys) owners.set(key, owners.get(key) ?? name);
    return other === undefined ? [] : [{ path: ['components', name, 'services', index], at: 'value', message: `the service ${service.name} belongs to ${other} and to ${name}`, hint: 'Give one of them another name, or leave it to one component.' } satisfies Finding];
  }));
}

function definedOnly<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}
