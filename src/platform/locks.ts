// The one lock per app: flock(2) on an open descriptor, taken by util-linux' flock on our inherited descriptor, so that the
// lock belongs to this process's open file and is gone with it. The file's content only names the holder.
import { spawnSync } from 'node:child_process';
import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Lock, Locks } from '../domain/ports.js';

const TIMEOUT_MS = 10_000;
const HELD_BY_ANOTHER = 1;
/** Who only writes a line into the audit log has it for some milliseconds: that is not worth a refusal. */
const PATIENTLY = ['--wait', '0.2'] as const;
/** Somebody may replace the file between our open and our lock; then we hold a file nobody else looks at. */
const MAX_TRIES = 5;
const MAX_HOLDER_CHARACTERS = 200;

/** @param command what the holder is doing, for the other side's message: `update`, `run` */
export function createLocks(command: string = basename(process.argv[1] ?? 'holdline')): Locks {
  return {
    tryLock: (path) => {
      try {
        mkdirSync(dirname(path), { recursive: true });
        for (let tries = 0; tries < MAX_TRIES; tries += 1) {
          const taken = tryOnce(path, command);
          if (taken !== 'replaced') return taken;
        }
      } catch (thrown) {
        throw explainFsError(thrown, `take the lock ${path}`);
      }
      return undefined;
    },
    holder: (path) => {
      try {
        const text = readFileSync(path, 'utf8').slice(0, MAX_HOLDER_CHARACTERS).trim();
        return text === '' ? undefined : text;
      } catch {
        return undefined;
      }
    },
  };
}

/** Has anybody a lock on this file? Asks for a shared one and gives it back at once, which only who will not wait a moment can notice. */
export function isFlocked(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try { return !flock(fd, ['--shared', '--nonblock']); } finally { closeSync(fd); }
}

function tryOnce(path: string, command: string): Lock | undefined | 'replaced' {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    if (!flock(fd)) {
      closeSync(fd);
      return undefined;
    }
    if (!isStillAt(fd, path)) {
      closeSync(fd);
      return 'replaced';
    }
    noteHolder(fd, `${process.pid} ${command}\n`);
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
  let held = true;
  return {
    release: () => {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/** The child exits at once; the lock stays with our descriptor, which it shares. */
function flock(fd: number, options: readonly string[] = PATIENTLY): boolean {
  const ran = spawnSync('flock', [...options, '3'], { stdio: ['ignore', 'ignore', 'pipe', fd], timeout: TIMEOUT_MS });
  if (ran.status === 0) return true;
  if (ran.status === HELD_BY_ANOTHER) return false;
  const why = ran.error?.message ?? ran.stderr.toString().trim();
  throw new HoldlineError('internal', `cannot take the lock: flock does not work here: ${why}`, { hint: 'Install util-linux (it holds `flock`).', cause: ran.error });
}

function isStillAt(fd: number, path: string): boolean {
  const [ours, there] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return there !== undefined && ours.ino === there.ino && ours.dev === there.dev;
}

function noteHolder(fd: number, text: string): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, text, 0);
  } catch { /* a full disk: the lock holds without a name */ }
}
