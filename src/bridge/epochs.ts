// The epochs on the spool, oldest first: folders `<sequence>-<id>`. Finds the one that kept descriptors belong to, and makes new ones.
// Must never reuse an id: an app that held its offsets for another stretch of the line would skip or double bytes.
import { randomBytes } from 'node:crypto';
import { existsSync, fstatSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { NO_EPOCH } from './protocol.js';
import { describeStorageError } from './storage-errors.js';
import { Stream } from './stream.js';
import type { System } from './system.js';

const FOLDER = /^([0-9]{10})-([0-9a-f]{16})$/;
/** More ended epochs than this are given up, the oldest first: a flapping plug must not fill the spool. */
export const MAX_ENDED_EPOCHS = 3;

const folders = (root: string): string[] => (existsSync(root) ? readdirSync(root).filter((name) => FOLDER.test(name)).sort() : []);
const idOf = (folder: string): string => FOLDER.exec(folder)?.[2] ?? NO_EPOCH;

/** Makes the spool's folder and returns its real path, or says why it cannot. */
export function prepareSpool(root: string): string {
  try {
    mkdirSync(root, { recursive: true, mode: 0o750 });
    return realpathSync(root);
  } catch (error) {
    throw describeStorageError(`use ${root} for the bridge`, error);
  }
}

/**
 * The epoch whose `tx` this kept descriptor is; undefined when its files are not below `root` (any more). By file, not by path: a unit
 * has a mount namespace of its own at each start, and the path of a descriptor from an earlier one leads nowhere.
 */
export function resumeEpoch(system: System, root: string, tx: number): Stream | undefined {
  const kept = fstatSync(tx);
  const folder = folders(root).findLast((name) => isSameFile(kept, statSync(join(root, name, 'tx'), { throwIfNoEntry: false })));
  if (folder === undefined) return undefined;
  try {
    return Stream.open(system, idOf(folder), join(root, folder), tx);
  } catch {
    return undefined;
  }
}

const isSameFile = (one: Stats, other: Stats | undefined): boolean => one.ino === other?.ino && one.dev === other.dev;

export function createEpoch(system: System, root: string): Stream {
  prepareSpool(root);
  const last = folders(root).at(-1);
  const sequence = String(Number(last?.slice(0, 10) ?? 0) + 1).padStart(10, '0');
  const id = randomBytes(8).toString('hex');
  const directory = join(root, `${sequence}-${id}`);
  try {
    return Stream.create(system, id, directory);
  } catch (error) {
    // Whoever waits for room tries again and again.
    rmSync(directory, { recursive: true, force: true });
    throw describeStorageError(`begin an epoch in ${root}`, error);
  }
}

/** Epochs that have ended and still hold bytes nobody has acknowledged, oldest first. Empty and surplus ones are removed. */
export function openEndedEpochs(system: System, root: string, current: Stream | undefined): Stream[] {
  const ended: Stream[] = [];
  for (const folder of folders(root)) {
    const directory = join(root, folder);
    if (directory === current?.directory) continue;
    try {
      const stream = Stream.open(system, idOf(folder), directory);
      stream.end();
      if (stream.held === 0) stream.remove();
      else ended.push(stream);
    } catch {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  while (ended.length > MAX_ENDED_EPOCHS) ended.shift()?.remove();
  return ended;
}
