// One job from beginning to end, under the lock where it changes anything: recover, settle, resume, then do what was asked.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import { lockFile } from '../domain/layout.js';
import type { Job } from '../domain/jobs.js';
import type { CheckResult, UpdateResult } from '../domain/results.js';
import { adoptDevice } from './adopt.js';
import { createBackup } from './create-backup.js';
import { changeDeviceState, readDeviceState } from './device-state.js';
import { findUpdate } from './find-update.js';
import type { EngineParts } from './parts.js';
import { rollBack } from './rollback.js';
import { resumeProbation, settleEnded } from './settle.js';
import { downloadUpdate, runUpdate } from './update.js';

export interface Updater { run(job: Job, signal: AbortSignal): Promise<unknown> }

export interface Unblocked { readonly unblocked: boolean; readonly blocked: readonly string[] }

export function createUpdater(parts: EngineParts): Updater {
  return {
    async run(job, signal) {
      switch (job.kind) {
        case 'check': return check(parts, signal);
        case 'cycle': return noting(parts, () => underLock(parts, signal, () => cycle(parts, signal)));
        case 'update': return noting(parts, () => underLock(parts, signal, (resumed) => resumedUpdate(resumed) ?? runUpdate(parts, job, signal)));
        case 'rollback': return noting(parts, () => underLock(parts, signal, () => rollBack(parts, job, signal)));
        case 'adopt': return noting(parts, () => underLock(parts, signal, () => adoptDevice(parts, job, signal)));
        case 'download': return noting(parts, () => underLock(parts, signal, () => downloadUpdate(parts, job.version, signal)));
        case 'backup': return underLock(parts, signal, async () => createBackup(parts));
        case 'unblock': return underLock(parts, signal, async () => unblock(parts, job.version));
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
  const found = await findUpdate(parts, parts.source, undefined, signal);
  remember(parts, found.result);
  if (found.candidate === null || found.result.outcome !== 'available' || !parts.settings.autoUpdate) return found.result;
  return runUpdate(parts, { version: undefined, from: undefined, dryRun: false }, signal, found);
}

/** Looks and remembers; the device's tree is not touched, so no lock is needed where it cannot be had. */
async function check(parts: EngineParts, signal: AbortSignal): Promise<CheckResult> {
  const found = await findUpdate(parts, parts.source, undefined, signal);
  parts.log.debug('checked', { outcome: found.result.outcome, latest: found.result.latest_version });
  try {
    const lock = takeLock(parts);
    try { remember(parts, found.result); } finally { lock.release(); }
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (error.code !== 'busy') parts.report({ type: 'note', level: 'warn', message: `the check is not remembered: ${error.message}` });
  }
  return found.result;
}

function remember(parts: EngineParts, result: CheckResult): void {
  const at = parts.clock.now().toISOString();
  changeDeviceState(parts.fs, parts.layout, (state) => ({
    ...state, last_check: at, waiting: result.waiting, latest_version: result.latest_version ?? state.latest_version,
    // A check that went through shows that what failed in reaching the source is over; an update's own failure stays.
    last_error: state.last_error?.code.startsWith('source-') === true ? null : state.last_error,
  }));
}

function takeLock(parts: EngineParts): { release(): void } {
  const { fs, layout, locks } = parts;
  try { fs.makeDirectory(layout.stateDir, 0o750); } catch (thrown) { throw explainFsError(thrown, `use the state directory ${layout.stateDir}`); }
  const path = lockFile(layout);
  const lock = locks.tryLock(path);
  if (lock !== undefined) return lock;
  const holder = locks.holder(path);
  throw new HoldlineError('busy', `cannot begin: another holdline is at work${holder === undefined ? '' : ` (${holder})`}`, { hint: 'Wait for its end; holdline --status shows how far it is.' });
}

async function underLock<Result>(parts: EngineParts, signal: AbortSignal, work: (resumed: UpdateResult | undefined) => Promise<Result>): Promise<Result> {
  const lock = takeLock(parts);
  try {
    const recovered = parts.recover();
    for (const action of recovered.actions) parts.log.warn(action);
    if (recovered.outcome === 'broken') {
      throw new HoldlineError('broken', `cannot go on: recovery could not put the device in order: ${recovered.actions.join('; ')}`, { hint: 'Run holdline recover and follow what it says; nothing is changed until then.' });
    }
    readDeviceState(parts.fs, parts.layout);
    await settleEnded(parts);
    return await work(await resumeProbation(parts, signal));
  } finally { lock.release(); }
}

/** What failed is seen in --status later; being busy or interrupted is no failure. */
async function noting<Result>(parts: EngineParts, work: () => Promise<Result>): Promise<Result> {
  try { return await work(); } catch (thrown) {
    const error = toHoldlineError(thrown);
    if (error.code !== 'busy' && error.code !== 'interrupted' && error.code !== 'recovery-failed') {
      const at = parts.clock.now().toISOString();
      try { changeDeviceState(parts.fs, parts.layout, (state) => ({ ...state, last_error: { code: error.code, message: error.message, at } })); } catch { /* the error itself is what matters */ }
    }
    throw error;
  }
}

function unblock(parts: EngineParts, version: string): Unblocked {
  let unblocked = false;
  const state = changeDeviceState(parts.fs, parts.layout, (before) => {
    unblocked = before.blocked.some((b) => b.version === version);
    const { [version]: _forgotten, ...interrupted } = before.interrupted;
    return { ...before, blocked: before.blocked.filter((b) => b.version !== version), interrupted };
  });
  return { unblocked, blocked: state.blocked.map((b) => b.version) };
}
