// The one way to Settings: file < environment < flags, checked as a whole, every mistake told with its place.
// Pure: the texts come in as parameters, and no message ever holds the token.
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { HoldlineError, type Mistake, type Place } from '../domain/errors.js';
import type { Settings } from '../domain/settings.js';
import { completeSettings } from './complete-settings.js';
import type { ReadKeyFile } from './complete-trust.js';
import { explainIssues, valueAt } from './explain-issues.js';
import { parseSettingsYaml, pathText, type Finding, type KeyPath, type ParsedSettings } from './parse-settings-yaml.js';
import { readEnvironment } from './read-environment.js';
import { settingsSchema, type SettingsInput } from './schema.js';
import type { Variables } from './substitute.js';

export interface SettingsSources {
  /** Content of the settings file; null when there is none. Bytes are checked to be UTF-8. */
  readonly text: string | Uint8Array | null;
  /** Its path, for messages and relative paths; null when there is none. */
  readonly file: string | null;
  readonly env: Variables;
  /** The parsed `.env` beside the file; the environment wins over it. */
  readonly dotenv: Readonly<Record<string, string>> | null;
  /** Values by the file's key names; undefined ones are ignored. Relative paths start at `cwd`. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly cwd: string;
  readonly readKeyFile: ReadKeyFile;
}

/** Where the settings file is: flag, then HOLDLINE_CONFIG, then the system's. `named` ones must exist. */
export function chooseSettingsFile(flag: string | undefined, env: Variables, cwd: string): { readonly file: string; readonly named: boolean } {
  const named = flag ?? env['HOLDLINE_CONFIG'];
  return named === undefined || named === '' ? { file: '/etc/holdline/holdline.yaml', named: false } : { file: resolve(cwd, named), named: true };
}

/** The `.env` that belongs to a settings file. */
export const envFileOf = (file: string): string => join(dirname(file), '.env');

/** Throws `settings-invalid` or `settings-missing`. */
export function loadSettings(sources: SettingsSources): Settings {
  const variables: Variables = { ...sources.dotenv, ...definedOnly(sources.env) };
  const parsed = parseSettingsYaml(sources.text ?? '', variables);
  const environment = readEnvironment(variables);
  const flags = definedOnly(sources.flags);
  const origins = new Map([...environment.origins, ...Object.keys(flags).map((key): [string, string] => [key, `--${key.replaceAll('_', '-')}`])]);
  const tell = (findings: readonly Finding[]): void => throwMistakes(findings, { sources, parsed, origins });

  tell(environment.findings);
  const values = { ...parsed.values, ...environment.values, ...flags };
  const readable = parsed.findings.every((finding) => finding.path.length > 0);
  const inFile = parsed.findings.filter((finding) => !origins.has(String(finding.path[0])));
  if (!readable) tell(inFile);
  const checked = checkShape(values, parsed.substituted, origins);
  if (checked.input === undefined) {
    // A scalar that could not be substituted is already told; what the schema says of its remains is noise.
    const told = new Set(inFile.map((finding) => pathText(finding.path)));
    tell([...inFile, ...checked.findings.filter((finding) => !told.has(pathText(finding.path)))]);
    throw new HoldlineError('internal', 'cannot read the settings: the schema refused them without a reason');
  }
  tell(inFile);
  const { settings, findings } = completeSettings(checked.input, {
    file: sources.file === null ? null : resolve(sources.cwd, sources.file),
    fileFolder: sources.file === null ? sources.cwd : dirname(resolve(sources.cwd, sources.file)),
    workingFolder: sources.cwd,
    flagKeys: new Set(Object.keys(flags)),
    token: environment.token,
    proxy: environment.proxy,
    readKeyFile: sources.readKeyFile,
    locate: (path) => (sources.text === null || sources.file === null ? undefined : { file: sources.file, ...parsed.locate({ path, at: 'value', message: '' }) }),
  });
  tell(findings);
  return freeze(settings);
}

interface Checked { readonly input?: SettingsInput; readonly findings: readonly Finding[] }

/** A substituted scalar is text; where the schema wants a number or a boolean, it is read as one and checked again. */
function checkShape(values: Readonly<Record<string, unknown>>, substituted: ReadonlySet<string>, origins: ReadonlyMap<string, string>): Checked {
  const first = z.safeParse(settingsSchema, values);
  if (first.success) return { input: first.data, findings: [] };
  let typed: Readonly<Record<string, unknown>> = values;
  for (const path of substituted) {
    const keys = JSON.parse(path) as KeyPath;
    if (origins.has(String(keys[0]))) continue;
    const value = valueAt(typed, keys);
    const candidate = typeof value === 'string' ? readScalar(value.trim()) : undefined;
    if (candidate === undefined) continue;
    const attempt = replaceAt(typed, keys, candidate) as Readonly<Record<string, unknown>>;
    if (countIssues(attempt) < countIssues(typed)) typed = attempt;
  }
  const second = z.safeParse(settingsSchema, typed);
  return second.success ? { input: second.data, findings: [] } : { findings: explainIssues(second.error.issues, typed) };
}

function countIssues(values: unknown): number {
  const result = z.safeParse(settingsSchema, values);
  return result.success ? 0 : explainIssues(result.error.issues, values).length;
}

function readScalar(text: string): number | boolean | undefined {
  if (/^-?\d+(?:\.\d+)?$/u.test(text)) return Number(text);
  return text === 'true' || text === 'false' ? text === 'true' : undefined;
}

function replaceAt(value: unknown, path: KeyPath, replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.map((item: unknown, index) => (index === key ? replaceAt(item, rest, replacement) : item));
  return Object.assign(Object.create(null), value, { [key]: replaceAt(valueAt(value, [key]), rest, replacement) });
}

interface Telling { readonly sources: SettingsSources; readonly parsed: ParsedSettings; readonly origins: ReadonlyMap<string, string> }

function throwMistakes(findings: readonly Finding[], telling: Telling): void {
  if (findings.length === 0) return;
  const mistakes = findings.map((finding) => toMistake(finding, telling)).sort(byPlace);
  const [first, ...others] = mistakes;
  if (first === undefined) return;
  const missing = telling.sources.text === null && findings.length === 1 && findings[0]?.path[0] === 'github_repo' && findings[0].at === 'key';
  if (missing) {
    throw new HoldlineError('settings-missing', `cannot start: there is no settings file${telling.sources.file === null ? '' : ` ${telling.sources.file}`} and GITHUB_REPO is not set`, { hint: 'Write one with: holdline init owner/name' });
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more mistake${others.length === 1 ? '' : 's'})`;
  const place = first.where === undefined ? '' : `${first.where.file}:${first.where.line}:${first.where.column}: `;
  throw new HoldlineError('settings-invalid', `cannot use the settings: ${place}${first.message}${more}`, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    ...(first.where === undefined ? {} : { where: first.where }),
    others, context: { mistakes: mistakes.length },
  });
}

function toMistake(finding: Finding, { sources, parsed, origins }: Telling): Mistake {
  const origin = origins.get(String(finding.path[0]));
  if (origin !== undefined) return { message: `${origin}: ${finding.message}`, hint: finding.hint };
  const where: Place | undefined = sources.text === null || sources.file === null ? undefined : { file: sources.file, ...parsed.locate(finding) };
  return { message: finding.message, where, hint: finding.hint };
}

function byPlace(a: Mistake, b: Mistake): number {
  return (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0);
}

function definedOnly<Value>(record: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
