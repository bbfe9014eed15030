// The rescue path's own reader of a journal's lines: `sha256<TAB>json<LF>`. A bad last line is torn and dropped; any other
// bad line is damage. Shares no code with engine/: golden files and a property test hold the two readers together.
import { createHash } from 'node:crypto';
import type { BeginRecord, JournalRecord } from '../domain/journal.js';

/** A journal that must not be acted on. */
export class JournalDamage extends Error {
  override readonly name = 'JournalDamage';
  readonly line: number;
  constructor(line: number, why: string) {
    super(why);
    this.line = line;
  }
}

export interface JournalContent { readonly records: readonly JournalRecord[]; readonly goodBytes: number }

type Fields = Readonly<Record<string, unknown>>;

export function readJournal(content: Buffer): JournalContent {
  const records: JournalRecord[] = [];
  let offset = 0;
  for (;;) {
    const newline = content.indexOf('\n', offset);
    if (newline < 0) return { records, goodBytes: offset };
    const line = content.subarray(offset, newline);
    const number = records.length + 1;
    if (!matchesItsHash(line)) {
      if (newline + 1 === content.length) return { records, goodBytes: offset };
      throw new JournalDamage(number, 'the line does not match its checksum');
    }
    records.push(readRecord(line.subarray(65).toString('utf8'), number));
    offset = newline + 1;
  }
}

export function writeLine(record: JournalRecord): Buffer {
  const json = JSON.stringify(record);
  return Buffer.from(`${createHash('sha256').update(json, 'utf8').digest('hex')}\t${json}\n`);
}

function matchesItsHash(line: Buffer): boolean {
  if (line.length < 65 || line.toString('latin1', 64, 65) !== '\t') return false;
  return createHash('sha256').update(line.subarray(65)).digest('hex') === line.toString('latin1', 0, 64);
}

function readRecord(json: string, line: number): JournalRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new JournalDamage(line, 'it is not JSON');
  }
  if (!isObject(value) || !isKnown(value)) throw new JournalDamage(line, 'it is no record this version of holdline knows');
  return value as unknown as JournalRecord;
}

function isKnown(record: Fields): boolean {
  if (!isText(own(record, 'at'))) return false;
  switch (own(record, 'type')) {
    case 'begin': return isBegin(record);
    case 'intent': case 'done': case 'undone': return isCount(own(record, 'step'));
    case 'state': return isState(own(record, 'state')) && isOptionalText(own(record, 'reason')) && isOptionalText(own(record, 'code'));
    case 'resumed': return isText(own(record, 'boot_id')) && [undefined, 'engine', 'recovery'].includes(own(record, 'by') as undefined);
    case 'paused': case 'settled': return true;
    case 'end': return isEnd(record);
    default: return false;
  }
}

function isEnd(record: Fields): boolean {
  const [reason, code] = [own(record, 'reason'), own(record, 'code')];
  return isOneOf(own(record, 'outcome'), ['committed', 'discarded', 'reverted', 'broken']) && (reason === null || isText(reason)) &&
    (code === null || isText(code)) && isOneOf(own(record, 'by'), ['engine', 'recovery']) && isListOf(own(record, 'services'), isText) &&
    (own(record, 'programs') === undefined || isListOf(own(record, 'programs'), isCount));
}

function isBegin(record: Fields): boolean {
  return own(record, 'format') === 1 && isName(own(record, 'transaction')) && ['app', 'actor'].every((key) => isText(own(record, key))) &&
    isPlace(own(record, 'install_dir')) && isPlace(own(record, 'state_dir')) && isPlan(own(record, 'plan')) && isMembers(own(record, 'members')) && sparesTheDevice(record as unknown as BeginRecord);
}

/** Absent where there is one device. */
function isMembers(members: unknown): boolean {
  if (members === undefined) return true;
  return isListOf(members, (member) => {
    if (!isObject(member)) return false;
    const from = own(member, 'from');
    return isName(own(member, 'component')) && isPlace(own(member, 'install_dir')) && isPlace(own(member, 'state_dir')) && (from === null || isVersion(from)) && isVersion(own(member, 'to'));
  }) && (members as readonly unknown[]).length > 0;
}

function isPlan(plan: unknown): boolean {
  if (!isObject(plan)) return false;
  const from = own(plan, 'from');
  const probation = own(plan, 'probation');
  return isOneOf(own(plan, 'kind'), ['adopt', 'update', 'rollback']) && (from === null || isVersion(from)) && isVersion(own(plan, 'to')) &&
    isListOf(own(plan, 'steps'), isStep) && isListOf(own(plan, 'services'), isText) &&
    isObject(probation) && ['seconds', 'interval', 'failures', 'max_restarts'].every((key) => isAmount(own(probation, key)));
}

function isStep(step: unknown): boolean {
  return isObject(step) && isText(own(step, 'name')) && isText(own(step, 'summary')) && isObject(own(step, 'params')) &&
    isOneOf(own(step, 'state'), ['staging', 'preparing', 'ready', 'switching']) && isListOf(own(step, 'undo'), isOperation);
}

function isOperation(operation: unknown): boolean {
  if (!isObject(operation)) return false;
  const [path, from, to, target] = ['path', 'from', 'to', 'target'].map((key) => own(operation, key));
  switch (own(operation, 'op')) {
    case 'link': case 'unlink': return isPlace(path) && isText(target) && target !== '';
    case 'rename': return isPlace(from) && isPlace(to);
    case 'remove': return isPlace(path);
    case 'restore': case 'restore-adopted': return isPlace(path) && isPlace(from);
    default: return false;
  }
}

/** No operation may name an install or state directory or anything above them, whatever field the name stands in. */
function sparesTheDevice(begin: BeginRecord): boolean {
  const dirs = [begin, ...begin.members ?? []].flatMap((one) => [one.install_dir, one.state_dir]);
  const forbidden = (path: unknown): boolean => typeof path === 'string' && dirs.some((dir) => `${dir}/`.startsWith(`${path}/`));
  return begin.plan.steps.every((step) => step.undo.every((operation) => !['path', 'from', 'to'].some((key) => forbidden(own(operation as unknown as Fields, key)))));
}

const isVersion = (value: unknown): boolean => isObject(value) && isText(own(value, 'version')) && isName(own(value, 'directory'));
const isState = (value: unknown): boolean =>
  isOneOf(value, ['staging', 'preparing', 'ready', 'switching', 'probing', 'committed', 'discarded', 'reverting', 'reverted', 'broken']);
const own = (value: Fields, key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined);
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isOptionalText = (value: unknown): boolean => value === undefined || isText(value);
const isOneOf = (value: unknown, allowed: readonly string[]): boolean => isText(value) && allowed.includes(value);
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0;
const isListOf = (value: unknown, check: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every((item) => check(item));
const isName = (value: unknown): boolean => isText(value) && !['', '.', '..'].includes(value) && !value.includes('/');
/** An absolute path in its plainest form, below the root. */
const isPlace = (value: unknown): boolean => isText(value) && /^(\/[^/\0]+)+$/.test(value) && !value.split('/').some((part) => part === '.' || part === '..');
