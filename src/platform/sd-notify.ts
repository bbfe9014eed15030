// Tells systemd that we are ready, alive or stopping (sd_notify(3)). Without NOTIFY_SOCKET it does nothing and loads
// nothing. A message that cannot be sent never stops the daemon.
import { execFile } from 'node:child_process';
import { endianness } from 'node:os';
import type { Clock } from '../domain/ports.js';

export interface Notifier {
  ready(status?: string): Promise<void>;
  /** Feeds the watchdog; call it every watchdogMs. */
  alive(): Promise<void>;
  stopping(): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>;
  /** Half the time systemd waits; null where no watchdog is set for this process. */
  readonly watchdogMs: number | null;
}

type Send = (message: string) => Promise<void>;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2_000_000;
const SOCK_NONBLOCK = 0o4_000;
const MSG_NOSIGNAL = 0x4000;
/** sun_path of sockaddr_un, with room for the closing NUL. */
const MAX_SOCKET_PATH_BYTES = 107;
const TOOL_TIMEOUT_MS = 5_000;

export async function createNotifier(env: Readonly<NodeJS.ProcessEnv>, pid: number): Promise<Notifier> {
  const socket = env['NOTIFY_SOCKET'];
  const send: Send = socket === undefined || socket === '' ? async () => undefined : await openSender(socket, env);
  return {
    ready: (status) => send(status === undefined ? 'READY=1' : `READY=1\nSTATUS=${oneLine(status)}`),
    alive: () => send('WATCHDOG=1'),
    stopping: () => send('STOPPING=1'),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    watchdogMs: readWatchdog(env, pid),
  };
}

/** Feeds the watchdog until the signal; returns at once where none is set. A loop that hangs stops feeding: that is the point. */
export async function feedWatchdog(notifier: Notifier, clock: Clock, signal: AbortSignal): Promise<void> {
  if (notifier.watchdogMs === null) return;
  while (!signal.aborted) {
    await notifier.alive();
    await clock.sleep(notifier.watchdogMs, signal).catch(() => undefined);
  }
}

function readWatchdog(env: Readonly<NodeJS.ProcessEnv>, pid: number): number | null {
  const microseconds = Number(env['WATCHDOG_USEC'] ?? '');
  if (!Number.isFinite(microseconds) || microseconds <= 0) return null;
  if (env['WATCHDOG_PID'] !== undefined && env['WATCHDOG_PID'] !== String(pid)) return null; // meant for another process
  return Math.max(1, Math.floor(microseconds / 2000));
}

async function openSender(socket: string, env: Readonly<NodeJS.ProcessEnv>): Promise<Send> {
  const address = socketAddress(socket);
  if (address === undefined) return toolSender(env);
  try {
    return await datagramSender(address);
  } catch { // no prebuilt binary for this machine
    return toolSender(env);
  }
}

/** sockaddr_un as bytes; `@name` is an abstract socket, whose name begins with NUL and has no end mark. Undefined for other kinds. */
export function socketAddress(socket: string): Buffer | undefined {
  const path = Buffer.from(socket);
  if ((socket[0] !== '/' && socket[0] !== '@') || path.length < 2 || path.length > MAX_SOCKET_PATH_BYTES || path.includes(0)) return undefined;
  const abstract = socket[0] === '@';
  const address = Buffer.alloc(2 + path.length + (abstract ? 0 : 1));
  if (endianness() === 'LE') address.writeUInt16LE(AF_UNIX, 0); else address.writeUInt16BE(AF_UNIX, 0);
  path.copy(address, 2);
  if (abstract) address[2] = 0;
  return address;
}

async function datagramSender(address: Buffer): Promise<Send> {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const open = libc.func('int socket(int, int, int)');
  const sendTo = libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)');
  const fd: unknown = open(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (typeof fd !== 'number' || fd < 0) throw new Error('no socket');
  return async (message) => {
    const bytes = Buffer.from(message);
    sendTo(fd, bytes, bytes.length, MSG_NOSIGNAL, address, address.length); // a full queue loses one sign of life: the next follows
  };
}

/** Its messages come from another process: the unit needs NotifyAccess=all. */
function toolSender(env: Readonly<NodeJS.ProcessEnv>): Send {
  return (message) => new Promise((resolve) => {
    execFile('systemd-notify', message.split('\n'), { env: { ...env }, timeout: TOOL_TIMEOUT_MS }, () => resolve());
  });
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/gu, ' ').slice(0, 200);
