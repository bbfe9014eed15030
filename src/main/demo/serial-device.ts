// The demo's instrument: a process of its own on a PTY made without any package. It sends numbered lines at 115200 baud's pace, knows nothing
// of holdline, and says how many it sent. A line on standard input stops it after the line it is at.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { errnoOf } from '../../domain/errors.js';

const BYTES_PER_SECOND = 11_520;
const TICK_MS = 5;
const TCGETS = 0x5401;
const TCSETS = 0x5402;
/** struct termios of the kernel: four flag words, then the control characters. */
const TERMIOS_BYTES = 64;
const LOCAL_FLAGS = 12;

/** The other end of a serial cable: what a program opens as its port. */
function openPty(): { readonly master: number; readonly path: string } {
  const c = koffi.load(null);
  const grantpt = c.func('int grantpt(int)');
  const unlockpt = c.func('int unlockpt(int)');
  const ptsname = c.func('int ptsname_r(int, void*, size_t)');
  const ioctl = c.func('int ioctl(int, ulong, void*)');
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  grantpt(master);
  unlockpt(master);
  const name = Buffer.alloc(64);
  ptsname(master, name, name.length);
  const path = name.toString('utf8', 0, name.indexOf(0));
  // An instrument does not echo; a PTY does until it is told.
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const settings = Buffer.alloc(TERMIOS_BYTES);
  ioctl(slave, TCGETS, settings);
  settings.fill(0, 0, 8);
  settings.fill(0, LOCAL_FLAGS, LOCAL_FLAGS + 4);
  ioctl(slave, TCSETS, settings);
  closeSync(slave);
  return { master, path };
}

const { master, path } = openPty();
const begun = performance.now();
const sent = { lines: 0, bytes: 0, refused: 0 };
const asked = { stop: false };
let unsent = Buffer.alloc(0);

function tick(): void {
  const due = Math.floor((performance.now() - begun) * BYTES_PER_SECOND / 1000);
  while (unsent.length > 0 || (!asked.stop && sent.bytes < due)) {
    if (unsent.length === 0) {
      unsent = Buffer.from(`${String(sent.lines).padStart(8, '0')}\n`);
      sent.lines += 1;
    }
    try {
      const took = writeSync(master, unsent);
      unsent = unsent.subarray(took);
      sent.bytes += took;
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      // Nobody read for as long as the kernel buffers: a real line would have lost it. Said, not hidden.
      sent.refused += 1;
      return;
    }
  }
  if (asked.stop) process.stdout.write(`${JSON.stringify(sent)}\n`, () => process.exit(0));
}

setInterval(tick, TICK_MS);
process.stdin.once('data', () => { asked.stop = true; });
process.stdin.once('end', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ path })}\n`);
