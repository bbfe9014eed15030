// Who holds updates back right now: hold files, the lock file, the gate hook. Changes nothing.
import { errnoOf, toHoldlineError } from '../domain/errors.js';
import type { HoldMoment, StandingHold } from '../domain/holds.js';
import type { Filesystem } from '../domain/ports.js';
import { parseLockFile, toStanding } from '../decide/judge-holds.js';
import { readHolds, standingFiles } from './hold-files.js';
import type { EngineParts, HeldUpdate, HoldWorld } from './parts.js';

type Places = Pick<EngineParts, 'fs' | 'layout' | 'clock' | 'settings' | 'holdWorld'>;

const MAX_LOCK_FILE_BYTES = 4096;
/** "Not now", as everywhere here. */
const NOT_NOW = 75;

export const momentOf = ({ clock, holdWorld }: Pick<EngineParts, 'clock' | 'holdWorld'>): HoldMoment => ({
  now: clock.now(), uptime: holdWorld.uptime(), bootId: holdWorld.bootId, isAlive: (process) => holdWorld.startTimeOf(process.pid) === process.start_time,
});

/** Without the gate: what can be told at once. Never throws: what cannot be looked at holds. */
export function readStandingHolds(places: Places): readonly StandingHold[] {
  const moment = momentOf(places);
  let files: readonly StandingHold[];
  try { files = standingFiles(readHolds(places), moment).map(({ hold }) => toStanding(hold, moment)); } catch (thrown) {
    files = [{ kind: 'hold', id: null, owner: 'unknown', reason: toHoldlineError(thrown).message, since: null, until: null }];
  }
  return [...files, ...readLockFile(places.fs, places.settings.holds.lockFile, places.holdWorld)];
}

/** The gate is asked last, and only where nobody else holds: its answer would change nothing. */
export async function lookAtHolds(places: Places, update: HeldUpdate, signal: AbortSignal): Promise<readonly StandingHold[]> {
  const standing = readStandingHolds(places);
  const { gate } = places.settings.holds;
  if (standing.length > 0 || gate === null) return standing;
  const said = await askGate(places, gate, update, signal);
  // It may have taken its time: who has begun to hold meanwhile was promised to be heard.
  return said.length > 0 ? said : readStandingHolds(places);
}

function readLockFile(fs: Filesystem, path: string, world: HoldWorld): readonly StandingHold[] {
  const held = (owner: string, reason: string | null): readonly StandingHold[] => [{ kind: 'lock-file', id: null, owner, reason, since: null, until: null }];
  try {
    if (fs.stat(path) === undefined) return [];
    const said = parseLockFile(fs.readText(path, MAX_LOCK_FILE_BYTES));
    const started = said === undefined ? undefined : world.startTimeOf(said.pid);
    if (said !== undefined && started !== undefined && (said.startTime === null || said.startTime === started)) return held(`process ${said.pid} (${path})`, said.reason);
    return world.isLocked(path) ? held(`a lock on ${path}`, said?.reason ?? null) : [];
  } catch (thrown) {
    return errnoOf(thrown) === 'ENOENT' ? [] : held(`the lock file ${path}`, `it cannot be read: ${toHoldlineError(thrown).message}`);
  }
}

async function askGate({ settings, holdWorld }: Places, gate: readonly string[], update: HeldUpdate, signal: AbortSignal): Promise<readonly StandingHold[]> {
  const held = (reason: string | null): readonly StandingHold[] => [{ kind: 'gate', id: null, owner: gate[0] ?? '', reason, since: null, until: null }];
  try {
    const { code, stdout, stderr, timedOut } = await holdWorld.runGate(gate, { cwd: settings.installDir, timeoutMs: settings.holds.gateTimeout * 1000, update }, signal);
    if (code === 0 && !timedOut) return [];
    const said = (stdout.trim().split('\n').at(-1) ?? '') || (stderr.trim().split('\n').at(-1) ?? '');
    if (code === NOT_NOW && !timedOut) return held(said === '' ? null : said);
    // Who cannot answer has not said yes.
    const how = timedOut ? `it gave no answer in ${settings.holds.gateTimeout} s` : `it ended with ${code === null ? 'a signal' : `exit code ${code}`} instead of 0 or ${NOT_NOW}`;
    return held(said === '' ? how : `${how}: ${said}`);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return held(toHoldlineError(thrown).message);
  }
}
