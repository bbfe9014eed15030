// `holdline hold`, `holds` and `release-hold`: files below the state directory. Needs no daemon, waits for no lock.
import { randomBytes } from 'node:crypto';
import { HoldlineError } from '../../domain/errors.js';
import type { Hold, HoldMoment, HoldRequest, HoldsReport, ReleaseHoldRequest, StandingHold } from '../../domain/holds.js';
import { controlSocket, journalDir, lockFile, type Layout } from '../../domain/layout.js';
import type { Logger } from '../../domain/ports.js';
import type { Settings } from '../../domain/settings.js';
import type { JournalledState } from '../../domain/state.js';
import { toStanding } from '../../decide/judge-holds.js';
import { createAudit } from '../../engine/audit-log.js';
import { readDeviceState } from '../../engine/device-state.js';
import { endHold, readHolds, standingFiles, writeHold, type HoldFile } from '../../engine/hold-files.js';
import { listJournals } from '../../engine/journal.js';
import { momentOf } from '../../engine/look-at-holds.js';
import { noteHolds } from '../../engine/note-holds.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createLocks } from '../../platform/locks.js';
import { createHoldWorld } from '../hold-world.js';
import { askDaemon } from './ask-daemon.js';
import { layoutsOf } from '../layout-of.js';
import { describeUser } from './describe-user.js';
import { reportHolds, type Places } from './report-holds.js';

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Right before the switch holds are looked at a last time; what comes later must see whether the switch has begun. */
const DECIDING_MS = 10_000;
const LOOK_AGAIN_MS = 20;
/** From here on an update goes through to its end, whoever holds. */
const UNDER_WAY: ReadonlySet<JournalledState> = new Set<JournalledState>(['switching', 'probing', 'reverting']);

const placesOf = (settings: Settings, layout: Layout): Places => ({ settings, layout, fs: createFilesystem() });
const world = createHoldWorld();
const moment = (): HoldMoment => momentOf({ clock: systemClock, holdWorld: world });

/** @throws HoldlineError `usage`, and `busy` while an update is being switched or watched: then nothing is held */
export async function holdUpdates(settings: Settings, layout: Layout, request: HoldRequest): Promise<StandingHold> {
  const places = placesOf(settings, layout);
  const now = moment();
  const others = standingFiles(readHolds(places), now);
  const mine = others.filter(({ hold }) => hold.id === request.id);
  const stranger = mine.find(({ hold }) => hold.owner !== request.owner);
  if (stranger !== undefined) throw new HoldlineError('usage', `cannot hold as ${request.id ?? ''}: ${stranger.hold.owner} has that id`, { hint: 'Choose another --id, or none.' });
  const taken = writeHold(places, newHold(request, now), randomBytes(4).toString('hex'));
  const state = await untilDecided(places);
  if (state !== null && UNDER_WAY.has(state)) {
    endHold(places, taken, endedBy(false, 'an update was under way'));
    tell(places);
    throw new HoldlineError('busy', `cannot hold updates back: one is under way (${state})`, { hint: 'Wait for its end (holdline --status shows it) and hold again.' });
  }
  // A renewed lease takes the place of the one before it; between them both stand.
  for (const old of mine) endHold(places, old, endedBy(false, 'renewed'));
  tell(places);
  return toStanding(taken.hold, moment());
}

function newHold(request: HoldRequest, { now, uptime, bootId }: HoldMoment): Hold {
  const { seconds, pid } = request;
  if (seconds === null && pid === null) throw new HoldlineError('usage', 'cannot hold updates back for ever: neither --for nor --pid is given', { hint: 'For example: holdline hold --owner measurement --for 2h; or --pid $$ in a script, to hold as long as it runs.' });
  const startTime = pid === null ? undefined : world.startTimeOf(pid);
  if (pid !== null && startTime === undefined) throw new HoldlineError('usage', `cannot hold updates back for process ${pid}: there is no such process`, { hint: 'In a script: --pid $$.' });
  return {
    format: 1, id: request.id ?? randomBytes(3).toString('hex'), owner: request.owner, reason: request.reason, by: describeUser(), taken_at: now.toISOString(),
    until: seconds === null ? null : new Date(now.getTime() + seconds * 1000).toISOString(), until_uptime_s: seconds === null ? null : uptime + seconds, boot_id: bootId,
    process: pid === null || startTime === undefined ? null : { pid, start_time: startTime }, ended: null,
  };
}

const endedBy = (forced: boolean, reason: string | null): NonNullable<Hold['ended']> => ({ by: describeUser(), forced, reason, at: systemClock.now().toISOString() });

/** The newest transaction's state when it is open; waits while it stands right before its last look at the holds. */
async function untilDecided({ fs, settings }: Places): Promise<JournalledState | null> {
  const states = (): readonly JournalledState[] => layoutsOf(settings).flatMap((one) => listJournals(fs, journalDir(one)).filter(({ summary }) => summary.end === null).map(({ summary }) => summary.state));
  const until = performance.now() + DECIDING_MS;
  let open = states();
  while (open.includes('ready') && performance.now() < until) {
    await systemClock.sleep(LOOK_AGAIN_MS);
    open = states();
  }
  return open.find((state) => UNDER_WAY.has(state)) ?? open[0] ?? null;
}

/** Ends what fits; the daemon then looks again at once. */
export async function releaseHold(settings: Settings, layout: Layout, request: ReleaseHoldRequest): Promise<{ readonly released: readonly StandingHold[] }> {
  const places = placesOf(settings, layout);
  const now = moment();
  const fitting = standingFiles(readHolds(places), now).filter(({ hold }) => (request.id === null || hold.id === request.id) && (request.owner === null || hold.owner === request.owner || request.id !== null));
  const foreign = request.force ? undefined : fitting.find((file) => !isOwn(file, request));
  if (foreign !== undefined) {
    const { id, owner, by } = foreign.hold;
    throw new HoldlineError('usage', `cannot release the hold ${id}: it is ${owner}'s, taken by ${by}`, { hint: `If it must be: holdline release-hold ${id} --force --reason "…"; that is written into the audit log.` });
  }
  for (const file of fitting) endHold(places, file, endedBy(request.force && !isOwn(file, request), request.reason));
  tell(places);
  if (fitting.length > 0) await askDaemon(controlSocket(layout), 'wake', {}, () => undefined).catch(() => undefined);
  return { released: fitting.map(({ hold }) => toStanding(hold, now)) };
}

const isOwn = ({ hold }: HoldFile, { owner }: ReleaseHoldRequest): boolean => (owner === null ? hold.by === describeUser() : hold.owner === owner);

export function listHolds(settings: Settings, layout: Layout): HoldsReport {
  const places = placesOf(settings, layout);
  return reportHolds(places, layoutsOf(settings).map((one) => readDeviceState(places.fs, one)));
}

/** Into the audit log, where nobody else is at work; else whoever is does it at the next job. */
function tell({ fs, layout }: Places): void {
  try {
    const lock = createLocks().tryLock(lockFile(layout));
    if (lock === undefined) return;
    try {
      const audit = createAudit({ fs, layout, clock: systemClock, log: SILENT, actor: describeUser(), anchor: () => readDeviceState(fs, layout).audit });
      noteHolds({ fs, layout, clock: systemClock, holdWorld: world, audit, log: SILENT });
    } finally { lock.release(); }
  } catch { /* not our place to write there: the next job tells it */ }
}
