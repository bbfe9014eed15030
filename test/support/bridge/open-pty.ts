// A PTY pair made without any package; the test keeps the master and is the device. Knows nothing of the bridge's code.
import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';

const TCGETS = 0x5401, TCSETS = 0x5402;

export function openPty(): { readonly master: number; readonly path: string } {
  const c = koffi.load(null);
  const ioctl = c.func('int ioctl(int, ulong, void*)');
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  c.func('int grantpt(int)')(master);
  c.func('int unlockpt(int)')(master);
  const name = Buffer.alloc(64);
  c.func('int ptsname_r(int, void*, size_t)')(master, name, name.length);
  const path = name.toString('utf8', 0, name.indexOf(0));
  // A real port does not echo before it is opened; a PTY does unless told.
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const settings = Buffer.alloc(64);
  ioctl(slave, TCGETS, settings);
  settings.fill(0, 0, 8);
  settings.fill(0, 12, 16);
  ioctl(slave, TCSETS, settings);
  closeSync(slave);
  return { master, path };
}
