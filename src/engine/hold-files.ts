// Holds as files, one each, below the shared state directory: taken and ended without the daemon and without a lock, because a script
// must not wait. A file is written once and, when it ends, once more as a whole; only whoever has the lock takes it away.
import { join } from 'node:path';
import { errnoOf, HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Hold, HoldMoment } from '../domain/holds.js';
import { holdsDir, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import { endOfHold } from '../decide/judge-holds.js';

export interface HoldPlaces { readonly fs: Filesystem; readonly layout: Pick<Layout, 'sharedDir'> }

/** Whoever may ask the daemon may hold: owner and group of the state directory. New files keep the group. */
const DIRECTORY_MODE = 0o2770;
const FILE_MODE = 0o660;
const MAX_HOLD_BYTES = 16 * 1024;
/** Three centuries: what lies behind is a damaged file, and no date can show it. */
const MAX_UPTIME_S = 1e10;
/** More is a script in a loop. */
const MAX_HOLDS = 200;

export interface HoldFile { readonly file: string; readonly hold: Hold }

/** In the order in which they were taken. A file nobody can read holds: who wrote it meant something by it. */
export function readHolds({ fs, layout }: HoldPlaces): readonly HoldFile[] {
  let names: string[];
  try { names = fs.list(holdsDir(layout)); } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return [];
    throw explainFsError(thrown, 'see who holds updates back');
  }
  return names.filter((name) => name.endsWith('.json')).map((name) => readHold(fs, join(holdsDir(layout), name))).filter((file) => file !== undefined)
    .sort((a, b) => (a.hold.taken_at < b.hold.taken_at ? -1 : 1));
}

/** @param random makes the file's name unique: an old file can be taken away while a new one with the same id comes */
export function writeHold(places: HoldPlaces, hold: Hold, random: string): HoldFile {
  const { fs, layout } = places;
  const directory = holdsDir(layout);
  try {
    if (fs.stat(directory) === undefined) {
      fs.makeDirectory(directory);
      fs.chmod(directory, DIRECTORY_MODE);
    }
    if (fs.list(directory).length >= MAX_HOLDS) {
      throw new HoldlineError('busy', `cannot hold: there are ${MAX_HOLDS} holds already in ${directory}`, { hint: 'See holdline holds, and release what nobody needs.' });
    }
    const file = join(directory, `${hold.id}.${random}.json`);
    put(fs, file, hold);
    return { file, hold };
  } catch (thrown) {
    if (errnoOf(thrown) === 'EACCES' || errnoOf(thrown) === 'EPERM') {
      throw new HoldlineError('permission', `cannot hold updates back: only the user and the group of ${layout.sharedDir} may`, { hint: 'Run it with sudo, or add your user to that group.', cause: thrown });
    }
    throw explainFsError(thrown, `hold updates back in ${directory}`);
  }
}

export function endHold({ fs }: HoldPlaces, { file, hold }: HoldFile, ended: NonNullable<Hold['ended']>): void {
  try { put(fs, file, { ...hold, ended }); } catch (thrown) { throw explainFsError(thrown, `release the hold ${hold.id}`); }
}

export const standingFiles = (files: readonly HoldFile[], moment: HoldMoment): readonly HoldFile[] => files.filter(({ hold }) => endOfHold(hold, moment) === null);

function put(fs: Filesystem, file: string, hold: Hold): void {
  fs.writeDurably(file, `${JSON.stringify(hold)}\n`, FILE_MODE);
}

/** Undefined for a file that was taken away meanwhile. */
function readHold(fs: Filesystem, file: string): HoldFile | undefined {
  let text: string;
  try { text = fs.readText(file, MAX_HOLD_BYTES); } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    text = '';
  }
  return { file, hold: parseHold(text) ?? unreadable(file) };
}

function unreadable(file: string): Hold {
  const id = file.slice(file.lastIndexOf('/') + 1, -'.json'.length);
  // Far from any date, so that it stands until somebody looks.
  return { format: 1, id, owner: `an unreadable file ${file}`, reason: null, by: 'unknown', taken_at: '1970-01-01T00:00:00.000Z', until: '9999-12-31T00:00:00.000Z', until_uptime_s: null, boot_id: '', process: null, ended: null };
}

export function parseHold(text: string): Hold | undefined {
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, id, owner, by, reason, taken_at: takenAt, until, until_uptime_s: uptime, boot_id: bootId, process, ended } = value as Partial<Record<keyof Hold, unknown>>;
  const texts = [id, owner, by, takenAt, bootId].every((text_) => typeof text_ === 'string');
  const maybe = [reason, until].every((text_) => text_ === null || typeof text_ === 'string') && (uptime === null || (typeof uptime === 'number' && uptime >= 0 && uptime <= MAX_UPTIME_S));
  if (format !== 1 || !texts || !maybe || (typeof until === 'string' && Number.isNaN(Date.parse(until))) || !isProcess(process) || typeof ended !== 'object') return undefined;
  return value as Hold;
}

function isProcess(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && value !== undefined && 'pid' in value && Number.isSafeInteger(value.pid) && 'start_time' in value && typeof value.start_time === 'string';
}
