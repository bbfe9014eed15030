// What `systemctl show` prints, as data; and which names may stand on a systemctl command line. Pure.
import { HoldlineError } from '../domain/errors.js';

export const SHOWN_PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'MainPID', 'NRestarts', 'ActiveEnterTimestamp', 'Result', 'ExecMainCode', 'ExecMainStatus'] as const;

export interface UnitState {
  /** `loaded`, `not-found`, `masked`, `bad-setting`, … */
  readonly load: string;
  /** `active`, `activating`, `failed`, `inactive`, … */
  readonly active: string;
  readonly sub: string;
  readonly pid: number | null;
  readonly restarts: number;
  /** ISO 8601 UTC. */
  readonly since: string | null;
  /** `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`, … */
  readonly result: string;
  readonly exitStatus: number | null;
}

const UNIT_NAME = /^(?!-)[A-Za-z0-9:_.@\\-]{1,246}\.(?:service|target|socket|timer|path|mount)$/u;

/** Throws `settings-invalid`: the name goes to a program that runs with rights over all units. */
export function assertUnitName(unit: string): void {
  if (UNIT_NAME.test(unit) && !unit.includes('..')) return;
  throw new HoldlineError('settings-invalid', `cannot use ${JSON.stringify(unit)} as a unit: it is not a unit name`, { hint: 'Write it as `systemctl list-units` shows it, with its ending: monitoring.service' });
}

export function parseUnitState(text: string): UnitState {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  const number = (name: string): number | null => {
    const value = values.get(name);
    return value !== undefined && /^[0-9]+$/u.test(value) ? Number(value) : null;
  };
  const pid = number('MainPID');
  return {
    load: values.get('LoadState') ?? 'unknown', active: values.get('ActiveState') ?? 'unknown', sub: values.get('SubState') ?? 'unknown',
    pid: pid === 0 ? null : pid, restarts: number('NRestarts') ?? 0, since: parseUtcStamp(values.get('ActiveEnterTimestamp') ?? ''),
    result: values.get('Result') ?? 'unknown', exitStatus: number('ExecMainStatus'),
  };
}

/** `Sat 2026-11-21 09:30:00 UTC`, as systemctl prints it under TZ=UTC; null for `n/a` and nothing. */
function parseUtcStamp(text: string): string | null {
  const found = /^\w+ (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? UTC$/u.exec(text);
  if (found === null) return null;
  const time = new Date(`${found[1] ?? ''}T${found[2] ?? ''}Z`);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

export function describeUnitState(unit: string, state: UnitState): string {
  if (state.load === 'not-found') return `no unit ${unit} exists on this device`;
  if (state.load !== 'loaded') return `${unit} cannot be loaded (${state.load})`;
  const failure = state.result === 'success' ? '' : `, result ${state.result}${state.exitStatus === null ? '' : ` (status ${state.exitStatus})`}`;
  return `${unit} is ${state.active} (${state.sub})${failure}`;
}
