// The process's own streams as the terminal of the command line.
import { wantsColour, type Terminal } from '../interface/cli/terminal.js';

const DEFAULT_COLUMNS = 80;

export function processTerminal(): Terminal {
  return {
    out: (text) => { process.stdout.write(text); },
    err: (text) => { process.stderr.write(text); },
    moving: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    colour: wantsColour(process.env, process.stdout.isTTY === true),
    columns: process.stderr.columns ?? DEFAULT_COLUMNS,
    now: () => Date.now(),
  };
}
