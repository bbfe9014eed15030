// Programs nobody here wrote, unchanged, at the PTY link: each works on while the app is updated, the bridge upgraded twice and killed
// once. What is not installed is said and skipped.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Bundle } from '../../support/bridge/bundle.js';
import { keepGpsFix } from './programs/gpsd.js';
import { pollByMbpoll, pollByModbusSerial } from './programs/modbus.js';
import { readBySocat } from './programs/terminal.js';
import type { ProgramResult } from './programs/program-result.js';
import { transferByZmodem } from './programs/zmodem.js';
import type { Run } from './kills.js';
import type { ProofRow, ProofTable } from './proof-table.js';

const INSTALL_TIMEOUT_MS = 120_000;
const MODBUS_SERIAL = 'modbus-serial@8.0.25';

interface Program { readonly what: string; readonly commands: Readonly<Record<string, string>>; run(bundle: Bundle): Promise<ProgramResult> }

const PROGRAMS: readonly Program[] = [
  { what: 'ZMODEM, device to app', commands: { sz: 'lrzsz', rz: 'lrzsz' }, run: (bundle) => transferByZmodem(bundle, true) },
  { what: 'ZMODEM, app to device', commands: { sz: 'lrzsz', rz: 'lrzsz' }, run: (bundle) => transferByZmodem(bundle, false) },
  { what: 'Modbus RTU by modbus-serial', commands: {}, run: async (bundle) => pollByModbusSerial(bundle, await installModbusSerial()) },
  { what: 'Modbus RTU by mbpoll', commands: { mbpoll: 'mbpoll' }, run: pollByMbpoll },
  { what: 'gpsd', commands: { gpsd: 'gpsd' }, run: keepGpsFix },
  { what: 'socat as a terminal', commands: { socat: 'socat' }, run: readBySocat },
];

const isMissing = (command: string): boolean => spawnSync('/bin/sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${command}`]).status !== 0;

/** A master nobody here wrote, beside the project's own packages; installed once. Others are at work meanwhile, so it must not stand in their way. */
async function installModbusSerial(): Promise<string> {
  const folder = resolve('.cache/bridge-programs');
  if (!existsSync(join(folder, 'node_modules/modbus-serial/package.json'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', MODBUS_SERIAL], { cwd: folder, timeout: INSTALL_TIMEOUT_MS });
  }
  return join(folder, 'package.json');
}

/** What is not installed is told to the table. */
export function planPrograms(table: ProofTable): Run[] {
  if (!existsSync('dist/cli.js')) { table.skip('programs', 'dist/: npm run build'); return []; }
  return PROGRAMS.flatMap(({ what, commands, run }): Run[] => {
    const absent = Object.entries(commands).filter(([command]) => isMissing(command)).map(([command, debian]) => `${command} (Debian: ${debian})`);
    if (absent.length > 0) { table.skip(what, [...new Set(absent)].join(', ')); return []; }
    return [{ alone: false, go: (bundle) => runProgram(what, () => run(bundle)) }];
  });
}

async function runProgram(what: string, run: () => Promise<ProgramResult>): Promise<ProofRow> {
  const row = { part: 'programs', what, times: 1, bytes: '', lost: '' };
  try {
    return { ...row, ...await run() };
  } catch (error) {
    return { ...row, note: '', faults: [error instanceof Error ? error.stack ?? error.message : String(error)] };
  }
}
