// Why a port cannot be opened, in words that tell a person what to do: the group to join, the process that holds it, the ports
// there are. Reads /proc and /etc/group only; must never open the port.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { HoldlineError, errnoOf } from '../domain/errors.js';
import { KEEPER_NAME } from './shell-keeper.js';

const MAX_NAME_LENGTH = 80;

function groupName(gid: number): string {
  try {
    const line = readFileSync('/etc/group', 'utf8').split('\n').find((entry) => entry.split(':')[2] === String(gid));
    return line?.split(':')[0] ?? String(gid);
  } catch {
    return String(gid);
  }
}

type IsHolder = (pid: string) => boolean;

/** Has it open, as far as we may look: root sees all, others their own. */
function opens(device: string): IsHolder {
  const wanted = statSync(device, { throwIfNoEntry: false });
  // The same name in a container may be another device.
  const isIt = (path: string): boolean => {
    try {
      if (readlinkSync(path) !== device) return false;
      const held = statSync(path);
      return held.dev === wanted?.dev && held.ino === wanted.ino;
    } catch {
      return false;
    }
  };
  return (pid) => readdirSync(`/proc/${pid}/fd`).some((file) => isIt(`/proc/${pid}/fd/${file}`));
}

/** Has it as its controlling terminal, which everybody may see: a login console. */
function isTerminalOf(device: string): IsHolder {
  const number = statSync(device, { throwIfNoEntry: false })?.rdev ?? 0;
  // Behind the name in brackets, which may hold anything: state, parent, group, session, terminal.
  return (pid) => number !== 0 && Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[4]) === number;
}

/** Says so in a lock file, as minicom and picocom do. */
function hasLockFile(device: string): IsHolder {
  let owner = '';
  try {
    owner = readFileSync(`/run/lock/LCK..${basename(device)}`, 'utf8').trim().split(/\s+/u)[0] ?? '';
  } catch {
    // Nobody locks it so.
  }
  return (pid) => pid === owner;
}

/** "socat (pid 812)" for each other process that has the device, as far as we may know. Not init: it keeps descriptors for others. */
export function findHolders(device: string): string[] {
  const holders: string[] = [];
  const ways = [opens(device), isTerminalOf(device), hasLockFile(device)];
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && name !== '1' && Number(name) !== process.pid)) {
    if (ways.some((has) => tries(() => has(pid)))) holders.push(`${nameOf(pid)} (pid ${pid})`);
  }
  return holders;
}

/** Gone meanwhile, or another user's: its files are not ours to see. */
function tries(look: () => boolean): boolean {
  try {
    return look();
  } catch {
    return false;
  }
}

/** The command it was started with: the name alone of an interpreter tells nothing. */
function nameOf(pid: string): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter((word) => word !== '');
    if (words.includes(KEEPER_NAME)) return 'the keeper of a holdline bridge';
    return words.length > 0 ? words.join(' ').slice(0, MAX_NAME_LENGTH) : readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a process';
  }
}

function knownPorts(): string {
  for (const folder of ['/dev/serial/by-id', '/dev']) {
    try {
      const names = readdirSync(folder).filter((name) => folder !== '/dev' || /^tty(USB|ACM|AMA|S0|THS|XRUSB)/.test(name));
      if (names.length > 0) return `Ports here: ${names.slice(0, 8).map((name) => `${folder}/${name}`).join(', ')}.`;
    } catch {
      // No such folder: no USB serial device was ever seen.
    }
  }
  return 'No serial port is visible here: check the cable, `dmesg`, and on a Pi `raspi-config` (serial port hardware).';
}

/** Serial ports belong to dialout; another group says that something else is wrong. */
function describeGroup(group: string): string {
  if (group === 'root') return 'Serial ports normally belong to the group dialout: check the udev rules of this one (`udevadm test`), then add the bridge\'s user to that group.';
  if (group === 'tty') return 'A login console uses it: `systemctl disable --now serial-getty@…` (on a Pi: `raspi-config`, no login shell over serial); then it belongs to dialout.';
  return `Run \`sudo usermod -aG ${group} USER\` for the bridge's user and start it again (a login keeps its old groups).`;
}

export function busyPort(path: string, device: string): HoldlineError {
  const holders = findHolders(device);
  const who = holders.length > 0 ? `it is held by ${holders.join(', ')}` : 'another process holds it (run as root to see which)';
  return new HoldlineError('busy', `cannot open ${path}: ${who}`, { hint: 'Stop that program (for a login console: systemctl disable --now serial-getty@…), then try again.', context: { path } });
}

export function describeOpenError(path: string, device: string, error: unknown): HoldlineError {
  const errno = errnoOf(error);
  const context = { path, errno: errno ?? null };
  if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENXIO') {
    return new HoldlineError('bridge-port', `cannot open ${path}: there is no such device`, { hint: knownPorts(), cause: error, context });
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    const group = groupName(statSync(device, { throwIfNoEntry: false })?.gid ?? 20);
    return new HoldlineError('permission', `cannot open ${path}: no permission; it belongs to the group ${group}`, { hint: describeGroup(group), cause: error, context });
  }
  if (errno === 'EBUSY') return busyPort(path, device);
  return new HoldlineError('bridge-port', `cannot open ${path}: ${error instanceof Error ? error.message : String(error)}`, { hint: knownPorts(), cause: error, context });
}
