// The bridge's command line, with its own messages and exit codes: for dist/bridge.js, and for `holdline bridge …` of the CLI.
import { setFlagsFromString } from 'node:v8';
import { runBridgeCommand } from '../bridge/commands.js';
import { toHoldlineError } from '../domain/errors.js';

declare const HOLDLINE_VERSION: string;

/** Runs one bridge command, with its own messages: `argv` is what follows `bridge`. Resolves with the exit code; a bridge that serves ends the process itself. */
export async function runBridgeMain(argv: readonly string[]): Promise<number> {
  // The kernel moves the bytes: optimized code wins nothing at a serial line's pace, and costs 6 MiB. A bridge makes little garbage, so the
  // young generation stays small. On the command line any such flag would make Node compile its own modules: 13 ms more at each start.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--semi-space-growth-factor=1');
  const [, program] = process.argv;
  try {
    const code = await runBridgeCommand(argv, {
      env: process.env,
      // The very words we were started with: a successor is what the same link names then.
      command: [process.execPath, ...process.execArgv, ...(program === undefined ? [] : [program]), ...process.argv.slice(2)],
      version: typeof HOLDLINE_VERSION === 'string' ? HOLDLINE_VERSION : '0.0.0',
      exit: (status) => process.exit(status),
      print: (text) => { process.stdout.write(`${text}\n`); },
      note: (text) => { process.stderr.write(`${text}\r\n`); },
      input: process.stdin,
      output: process.stdout,
    });
    return code ?? await new Promise<number>(() => undefined);
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    process.stderr.write(`${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
    return error.exitCode;
  }
}
