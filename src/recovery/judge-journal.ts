// What a journal's records mean for the rescue path: where the transaction stood and what is to be done. Pure.
import type { BeginRecord, CrashAnswer, EndRecord, JournalRecord } from '../domain/journal.js';
import type { JournalledState } from '../domain/state.js';
import { JournalDamage } from './read-journal.js';

/** As engine/crash-table; a test compares the two. */
export const RESCUE_TABLE = {
  staging: 'revert', preparing: 'revert', ready: 'revert', switching: 'revert', probing: 'resume', reverting: 'finish', committed: 'finish',
  discarded: 'nothing', reverted: 'nothing', broken: 'nothing',
} as const satisfies Record<JournalledState, CrashAnswer>;

export interface Judgement {
  readonly begin: BeginRecord;
  state: JournalledState;
  reason: string | null;
  code: string | null;
  started: number;
  done: number;
  readonly undone: Set<number>;
  restarts: number;
  paused: boolean;
  openBoot: string | null;
  end: EndRecord | null;
  settled: boolean;
}

/** Undefined where nothing was ever begun. */
export function judgeJournal(records: readonly JournalRecord[]): Judgement | undefined {
  const begin = records[0];
  if (begin === undefined) return undefined;
  if (begin.type !== 'begin') throw new JournalDamage(1, 'it does not begin with `begin`');
  const judgement: Judgement = {
    begin, state: 'staging', reason: null, code: null, started: 0, done: 0, undone: new Set(), restarts: 0, paused: false, openBoot: null, end: null, settled: false,
  };
  for (let index = 1; index < records.length; index += 1) {
    const record = records[index];
    if (record !== undefined && !follow(judgement, record)) throw new JournalDamage(index + 1, `\`${record.type}\` cannot stand here`);
  }
  return judgement;
}

export const answerTo = (judgement: Judgement): CrashAnswer => (judgement.end === null ? RESCUE_TABLE[judgement.state] : 'nothing');

/** Would a restart now count against max_restarts? */
export const countsAsRestart = (judgement: Judgement, bootId: string): boolean => judgement.openBoot !== bootId && !judgement.paused;

/** @returns false when the record is impossible at this point */
function follow(at: Judgement, record: JournalRecord): boolean {
  if (at.end !== null) {
    if (record.type === 'settled') at.settled = true;
    else if (at.end.outcome === 'broken' && record.type === 'state' && record.state === 'reverting') Object.assign(at, { end: null, settled: false, state: 'reverting' });
    else return false;
    return true;
  }
  switch (record.type) {
    case 'begin': case 'settled': return false;
    case 'intent': {
      const possible = record.step === at.started && at.started === at.done && record.step < at.begin.plan.steps.length;
      at.started += 1;
      return possible;
    }
    case 'done': {
      const possible = record.step === at.done && at.started === at.done + 1;
      at.done += 1;
      return possible;
    }
    case 'undone': at.undone.add(record.step); return record.step < at.started;
    case 'state':
      at.state = record.state;
      at.reason = record.reason ?? at.reason;
      at.code = record.code ?? at.code;
      return true;
    case 'paused': at.paused = true; return true;
    case 'resumed': {
      if (countsAsRestart(at, record.boot_id)) at.restarts += 1;
      if (at.openBoot !== record.boot_id) at.paused = false;
      at.openBoot = record.by === 'recovery' ? record.boot_id : null;
      return true;
    }
    case 'end': at.end = record; at.state = record.outcome; return true;
  }
}
