// Puts a device right after a crash: reads the journals of one state directory and finishes or undoes what was open, with
// plain file operations only. Never starts a service, never guesses: a damaged journal stops it before it touches anything.
import { join } from 'node:path';
import { finishTransaction, type FinishOptions, type RescuedTransaction } from './finish-transaction.js';
import { answerTo } from './judge-journal.js';
import { takeLock, type TakeLock } from './lock.js';
import { nodeRescueCalls, readBootId, type RescueCalls } from './rescue-calls.js';
import { DamagedJournal, openJournals, type RescueJournal } from './rescue-journal.js';
import { tryAgain } from './try-again.js';

export interface RecoverOptions {
  readonly stateDir: string;
  readonly fs?: RescueCalls;
  /** `held`: the caller has the lock already. */
  readonly lock?: 'held' | TakeLock;
  /**
   * What a probation found open means. `note` (default; the unit at boot): count a restart, somebody else will go on.
   * `take`: the caller goes on with it itself, at once. `leave`: only look (a status command).
   */
  readonly probation?: 'note' | 'take' | 'leave';
  /** A person asks for another try at a transaction that ended broken. */
  readonly again?: boolean;
  readonly now?: () => Date;
  readonly bootId?: string;
}

export interface RecoverResult {
  /** `resume`: a probation is to go on. */
  readonly outcome: 'nothing' | 'repaired' | 'resume' | 'broken' | 'busy';
  readonly stateDir: string;
  /** What was done: at most one is ever open. */
  readonly transactions: readonly RescuedTransaction[];
  /** For `broken` and `busy`: what happened, what it means, what to do. */
  readonly alarm: { readonly code: 'journal-damaged' | 'recovery-failed' | 'broken' | 'busy'; readonly message: string; readonly hint: string } | null;
}

export function recover(options: RecoverOptions): RecoverResult {
  try {
    return tryAgain(() => recoverOnce(options), (thrown) => thrown instanceof DamagedJournal);
  } catch (thrown) {
    return alarmFor(thrown, options.stateDir);
  }
}

function recoverOnce(options: RecoverOptions): RecoverResult {
  const { stateDir, fs: calls = nodeRescueCalls } = options;
  const directory = join(stateDir, 'journal');
  const found = openJournals(calls, directory);
  if (!needsWork(found, options)) return quiet(found, stateDir);
  const lock = options.lock === 'held' ? { release: () => undefined } : (options.lock ?? takeLock)(stateDir);
  if (lock === undefined) return busy(stateDir);
  try {
    return putRight(calls, openJournals(calls, directory), options);
  } finally {
    lock.release();
  }
}

const isOpen = ({ judgement }: RescueJournal): boolean => judgement.end === null;
const isBroken = ({ judgement }: RescueJournal): boolean => judgement.end?.outcome === 'broken';
const retried = (journals: readonly RescueJournal[], options: RecoverOptions): RescueJournal[] =>
  journals.filter((journal, index) => isOpen(journal) || (options.again === true && index === journals.length - 1 && isBroken(journal)));

/** Without work no lock is taken: a status command beside a running update only looks. */
function needsWork(journals: readonly RescueJournal[], options: RecoverOptions): boolean {
  return retried(journals, options).some(({ judgement }) => options.probation !== 'leave' || answerTo(judgement) !== 'resume');
}

function putRight(calls: RescueCalls, journals: readonly RescueJournal[], options: RecoverOptions): RecoverResult {
  const how: FinishOptions = { probation: options.probation ?? 'note', now: options.now ?? (() => new Date()), bootId: options.bootId ?? readBootId() };
  const done = retried(journals, options).map((journal) => finishTransaction(calls, journal, how));
  const did = (what: RescuedTransaction['did']): RescuedTransaction | undefined => done.find((transaction) => transaction.did === what);
  const broken = did('broken');
  if (broken !== undefined) {
    const alarm = { code: 'recovery-failed', message: broken.message, hint: 'Look at the disk (dmesg, df), then run `holdline recover --again`.' } as const;
    return { outcome: 'broken', stateDir: options.stateDir, transactions: done, alarm };
  }
  return { outcome: did('resume') === undefined ? 'repaired' : 'resume', stateDir: options.stateDir, transactions: done, alarm: null };
}

/** Nothing to do; but a newest transaction that ended broken still waits for a person. */
function quiet(journals: readonly RescueJournal[], stateDir: string): RecoverResult {
  const newest = journals.at(-1);
  if (newest !== undefined && isOpen(newest)) return { outcome: 'resume', stateDir, transactions: [], alarm: null };
  if (newest === undefined || !isBroken(newest)) return { outcome: 'nothing', stateDir, transactions: [], alarm: null };
  const { begin, end } = newest.judgement;
  return {
    outcome: 'broken', stateDir, transactions: [],
    alarm: {
      code: 'broken',
      message: `cannot vouch for ${begin.app}: transaction ${begin.transaction} to ${begin.plan.to.version} could not be undone (${end?.reason ?? 'no reason noted'})`,
      hint: 'Look at the disk (dmesg, df), then run `holdline recover --again`.',
    },
  };
}

function busy(stateDir: string): RecoverResult {
  return {
    outcome: 'busy', stateDir, transactions: [],
    alarm: { code: 'busy', message: `cannot recover ${stateDir}: another holdline works there; it looks after its own transaction`, hint: 'Wait for it, or see `holdline --status`.' },
  };
}

/** For what could not even be looked at. */
export function alarmFor(thrown: unknown, stateDir: string): RecoverResult {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof DamagedJournal) {
    return {
      outcome: 'broken', stateDir, transactions: [],
      alarm: {
        code: 'journal-damaged',
        message: `cannot read the journal ${why}; nothing was touched, and no update runs until a person has looked`,
        hint: 'Check the disk (dmesg). Compare `.holdline/current` in the app\'s folder with what should run, then move the damaged file away.',
      },
    };
  }
  return {
    outcome: 'broken', stateDir, transactions: [],
    alarm: { code: 'recovery-failed', message: `cannot recover ${stateDir}: ${why}`, hint: 'Check permissions and the disk (dmesg, df), then run `holdline recover` again.' },
  };
}
