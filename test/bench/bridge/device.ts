// The device of the bridge's figures: one thread that blocks in the kernel, so that it costs every contestant the same. Arguments: `echo`,
// or `blast BYTES`: sends that many for each byte it receives, as fast as the line takes them. Says its path first.
import { constants, openSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { openPty } from '../../support/bridge/open-pty.js';

const F_SETFL = 4;
const CHUNK_BYTES = 4096;
const [mode = 'echo', bytes = '0'] = process.argv.slice(2);
const { master, path } = openPty();
// The other end stays open here: a device that is plugged in does not hang up when a program lets go of it.
openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
koffi.load(null).func('int fcntl(int, int, long)')(master, F_SETFL, constants.O_RDWR);
writeSync(1, `${JSON.stringify({ path })}\n`);

const buffer = Buffer.alloc(CHUNK_BYTES);
for (;;) {
  const count = readSync(master, buffer, 0, CHUNK_BYTES, null);
  let left = mode === 'echo' ? count : count * Number(bytes);
  while (left > 0) left -= writeSync(master, buffer, 0, Math.min(left, mode === 'echo' ? count : CHUNK_BYTES));
}
