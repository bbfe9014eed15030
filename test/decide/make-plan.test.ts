// Plans as data: which steps, in which states, and that every undo is plain and stays inside the device's own places.
import { describe, expect, it } from 'vitest';
import { makeAdoptPlan, makeRollbackPlan, makeUpdatePlan, type PlanContext } from '../../src/decide/make-plan.js';
import type { Device, KeptVersion } from '../../src/domain/device.js';
import type { HooksSettings } from '../../src/domain/hooks.js';
import type { Plan } from '../../src/domain/plan.js';
import type { ServiceSettings } from '../../src/domain/settings.js';
import { treeDigest, type Tree } from '../../src/domain/tree.js';
import { planStep } from '../../src/steps/registry.js';
import { codeOf } from '../support/code-of.js';

const kept = (version: string): KeptVersion => ({
  version, directory: `${version}-000000000000`,
  record: { format: 1, version, tag: `v${version}`, tree_digest: '0'.repeat(64), created: '2026-11-21T00:00:00.000Z', origin: 'release', has_shipped_config: true },
});
const managed = (status: 'linked' | 'own' | 'missing' | 'foreign') => ['src', 'config', 'VERSION'].map((path) => ({ path, status }));
const service = (name: string, dependsOn: readonly string[] = [], kind: 'service' | 'hardware' = 'service'): ServiceSettings =>
  ({ name, unit: `${name}.service`, command: null, kind, dependsOn, env: {}, stopTimeout: 1 });
const ADOPTED: Device = { kind: 'adopted', version: '1.0.0', current: kept('1.0.0'), previous: kept('0.9.0'), versions: [kept('1.0.0'), kept('0.9.0')], managed: managed('linked') };
const PLAIN: Device = { kind: 'plain', version: '1.0.0', current: null, previous: null, versions: [], managed: managed('own') };

function contextOf(device: Device, services: readonly ServiceSettings[] = [service('app'), service('db'), service('meter', [], 'hardware')], running: Tree | null = null): PlanContext {
  return {
    transaction: '20261121T093000Z-1a2b3c', device, planStep, now: new Date('2026-11-21T09:30:00Z'), backupNames: [], running: { files: running, device: { config: new Map(), configBase: true, preserved: new Set() }, older: new Map(), hardwareHeld: 'policy.hardware is never' },
    layout: { installDir: '/opt/app', stateDir: '/var/lib/app', sharedDir: '/var/lib/app', runtimeDir: '/run/app', backupPath: '/var/backups/app' },
    settings: { app: 'app', component: null, module: null, hooks: {}, managedPaths: ['src', 'config', 'VERSION'], preserve: [], services, probation: { seconds: 60, interval: 5, failures: 3, maxRestarts: 3 }, backupEnabled: true },
  };
}
const files = [{ path: 'VERSION', mode: '0644', size: 6, sha256: 'a'.repeat(64) }] as const;
const target = { version: '1.1.0', tag: 'v1.1.0', treeDigest: treeDigest(files), signed: true, files };
const names = (plan: Plan): string => plan.steps.map(({ name }) => name).join(' ');

it('adopts path by path after the tree stands, and touches no service', () => {
  const plan = makeAdoptPlan(contextOf(PLAIN), { version: '1.0.0', treeDigest: 'a'.repeat(64) });
  expect(names(plan)).toBe('stage-tree write-record sync-tree place-version switch-current adopt-path adopt-path adopt-path');
  expect(plan).toMatchObject({ services: [], from: null, to: { directory: '1.0.0-aaaaaaaaaaaa' }, probation: { seconds: 0 } });
});

it('updates with everything prepared before the first service stops', () => {
  const plan = makeUpdatePlan(contextOf(ADOPTED, [service('app', ['db']), service('db'), service('meter', [], 'hardware')]), target);
  expect(names(plan)).toBe('stage-tree carry-paths merge-config write-record back-up sync-tree place-version stop-services remerge-config switch-current start-services');
  expect(plan.services).toEqual(['db', 'app']);
  expect(plan.steps.map(({ state }) => state).join(' ')).toBe('staging staging preparing preparing preparing preparing ready switching switching switching switching');
});

it('links managed paths that are missing on the device', () => {
  const device = { ...ADOPTED, managed: [...managed('linked').slice(0, 2), { path: 'VERSION', status: 'missing' as const }] };
  expect(names(makeUpdatePlan(contextOf(device), target))).toMatch(/switch-current link-path start-services$/u);
});

describe('hooks', () => {
  const hook = { command: ['src/hook.sh', 'now'], user: null, timeout: 60, writable: [] } as const;
  const all: HooksSettings = { before_switch: hook, after_switch: hook, after_commit: hook, after_revert: hook };
  const planWith = (hooks: HooksSettings, device = ADOPTED): Plan => {
    const context = contextOf(device);
    return makeUpdatePlan({ ...context, settings: { ...context.settings, hooks } }, target);
  };
  const AROUND = 'remerge-config switch-current';
  it.each<[string, HooksSettings, string]>([
    ['all', all, `place-version call-after-revert call-before-switch stop-services ${AROUND} call-after-switch start-services call-after-commit`],
    ['none', {}, `place-version stop-services ${AROUND} start-services`],
    ['after_revert alone is owed from the switch on', { after_revert: hook }, `place-version call-after-revert stop-services ${AROUND} start-services`],
    ['told ones', { after_commit: hook, after_revert: hook }, `place-version call-after-revert stop-services ${AROUND} start-services call-after-commit`],
    ['after_switch', { after_switch: hook }, `place-version stop-services ${AROUND} call-after-switch start-services`],
  ])('%s have their places', (_, hooks, expected) => {
    expect(names(planWith(hooks)).replace(/^.* (?=place-version)/u, '')).toBe(expected);
  });
  it('are in the state they belong to, with all that a call needs, and no file to undo', () => {
    const steps = planWith(all).steps.filter(({ name }) => name.startsWith('call-'));
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual(['call-after-revert ready', 'call-before-switch ready', 'call-after-switch switching', 'call-after-commit switching']);
    expect(planWith({ after_revert: hook }).steps.find(({ name }) => name === 'call-after-revert')?.state).toBe('switching');
    expect(steps[1]).toMatchObject({ undo: [], summary: 'ask the hook before_switch: src/hook.sh now', params: {
      hook: 'before_switch', component: 'app', transaction: '20261121T093000Z-1a2b3c', kind: 'update', from: '1.0.0', to: '1.1.0', install_dir: '/opt/app', previous_tree: '/opt/app/.holdline/versions/1.0.0-000000000000', ...hook,
    } });
  });
  it('on a first install there is nothing that could be asked', () => {
    const empty: Device = { ...ADOPTED, kind: 'empty', version: null, current: null, previous: null, versions: [], managed: managed('missing') };
    expect(names(planWith(all, empty))).toMatch(/place-version call-after-revert stop-services switch-current link-path link-path link-path call-after-switch start-services call-after-commit$/u);
  });
});

it('stops nothing when no file changes, but does for a repair', () => {
  const services = [service('app'), service('db')];
  expect(makeUpdatePlan(contextOf({ ...ADOPTED, version: '1.1.0' }, services, files), target).services).toEqual([]);
  const current = { ...kept('1.1.0'), record: { ...kept('1.1.0').record, tree_digest: treeDigest(files) } };
  expect(makeUpdatePlan(contextOf({ ...ADOPTED, version: '1.1.0', current }, services, files), target).services).toEqual(['app', 'db']);
});

it('sets a kept directory of the same name aside, and only then', () => {
  const place = (plan: Plan) => plan.steps.find(({ name }) => name === 'place-version')?.undo.map(({ op }) => op);
  expect(place(makeUpdatePlan(contextOf(ADOPTED), target))).toEqual(['remove', 'remove']);
  const back = makeRollbackPlan(contextOf(ADOPTED), { kind: 'version', version: kept('0.9.0') });
  expect(place(back)).toEqual(['restore', 'restore']);
  expect(back.to.directory).toBe('0.9.0-000000000000');
});

describe('every plan', () => {
  const backup = { name: 'b', path: '/var/backups/app/b', manifest: { record: kept('0.8.0').record, version: '0.8.0' } } as never;
  const plans: readonly (readonly [string, Plan])[] = [
    ['adopt', makeAdoptPlan(contextOf(PLAIN), { version: '1.0.0', treeDigest: 'a'.repeat(64) })],
    ['update', makeUpdatePlan(contextOf(ADOPTED), target)],
    ['update with every way to take a change', makeUpdatePlan(contextOf(ADOPTED, [service('db'), { ...service('app@1', ['db']), instanceOf: 'app' }, { ...service('log', ['app@1']), onChange: { signal: 'SIGHUP' } }, service('web', ['log'])]), target)],
    ['install', makeUpdatePlan(contextOf({ ...ADOPTED, kind: 'empty', version: null, current: null, previous: null, versions: [], managed: managed('missing') }), target)],
    ['rollback', makeRollbackPlan(contextOf(ADOPTED), { kind: 'version', version: kept('0.9.0') })],
    ['restore', makeRollbackPlan(contextOf(ADOPTED), { kind: 'backup', backup })],
  ];
  it.each(plans)('%s is JSON, and its undo never reaches the user\'s files, state or backups', (_, plan) => {
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    for (const operation of plan.steps.flatMap(({ undo }) => undo)) {
      if (operation.op === 'unlink' || operation.op === 'restore-adopted') continue; // both look at what stands there first
      for (const path of ['path', 'from', 'to'].map((key) => (operation as unknown as Record<string, string | undefined>)[key])) expect(path ?? '/opt/app/.holdline/').toMatch(/^\/opt\/app\/\.holdline\//u);
    }
  });
});

it.each<[string, string, () => unknown]>([
  ['adopting a link of the user', 'install-invalid', () => makeAdoptPlan(contextOf({ ...PLAIN, managed: managed('foreign') }), { version: '1.0.0', treeDigest: 'a'.repeat(64) })],
  ['updating over a path that is no longer ours', 'install-invalid', () => makeUpdatePlan(contextOf({ ...ADOPTED, managed: managed('own') }), target)],
  ['rolling back to what runs', 'version-unknown', () => makeRollbackPlan(contextOf(ADOPTED), { kind: 'version', version: kept('1.0.0') })],
  ['services in a circle', 'settings-invalid', () => makeUpdatePlan(contextOf(ADOPTED, [service('a', ['b']), service('b', ['a'])]), target)],
])('refuses %s with %s', (_, code, act) => {
  expect(codeOf(act)).toBe(code);
});
