// One open transaction: finish it, undo it, or let its probation go on. Every change of a file is one of the plan's own
// plain operations; every answer follows RESCUE_TABLE.
import { join } from 'node:path';
import type { BeginRecord, EndRecord, JournalRecord } from '../domain/journal.js';
import type { RescueOperation, StepName, VersionReference } from '../domain/plan.js';
import { answerTo, countsAsRestart, type Judgement } from './judge-journal.js';
import type { RescueCalls } from './rescue-calls.js';
import type { RescueJournal } from './rescue-journal.js';
import { applyOperation, isDirectory, look } from './rescue-operations.js';
import { tryAgain } from './try-again.js';

export interface FinishOptions {
  readonly probation: 'note' | 'take' | 'leave';
  readonly now: () => Date;
  readonly bootId: string;
}

export interface RescuedTransaction {
  readonly transaction: string;
  readonly app: string;
  readonly did: 'committed' | 'discarded' | 'reverted' | 'resume' | 'broken';
  readonly from: string | null;
  readonly to: string;
  /** Restarted at the next start of daemon or CLI (`settle`). */
  readonly services: readonly string[];
  /** One sentence for the log. */
  readonly message: string;
}

interface Why { readonly code: string; readonly reason: string }

export function finishTransaction(calls: RescueCalls, journal: RescueJournal, options: FinishOptions): RescuedTransaction {
  const { judgement } = journal;
  if (judgement.end !== null) return undo(calls, journal, options, { code: judgement.end.code ?? 'broken', reason: judgement.end.reason ?? 'another try at undoing' });
  switch (answerTo(judgement)) {
    case 'resume': return resume(calls, journal, options);
    case 'revert': return undo(calls, journal, options, { code: 'interrupted', reason: `a crash or power cut interrupted the ${judgement.begin.plan.kind} while ${judgement.state}` });
    case 'finish':
      if (judgement.state === 'committed') return close(journal, options, 'committed', null, [], programsOf(judgement, TOLD_OF_COMMIT));
      return undo(calls, journal, options, { code: judgement.code ?? 'interrupted', reason: judgement.reason ?? 'a crash or power cut interrupted the revert' });
    case 'nothing': // its end record did not reach the disk
      return close(journal, options, judgement.state as EndRecord['outcome'], { code: judgement.code ?? 'interrupted', reason: judgement.reason ?? 'interrupted at its end' }, []);
  }
}

function resume(calls: RescueCalls, journal: RescueJournal, options: FinishOptions): RescuedTransaction {
  const { judgement } = journal;
  const { plan } = judgement.begin;
  const wrong = whyNotRunning(calls, judgement);
  if (wrong !== undefined) return undo(calls, journal, options, { code: 'step-failed', reason: wrong });
  const counts = countsAsRestart(judgement, options.bootId);
  if (options.probation !== 'leave' && counts && judgement.restarts + 1 > plan.probation.max_restarts) {
    const reason = `the device or holdline restarted more than ${plan.probation.max_restarts} times while ${describeMoves(judgement.begin, 'to')} was on probation`;
    return undo(calls, journal, options, { code: 'health-failed', reason });
  }
  const by = options.probation === 'take' ? 'engine' : 'recovery';
  const noted = options.probation === 'leave' || (by === 'recovery' && judgement.openBoot === options.bootId);
  if (!noted) journal.append({ type: 'resumed', boot_id: options.bootId, by, at: stamp(options) });
  return told(judgement, 'resume', [], `the probation of ${describeMoves(judgement.begin, 'to')} goes on (restart ${judgement.restarts + (counts ? 1 : 0)} of ${plan.probation.max_restarts})`);
}

/** Is each tree on probation the one that `current` selects, and is it there? */
function whyNotRunning(calls: RescueCalls, { begin }: Judgement): string | undefined {
  return movesOf(begin).map(({ install_dir: folder, to }) => whyNotSelected(calls, folder, to.directory)).find((why) => why !== undefined);
}

/** What changes versions in it: one device, or each of several that move together. */
const movesOf = (begin: BeginRecord): readonly { readonly component?: string; readonly install_dir: string; readonly from: VersionReference | null; readonly to: VersionReference }[] =>
  begin.members ?? [{ install_dir: begin.install_dir, from: begin.plan.from, to: begin.plan.to }];

/** `1.2.0`; of several, `app 1.2.0 and database 2.1.0`. */
const describeMoves = (begin: BeginRecord, which: 'from' | 'to'): string =>
  movesOf(begin).map((move) => `${move.component === undefined ? '' : `${move.component} `}${move[which]?.version ?? 'nothing'}`).join(' and ');

function whyNotSelected(calls: RescueCalls, folder: string, directory: string): string | undefined {
  const house = join(folder, '.holdline');
  const link = join(house, 'current');
  const target = join('versions', directory);
  const tree = look(calls, join(house, target));
  if (tree === undefined || !isDirectory(tree)) return `the version directory ${directory} is gone`;
  try {
    const selected = calls.readlink(link);
    return selected === target ? undefined : `${link} selects ${selected} and not ${target}`;
  } catch {
    return `${link} is no link`;
  }
}

/** In reverse, the interrupted step included; stops at the first operation that fails. */
function undo(calls: RescueCalls, journal: RescueJournal, options: FinishOptions, why: Why): RescuedTransaction {
  const { judgement } = journal;
  const { steps, services } = judgement.begin.plan;
  const switched = !['staging', 'preparing', 'ready'].includes(judgement.state);
  attempt(() => journal.releaseReserve());
  if (switched && (judgement.state !== 'reverting' || judgement.end !== null)) {
    const record: JournalRecord = { type: 'state', state: 'reverting', code: why.code, reason: why.reason, at: stamp(options) };
    const refused = attempt(() => journal.append(record));
    // While switching a crash is answered by undoing anyway; in probation it would be resumed on a half-undone device.
    if (refused !== undefined && judgement.state !== 'switching') return told(judgement, 'broken', [], `cannot write the journal ${journal.path}: ${refused}; nothing was changed`);
  }
  for (let index = judgement.started - 1; index >= 0; index -= 1) {
    const step = steps[index];
    if (step === undefined || judgement.undone.has(index)) continue;
    const failed = undoStep(calls, step.undo);
    if (failed !== undefined) {
      const reason = `${why.reason}; then "${step.summary}" could not be undone: ${failed}`;
      return close(journal, options, 'broken', { code: why.code, reason }, []);
    }
    attempt(() => journal.append({ type: 'undone', step: index, at: stamp(options) }));
  }
  return close(journal, options, switched ? 'reverted' : 'discarded', why, switched ? services : [], programsOf(judgement, OWED_AFTER_UNDO));
}

/** Each operation is idempotent. */
const undoStep = (calls: RescueCalls, operations: readonly RescueOperation[]): string | undefined =>
  attempt(() => tryAgain(() => { for (const operation of operations) applyOperation(calls, operation); }));

/** Modules that may have begun to apply, whose program's folder stays until they have undone it, and hooks that are told how it ended. */
const OWED_AFTER_UNDO: readonly StepName[] = ['apply-module', 'call-after-revert'];
const TOLD_OF_COMMIT: readonly StepName[] = ['call-after-commit'];

/** Only the next start can call them. */
const programsOf = ({ begin, started }: Judgement, names: readonly StepName[]): number[] =>
  begin.plan.steps.flatMap(({ name }, index) => (names.includes(name) && index < started ? [index] : []));

function close(
  journal: RescueJournal, options: FinishOptions, outcome: EndRecord['outcome'], why: Why | null, services: readonly string[], programs: readonly number[] = [],
): RescuedTransaction {
  const { judgement } = journal;
  attempt(() => journal.releaseReserve());
  const end: EndRecord = { type: 'end', outcome, reason: why?.reason ?? null, code: why?.code ?? null, by: 'recovery', services, ...(programs.length === 0 ? {} : { programs }), at: stamp(options) };
  const refused = attempt(() => journal.append(end));
  const note = refused === undefined ? '' : `; the journal could not be closed (${refused}), the next start does it`;
  return told(judgement, outcome, services, sentence(judgement, outcome, why) + note);
}

function sentence({ begin }: Judgement, outcome: EndRecord['outcome'], why: Why | null): string {
  const { kind, from } = begin.plan;
  const to = describeMoves(begin, 'to');
  const back = from === null ? 'the folder is as it was' : `${describeMoves(begin, 'from')} is in place`;
  switch (outcome) {
    case 'committed': return `the ${kind} to ${to} was complete; closed its journal`;
    case 'discarded': return `the ${kind} to ${to} was cleared away before the switch: ${why?.reason ?? ''}`;
    case 'reverted': return `the ${kind} to ${to} was undone, ${back}: ${why?.reason ?? ''}`;
    case 'broken': return `cannot undo the ${kind} to ${to}: ${why?.reason ?? ''}`;
  }
}

function told({ begin }: Judgement, did: RescuedTransaction['did'], services: readonly string[], message: string): RescuedTransaction {
  return { transaction: begin.transaction, app: begin.app, did, from: begin.plan.from?.version ?? null, to: begin.plan.to.version, services, message };
}

/** @returns what went wrong, for things that may fail without changing what comes next */
function attempt(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const stamp = (options: FinishOptions): string => options.now().toISOString();
