// `holdline-recover`: the rescue path as a program of its own, one file, node builtins only. Runs before the app at boot, on
// a failure, and by hand; safe to run at any time and any number of times.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecoverResult } from '../recovery/recover.js';
import { recoverApp } from '../recovery/recover-app.js';

const STATE_ROOT = '/var/lib/holdline';
const EXIT = { done: 0, usage: 2, broken: 21, busy: 75 } as const;
const HELP = `holdline-recover [--state-dir DIR]… [--again]

Finishes or undoes updates that a crash or power cut interrupted. Without --state-dir: every app below ${STATE_ROOT}.
  --state-dir DIR  one app's state directory; with those of its components
  --again          try again to undo an update that ended broken
Exit codes: 0 nothing to do or repaired, 21 broken (a person is needed), 75 another holdline is at work.
`;

process.exitCode = main();

function main(): number {
  let options: { 'state-dir'?: string[]; again?: boolean; help?: boolean };
  try {
    options = parseArgs({ options: { 'state-dir': { type: 'string', multiple: true }, again: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (thrown) {
    process.stderr.write(`cannot recover: ${thrown instanceof Error ? thrown.message : String(thrown)}\n${HELP}`);
    return EXIT.usage;
  }
  if (options.help === true) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const results = (options['state-dir']?.map((dir) => resolve(dir)) ?? stateDirectories()).flatMap((stateDir) => recoverApp({ stateDir, again: options.again ?? false }).map((result) => {
    tell(result);
    return result.outcome;
  }));
  if (results.length === 0) process.stdout.write(`nothing to recover: no app has a journal below ${STATE_ROOT}\n`);
  if (results.includes('broken')) return EXIT.broken;
  return results.includes('busy') ? EXIT.busy : EXIT.done;
}

/** Also the root itself, for a device with one app and `state_dir: /var/lib/holdline`. */
function stateDirectories(): string[] {
  const below = existsSync(STATE_ROOT) ? readdirSync(STATE_ROOT).map((name) => join(STATE_ROOT, name)) : [];
  return [STATE_ROOT, ...below].filter((dir) => ['journal', 'components'].some((name) => existsSync(join(dir, name))));
}

function tell({ stateDir, outcome, transactions, alarm }: RecoverResult): void {
  for (const { app, message, services } of transactions) {
    process.stdout.write(`${app}: ${message}\n`);
    if (services.length > 0) process.stdout.write(`${app}: to be restarted by holdline or by hand: ${services.join(', ')}\n`);
  }
  if (alarm !== null) process.stderr.write(`${alarm.code}: ${alarm.message}\n  ${alarm.hint}\n`);
  else if (transactions.length === 0) process.stdout.write(`${stateDir}: ${outcome === 'resume' ? 'a probation goes on' : 'nothing to recover'}\n`);
}
