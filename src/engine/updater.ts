// One job from beginning to end, under the lock where it changes anything: recover, settle, resume, then do what was asked.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import { lockFile } from '../domain/layout.js';
import type { Job } from '../domain/jobs.js';
import type { BackupSummary, CheckResult, UpdateResult } from '../domain/results.js';
import type { LastError } from '../domain/state.js';
import { adoptDevice } from './adopt.js';
import { approve } from './approve.js';
import { createBackup } from './create-backup.js';
import { changeDeviceState, readDeviceState } from './device-state.js';
import { explain } from './explain.js';
import { findUpdate } from './find-update.js';
import { leaveWithdrawn } from './leave-withdrawn.js';
import { listVersions } from './list-versions.js';
import type { EngineParts } from './parts.js';
import { noteSettings } from './note-settings.js';
import { noteHolds, watchHeld } from './note-holds.js';
import { rememberFound } from './remember-found.js';
import { rollBack } from './rollback.js';
import { resumeProbation, settleEnded } from './settle.js';
import { downloadUpdate, runUpdate } from './update.js';
import { watchFreshness } from './watch-freshness.js';

export interface Updater { run(job: Job, signal: AbortSignal): Promise<unknown> }

export interface Unblocked { readonly unblocked: boolean; readonly blocked: readonly string[] }

export function createUpdater(parts: EngineParts): Updater {
  return {
    async run(job, signal) {
      switch (job.kind) {
        case 'check': return check(parts, signal);
        case 'cycle': return noting(parts, () => underLock(parts, signal, () => watchedCycle(parts, signal)));
        case 'update': return noting(parts, () => underLock(parts, signal, (resumed) => resumedUpdate(resumed) ?? watched(parts, () => runUpdate(parts, job, signal))));
        case 'rollback': return noting(parts, () => underLock(parts, signal, () => rollBack(parts, job, signal)));
        case 'adopt': return noting(parts, () => underLock(parts, signal, () => adoptDevice(parts, job, signal)));
        case 'download': return noting(parts, () => underLock(parts, signal, () => downloadUpdate(parts, job.version, signal)));
        case 'backup': return underLock(parts, signal, async () => backUp(parts));
        case 'versions': return [{ component: null, versions: await listVersions(parts, signal) }];
        case 'unblock': return underLock(parts, signal, async () => unblock(parts, job.version), job.version);
        case 'approve': return underLock(parts, signal, async () => approve(parts, job));
        case 'explain': return explain(parts, job.version, signal);
        case 'settle': return underLock(parts, signal, async (resumed) => resumed ?? null);
      }
    },
  };
}

/** A person who asked for an update gets the verdict of the one that was still on probation when it ended badly. */
function resumedUpdate(resumed: UpdateResult | undefined): Promise<UpdateResult> | undefined {
  return resumed === undefined || resumed.outcome === 'updated' ? undefined : Promise.resolve(resumed);
}

async function cycle(parts: EngineParts, signal: AbortSignal): Promise<CheckResult | UpdateResult> {
  const found = await findUpdate(parts, parts.source, { who: 'daemon', named: undefined }, signal);
  rememberFound(parts, found, true);
  if (found.candidate === null) return found.withdrawn === null ? found.result : leaveWithdrawn(parts, found, found.withdrawn, signal);
  return runUpdate(parts, { version: undefined, from: undefined, dryRun: false }, signal, found);
}

export async function watchedCycle(parts: EngineParts, signal: AbortSignal): Promise<CheckResult | UpdateResult> {
  return watched(parts, () => cycle(parts, signal));
}

/** Afterwards says what a person should hear of: no news for too long, holds that stand for too long. */
export async function watched<Result>(parts: EngineParts, work: () => Promise<Result>): Promise<Result> {
  try { return await work(); } finally { watchFreshness(parts); watchHeld(parts); }
}

/** Looks and remembers; the device's tree is not touched, so no lock is needed where it cannot be had. */
export async function check(parts: EngineParts, signal: AbortSignal): Promise<CheckResult> {
  const found = await findUpdate(parts, parts.source, { who: 'daemon', named: undefined, looks: true }, signal).catch((thrown: unknown) => {
    whereLocked(parts, () => noteFailure(parts, toHoldlineError(thrown)));
    throw thrown;
  });
  parts.log.debug('checked', { outcome: found.result.outcome, latest: found.result.latest_version });
  whereLocked(parts, () => rememberFound(parts, found, true));
  return found.result;
}

export function whereLocked(parts: EngineParts, write: () => void): void {
  try {
    const lock = takeLock(parts);
    try { write(); } finally { anchorAudit(parts); lock.release(); }
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (error.code !== 'busy') parts.report({ type: 'note', level: 'warn', message: `the check is not remembered: ${error.message}` });
  }
}

export function takeLock(parts: EngineParts): { release(): void } {
  const { fs, layout, locks } = parts;
  try { fs.makeDirectory(layout.stateDir, 0o750); } catch (thrown) { throw explainFsError(thrown, `use the state directory ${layout.stateDir}`); }
  const path = lockFile(layout);
  const lock = locks.tryLock(path);
  if (lock !== undefined) return lock;
  const holder = locks.holder(path);
  throw new HoldlineError('busy', `cannot begin: another holdline is at work${holder === undefined ? '' : ` (${holder})`}`, { hint: 'Wait for its end; holdline --status shows how far it is.' });
}

async function underLock<Result>(parts: EngineParts, signal: AbortSignal, work: (resumed: UpdateResult | undefined) => Promise<Result>, givenUp?: string): Promise<Result> {
  const lock = takeLock(parts);
  try {
    const recovered = parts.recover();
    for (const action of recovered.actions) parts.log.warn(action);
    if (recovered.outcome === 'broken') {
      throw new HoldlineError('broken', `cannot go on: recovery could not put the device in order: ${recovered.actions.join('; ')}`, { hint: 'Run holdline recover and follow what it says; nothing is changed until then.' });
    }
    readDeviceState(parts.fs, parts.layout);
    noteSettings(parts);
    noteHolds(parts);
    await settleEnded(parts, { isGivenUp: ({ plan: { to } }) => to.version === givenUp });
    return await work(await resumeProbation(parts, signal));
  } catch (thrown) {
    noteFailure(parts, toHoldlineError(thrown));
    throw thrown;
  } finally {
    anchorAudit(parts);
    lock.release();
  }
}

/** Once: the same refusal at every check says nothing new, and must not push older lines out of the log. */
export function noteFailure({ audit, fs, layout }: EngineParts, error: HoldlineError): void {
  let before: LastError | null = null;
  try { before = readDeviceState(fs, layout).last_error; } catch { /* a state nobody can read is what the error is about */ }
  if (before?.code === error.code && before.message === error.message) return;
  audit.note({ event: error.response === 'refuse' ? 'refused' : 'failed', reason: error.message, facts: { code: error.code } });
}

/** Says in the state how far the log has come, so that a log cut off later is seen. */
export function anchorAudit({ audit, fs, layout, log }: EngineParts): void {
  const head = audit.head();
  if (head === undefined) return;
  try { changeDeviceState(fs, layout, (state) => ({ ...state, audit: head })); } catch (thrown) { log.debug('the end of the audit log is not remembered', { reason: String(thrown) }); }
}

/** What failed is seen in --status later; being busy or interrupted is no failure. */
export async function noting<Result>(parts: EngineParts, work: () => Promise<Result>): Promise<Result> {
  try { return await work(); } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (error.code !== 'busy' && error.code !== 'interrupted' && error.code !== 'recovery-failed') {
      const at = parts.clock.now().toISOString();
      try { changeDeviceState(parts.fs, parts.layout, (state) => ({ ...state, last_error: { code: error.code, message: error.message, at } })); } catch { /* the error itself is what matters */ }
    }
    throw error;
  }
}

export async function backUp(parts: EngineParts): Promise<BackupSummary> {
  const backup = await createBackup(parts);
  parts.audit.note({ event: 'backed-up', facts: { name: backup.name, version: backup.version } });
  return backup;
}

/** Also a release that changed under its tag: a person has looked at it. */
export function unblock(parts: EngineParts, version: string): Unblocked {
  let unblocked = false;
  const state = changeDeviceState(parts.fs, parts.layout, (before) => {
    const seen = Object.fromEntries(Object.entries(before.seen).filter(([, release]) => release.version !== version));
    unblocked = before.blocked.some((b) => b.version === version) || Object.keys(seen).length < Object.keys(before.seen).length;
    const { [version]: _forgotten, ...interrupted } = before.interrupted;
    return { ...before, blocked: before.blocked.filter((b) => b.version !== version), interrupted, seen };
  });
  if (unblocked) parts.audit.note({ event: 'unblocked', facts: { version } });
  return { unblocked, blocked: state.blocked.map((b) => b.version) };
}
