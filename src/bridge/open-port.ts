// Opens a serial port the careful way: no flush (waiting bytes stay), no controlling terminal, no wait for a carrier, raw, hupcl
// off, exclusive by TIOCEXCL and flock. Must never close and open again: that drops DTR and resets the device.
import { closeSync, constants, openSync, realpathSync } from 'node:fs';
import { isatty } from 'node:tty';
import { HoldlineError } from '../domain/errors.js';
import type { LineSettings } from './line-settings.js';
import { busyPort, describeOpenError, findHolders } from './port-errors.js';
import type { System } from './system.js';

function realDevice(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw describeOpenError(path, path, error);
  }
}

/** Returns the descriptor. Throws HoldlineError: bridge-port, permission, busy, usage. */
export function openPort(system: System, path: string, line: LineSettings): number {
  const device = realDevice(path);
  let tty: number;
  try {
    tty = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    throw describeOpenError(path, device, error);
  }
  try {
    if (!isatty(tty)) throw new HoldlineError('usage', `cannot use ${path}: it is not a serial port`, { hint: 'Give --port the path of a tty, best one below /dev/serial/by-id.' });
    // First the lock: a port somebody else uses must not be re-set under them.
    if (!system.lock(tty)) throw busyPort(path, device);
    if (isReadByOthers(device)) throw busyPort(path, device);
    setPort(system, tty, path, line);
    system.claim(tty);
    return tty;
  } catch (error) {
    closeSync(tty);
    throw error;
  }
}

/** Most programs take no lock: two that read one port steal each other's bytes. The other end of a PTY may well have it open; only a real port is refused. */
function isReadByOthers(device: string): boolean {
  return !device.startsWith('/dev/pts/') && findHolders(device).length > 0;
}

/** Sets a port that is already open, ours or a kept one (the baud rate may have been changed with the unit). */
export function setPort(system: System, tty: number, path: string, line: LineSettings): void {
  if (system.applyLine(tty, path, line)) return;
  throw new HoldlineError('usage', `cannot set ${path} to ${line.baud} baud: its driver does not make that speed`, { hint: 'Try a standard speed: 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600.' });
}
