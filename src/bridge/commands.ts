// `bridge run | status | attach | upgrade`: parse, call, print. No decisions of the bridge live here.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HoldlineError } from '../domain/errors.js';
import { attachTerminal } from './attach.js';
import { inspectBridge, inspectBridges } from './inspect.js';
import type { BridgeState } from './inspect.js';
import { checkName, chooseSocketDir, parseRunOptions } from './options.js';
import { requestUpgrade } from './request-upgrade.js';
import { runBridge } from './run.js';
import type { RunContext } from './run.js';

export const BRIDGE_HELP = `Holds a serial port and serves it to programs that come and go: no byte is lost or doubled.

  holdline bridge run --port DEVICE --name NAME    hold a port (normally a systemd unit: holdline-bridge@NAME)
  holdline bridge status [NAME] [--json]           every bridge here, or one
  holdline bridge attach NAME                      a terminal on the line; ^] leaves. Without an app there, what it shows counts as read
  holdline bridge upgrade NAME                     replace the running bridge by the installed program, without a pause

Options of run:
  --baud N (115200; any speed the driver makes)   --data-bits 5|6|7|8 (8)   --parity none|even|odd|mark|space (none)   --stop-bits 1|2 (1)
  --rtscts   --xonxoff        flow control: a full spool then holds the device back instead of dropping the oldest bytes
  --spool-size N[K|M|G] (4M)  --spool-dir DIR     bytes kept for an app that is away (default: beside the socket, in memory)
  --no-pty                    no NAME.tty for unchanged programs       --tcp PORT   raw TCP on 127.0.0.1
  --wait                      wait for a device that is not there      --no-keeper  --plain   for tests and odd systems
All: --socket-dir DIR (HOLDLINE_BRIDGE_DIR, /run/holdline/bridge)

Examples:
  holdline bridge run --name meter --port /dev/serial/by-id/usb-FTDI_FT232R-if00-port0 --baud 9600 --parity even
  holdline bridge status --json
`;

export interface CommandContext extends RunContext {
  readonly print: (text: string) => void;
  readonly note: (text: string) => void;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

interface Target { readonly name: string | undefined; readonly dir: string; readonly json: boolean }

function parseTarget(argv: readonly string[], context: CommandContext): Target {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: { json: { type: 'boolean' }, 'socket-dir': { type: 'string' } }, allowPositionals: true, strict: true });
    return { name: positionals[0] === undefined ? undefined : checkName(positionals[0]), dir: chooseSocketDir(values['socket-dir'], context.env), json: values.json ?? false };
  } catch (error) {
    if (error instanceof HoldlineError) throw error;
    throw new HoldlineError('usage', `cannot read the command: ${error instanceof Error ? error.message : String(error)}`, { hint: 'See holdline bridge --help.', cause: error });
  }
}

function needName(target: Target): string {
  if (target.name !== undefined) return target.name;
  throw new HoldlineError('usage', 'cannot tell which bridge is meant', { hint: 'Give its name; `holdline bridge status` lists them.' });
}

function formatState({ name, detail, report }: BridgeState): string {
  if (report === null) return `${name}: ${detail}`;
  const stream = report.streams.at(-1);
  const counts = stream === undefined ? [] : [
    `  received ${stream.received} = acknowledged ${stream.acknowledged} + dropped ${stream.dropped} + held ${stream.held}; delivered ${stream.delivered}`,
    `  written ${stream.written} = confirmed ${stream.confirmed} + unsent ${stream.unsent}`,
  ];
  const ways = [...report.pty === null ? [] : [`programs ${report.pty}`], ...report.tcp === null ? [] : [`TCP 127.0.0.1:${report.tcp}`]].join(', ');
  const clients = report.clients.map((client) => `  ${client.role} ${client.label} at ${client.position}`);
  return [`${name}: ${detail}`, `  ${report.port} at ${report.baud} baud, pid ${report.pid}, version ${report.version}, keeper ${report.keeper}, up ${report.uptime_s} s`, ...ways === '' ? [] : [`  ${ways}`], ...counts, ...clients].join('\n');
}

async function showStatus(argv: readonly string[], context: CommandContext): Promise<number> {
  const target = parseTarget(argv, context);
  const states = target.name === undefined ? await inspectBridges(target.dir) : [await inspectBridge(join(target.dir, `${target.name}.sock`), target.name)];
  if (target.json) context.print(JSON.stringify({ bridges: states }));
  else context.print(states.length === 0 ? `No bridge runs here (${target.dir}).` : states.map(formatState).join('\n'));
  return target.name !== undefined && states[0]?.report === null ? 1 : 0;
}

async function upgrade(argv: readonly string[], context: CommandContext): Promise<number> {
  const target = parseTarget(argv, context);
  const name = needName(target);
  try {
    await requestUpgrade(target.dir, name);
  } catch (error) {
    throw new HoldlineError('bridge-unavailable', `cannot upgrade the bridge ${name}: ${error instanceof Error ? error.message : String(error)}`, { hint: 'The line is held as before. See `holdline bridge status`.', cause: error });
  }
  context.print(`Upgraded ${name}.`);
  return 0;
}

/** The exit code; undefined when a bridge now runs in this process. Throws HoldlineError. */
export async function runBridgeCommand(argv: readonly string[], context: CommandContext): Promise<number | undefined> {
  const [command, ...rest] = argv;
  if (command === undefined || rest.includes('--help') || command === '--help' || command === 'help') {
    context.print(BRIDGE_HELP);
    return command === undefined ? 2 : 0;
  }
  switch (command) {
    case 'run': await runBridge(parseRunOptions(rest, context.env), context); return undefined;
    case 'status': return showStatus(rest, context);
    case 'upgrade': return upgrade(rest, context);
    case 'attach': {
      const target = parseTarget(rest, context);
      await attachTerminal(join(target.dir, `${needName(target)}.sock`), { input: context.input, output: context.output, note: context.note });
      return 0;
    }
    default: throw new HoldlineError('usage', `cannot run "bridge ${command}": there is no such command`, { hint: 'It is run, status, attach or upgrade; see holdline bridge --help.' });
  }
}
