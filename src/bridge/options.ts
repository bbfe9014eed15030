// The settings of one bridge, from its command line. PURE.
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { HoldlineError } from '../domain/errors.js';
import { DEFAULT_SOCKET_DIR } from './inspect.js';
import { parseLineSettings } from './line-settings.js';
import type { LineSettings } from './line-settings.js';

export interface BridgeOptions {
  readonly name: string;
  readonly port: string;
  readonly line: LineSettings;
  readonly socketDir: string;
  readonly socket: string;
  /** Where the PTY link is; undefined when it is off. */
  readonly link: string | undefined;
  readonly spool: string;
  readonly capacity: number;
  readonly tcp: number | undefined;
  /** A missing device is waited for instead of ending with an error. */
  readonly wait: boolean;
  readonly keeper: boolean;
  readonly plain: boolean;
}

const DEFAULT_CAPACITY_BYTES = 4 * 1024 * 1024;
const MIN_CAPACITY_BYTES = 64 * 1024;
const MAX_CAPACITY_BYTES = 64 * 1024 ** 3;
const UNITS = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

const usage = (message: string, hint: string): HoldlineError => new HoldlineError('usage', message, { hint });

/** A bridge's name is a file's name, a unit's instance and a word in logs. */
export function checkName(name: string | undefined): string {
  if (name === undefined) throw usage('cannot start a bridge without a name', 'Give --name, for example --name meter.');
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/.test(name)) {
    throw usage(`cannot use the name "${name}"`, 'A name has at most 32 letters, digits, dots, dashes and underscores, and begins with a letter or digit.');
  }
  return name;
}

export function chooseSocketDir(flag: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  return resolve(flag ?? env['HOLDLINE_BRIDGE_DIR'] ?? DEFAULT_SOCKET_DIR);
}

function parseSize(text: string): number {
  const match = /^([0-9]+)([KMG]?)$/i.exec(text);
  const bytes = Number(match?.[1]) * UNITS[(match?.[2] ?? '').toUpperCase() as keyof typeof UNITS];
  if (!(bytes >= MIN_CAPACITY_BYTES && bytes <= MAX_CAPACITY_BYTES)) throw usage(`cannot use --spool-size "${text}"`, 'Give bytes, or a number with K, M or G, from 64K to 64G.');
  return bytes;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^[0-9]+$/.test(text) || port < 1 || port > 65_535) throw usage(`cannot use --tcp "${text}"`, 'Give a port number from 1 to 65535.');
  return port;
}

const FLAGS = {
  name: { type: 'string' }, port: { type: 'string' }, baud: { type: 'string' }, 'data-bits': { type: 'string' }, parity: { type: 'string' }, 'stop-bits': { type: 'string' },
  rtscts: { type: 'boolean' }, xonxoff: { type: 'boolean' }, 'socket-dir': { type: 'string' }, 'spool-dir': { type: 'string' }, 'spool-size': { type: 'string' },
  'no-pty': { type: 'boolean' }, tcp: { type: 'string' }, wait: { type: 'boolean' }, 'no-keeper': { type: 'boolean' }, plain: { type: 'boolean' },
} as const;

export function parseRunOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): BridgeOptions {
  const values = parseFlags(argv);
  const name = checkName(values.name);
  if (values.port === undefined || values.port === '') throw usage('cannot start a bridge without a port', 'Give --port, best a path below /dev/serial/by-id.');
  const socketDir = chooseSocketDir(values['socket-dir'], env);
  const spoolBase = values['spool-dir'] === undefined ? join(socketDir, 'spool') : resolve(values['spool-dir']);
  return {
    name, port: isAbsolute(values.port) ? values.port : resolve(values.port), line: parseLineSettings(values), socketDir, socket: join(socketDir, `${name}.sock`),
    link: values['no-pty'] === true || values.plain === true ? undefined : join(socketDir, `${name}.tty`), spool: join(spoolBase, name),
    capacity: parseSize(values['spool-size'] ?? String(DEFAULT_CAPACITY_BYTES)), tcp: values.tcp === undefined ? undefined : parsePort(values.tcp),
    wait: values.wait ?? false, keeper: values['no-keeper'] !== true, plain: values.plain ?? false,
  };
}

function parseFlags(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new HoldlineError('usage', `cannot start the bridge: ${error instanceof Error ? error.message.split('. ')[0] ?? '' : String(error)}`, { hint: 'See holdline bridge --help.', cause: error });
  }
}
