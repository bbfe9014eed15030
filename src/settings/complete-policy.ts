// The policy, windows and holds sections: defaults that follow from each other, and the rules between them.
import { join } from 'node:path';
import validRange from 'semver/ranges/valid.js';
import type { HoldSettings, PolicySettings, PolicyWord, WindowRule, WindowSettings } from '../domain/policy.js';
import type { UpdateType } from '../domain/release.js';
import { suggest } from '../domain/suggest.js';
import { parseWindow } from './parse-window.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';

type Input = Pick<SettingsInput, 'auto_update' | 'policy' | 'windows' | 'holds'>;

export interface CompletedPolicy { readonly policy: PolicySettings; readonly windows: WindowSettings; readonly holds: HoldSettings }

const TYPES: readonly UpdateType[] = ['patch', 'minor', 'major', 'security', 'hotfix'];

export function completePolicy(input: Input, runtimeDir: string, besideFile: (path: string) => string, findings: Finding[]): CompletedPolicy {
  const windows = completeWindows(input, findings);
  const { policy, holds } = input;
  const types = Object.fromEntries(TYPES.map((type) => [type, wordOf(type, input, windows)])) as Record<UpdateType, PolicyWord>;
  for (const type of TYPES) {
    if (policy[type] !== 'window' || input.windows.when.length > 0) continue;
    findings.push(wrong(['policy', type], `policy.${type} is window, but windows.when names none: it would never come`, 'Add one, like windows: {when: ["Sat,Sun 02:00-05:00"]}, or write auto.'));
  }
  for (const key of ['range', 'pin'] as const) {
    const value = policy[key];
    if (value !== undefined && validRange(value) === null) findings.push(wrong(['policy', key], `policy.${key} is no ${key === 'pin' ? 'version' : 'semver range'}`, key === 'pin' ? 'Write it like pin: "1.4.2".' : 'Write it like range: "~1.4" or ">=1.4 <2".'));
  }
  return {
    policy: { types, hardware: policy.hardware, minimumAge: policy.minimum_age, range: policy.range ?? null, pin: policy.pin ?? null },
    windows,
    holds: { limit: holds.limit, lockFile: holds.lock_file === undefined ? join(runtimeDir, 'hold') : besideFile(holds.lock_file), gate: holds.gate ?? null, gateTimeout: holds.gate_timeout },
  };
}

/** Where there are windows, a type nobody spoke of keeps to them; auto_update: false asks a person for everything. */
function wordOf(type: UpdateType, { auto_update: autoUpdate, policy }: Input, windows: WindowSettings): PolicyWord {
  const said = policy[type];
  if (said === 'never') return said;
  if (!autoUpdate) return 'approve';
  return said ?? (windows.when.length > 0 ? 'window' : 'auto');
}

function completeWindows({ policy, windows }: Input, findings: Finding[]): WindowSettings {
  const when: WindowRule[] = [];
  windows.when.forEach((written, index) => {
    const parsed = parseWindow(written);
    if ('rule' in parsed) when.push(parsed.rule);
    else findings.push(wrong(['windows', 'when', index], `windows.when[${index}] ${parsed.problem}`, parsed.hint));
  });
  if (windows.time_zone !== undefined && !isTimeZone(windows.time_zone)) {
    const near = suggest(windows.time_zone, Intl.supportedValuesOf('timeZone'));
    findings.push(wrong(['windows', 'time_zone'], `windows.time_zone: nobody knows the time zone "${windows.time_zone}"${near === undefined ? '' : `, did you mean "${near}"?`}`, near === undefined ? 'Write a name like Europe/Berlin; timedatectl list-timezones shows them.' : `Write ${near} instead.`));
  }
  return {
    when, timeZone: windows.time_zone ?? null, margin: windows.margin,
    // Who writes `security: window` means it.
    pass: windows.pass ?? (['security', 'hotfix'] as const).filter((type) => policy[type] !== 'window'),
  };
}

function isTimeZone(name: string): boolean {
  try { return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''; } catch { return false; }
}

const wrong = (path: KeyPath, message: string, hint: string): Finding => ({ path, at: 'value', message, hint });
