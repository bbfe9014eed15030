#!/usr/bin/env node
// Composition root of the bridge: its own process, its own file. The CLI hands `holdline bridge …` over to `main`.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runBridgeCommand } from '../bridge/commands.js';
import { toHoldlineError } from '../domain/errors.js';

declare const HOLDLINE_VERSION: string;

/** Runs one bridge command: `argv` is what follows `bridge`. Ends the process, unless a bridge now runs in it. */
export async function main(argv: readonly string[]): Promise<void> {
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
    if (code !== undefined) process.exitCode = code;
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    process.stderr.write(`${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
    process.exitCode = error.exitCode;
    // An opened port or a half-made server must not keep a failed start alive.
    if (argv[0] === 'run') process.exit();
  }
}

const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
