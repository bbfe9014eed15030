// Is this JSON a journal record? The exact rule both readers share: recovery/ has its own words for it, golden files and
// a property test hold the two together. A value that fails here was written by another version, or by nobody of ours.
import { isAbsolute, normalize } from 'node:path';
import type { JournalRecord } from '../domain/journal.js';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === 'string';
const name: Check = (value) => typeof value === 'string' && value !== '' && !value.includes('/') && value !== '.' && value !== '..';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const amount: Check = (value) => typeof value === 'number' && value >= 0;
const object: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf = (...allowed: readonly unknown[]): Check => (value) => allowed.includes(value);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const shape = (fields: Shape): Check => (value) => {
  if (!object(value)) return false;
  const record = value as Readonly<Record<string, unknown>>;
  return Object.entries(fields).every(([key, check]) => check(Object.hasOwn(record, key) ? record[key] : undefined));
};
/** Absolute, without `.` or `..` or a slash too many, and not the root. */
const place: Check = (value) => typeof value === 'string' && isAbsolute(value) && normalize(value) === value && !value.endsWith('/') && !value.includes('\0');

const operation: Check = (value) => [
  shape({ op: oneOf('link', 'unlink'), path: place, target: (target) => text(target) && target !== '' }),
  shape({ op: oneOf('rename'), from: place, to: place }),
  shape({ op: oneOf('remove'), path: place }),
  shape({ op: oneOf('restore', 'restore-adopted'), path: place, from: place }),
].some((check) => check(value));

const version = shape({ version: text, directory: name });
const planStep = shape({ name: text, state: oneOf('staging', 'preparing', 'ready', 'switching'), summary: text, params: object, undo: listOf(operation) });
const plan = shape({
  kind: oneOf('adopt', 'update', 'rollback'), from: orNull(version), to: version, steps: listOf(planStep), services: listOf(text),
  probation: shape({ seconds: amount, interval: amount, failures: amount, max_restarts: amount }),
});
const state = oneOf('staging', 'preparing', 'ready', 'switching', 'probing', 'committed', 'discarded', 'reverting', 'reverted', 'broken');

const members = (value: unknown): boolean => listOf(shape({ component: name, install_dir: place, state_dir: place, from: orNull(version), to: version }))(value) && (value as readonly unknown[]).length > 0;

const RECORDS = {
  begin: shape({ format: oneOf(1), transaction: name, app: text, install_dir: place, state_dir: place, at: text, actor: text, plan, members: orAbsent(members) }),
  intent: shape({ step: count, at: text }),
  done: shape({ step: count, at: text }),
  undone: shape({ step: count, at: text }),
  state: shape({ state, reason: orAbsent(text), code: orAbsent(text), at: text }),
  resumed: shape({ boot_id: text, by: orAbsent(oneOf('engine', 'recovery')), at: text }),
  paused: shape({ at: text }),
  end: shape({
    outcome: oneOf('committed', 'discarded', 'reverted', 'broken'), reason: orNull(text), code: orNull(text),
    by: oneOf('engine', 'recovery'), services: listOf(text), programs: orAbsent(listOf(count)), at: text,
  }),
  settled: shape({ at: text }),
} as const satisfies Record<JournalRecord['type'], Check>;

export function isJournalRecord(value: unknown): value is JournalRecord {
  if (!object(value)) return false;
  const { type } = value as { readonly type?: unknown };
  return typeof type === 'string' && Object.hasOwn(RECORDS, type) && RECORDS[type as JournalRecord['type']](value) && keepsOff(value);
}

/** No undo may name an install or state directory, or what holds them: such a plan would delete the device. */
function keepsOff(value: unknown): boolean {
  const record = value as JournalRecord;
  if (record.type !== 'begin') return true;
  const dirs = [record, ...record.members ?? []].flatMap((one) => [one.install_dir, one.state_dir]);
  const holds = (path: string): boolean => dirs.some((dir) => dir === path || dir.startsWith(`${path}/`));
  return record.plan.steps.every((step) => step.undo.every((operation) => [
    'path' in operation ? operation.path : undefined, 'from' in operation ? operation.from : undefined, 'to' in operation ? operation.to : undefined,
  ].every((path) => typeof path !== 'string' || !holds(path))));
}
