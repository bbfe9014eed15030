// Programs nobody here wrote, unchanged, at the PTY link: each works on while the app is updated, the bridge upgraded twice and killed
// once. What is not installed is said and skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bundle } from '../../support/bridge/bundle.js';
import { keepGpsFix } from './programs/gpsd.js';
import { pollByMbpoll, pollByModbusSerial } from './programs/modbus.js';
import { readBySocat } from './programs/terminal.js';
import type { ProgramResult } from './programs/program-result.js';
import { transferByZmodem } from './programs/zmodem.js';
import type { ProofTable } from './proof-table.js';

const INSTALL_TIMEOUT_MS = 120_000;
const MODBUS_SERIAL = 'modbus-serial@8.0.25';

interface Program { readonly what: string; readonly commands: Readonly<Record<string, string>>; run(bundle: Bundle): Promise<ProgramResult> }

const PROGRAMS: readonly Program[] = [
  { what: 'ZMODEM, device to app', commands: { sz: 'lrzsz', rz: 'lrzsz' }, run: (bundle) => transferByZmodem(bundle, true) },
  { what: 'ZMODEM, app to device', commands: { sz: 'lrzsz', rz: 'lrzsz' }, run: (bundle) => transferByZmodem(bundle, false) },
  { what: 'Modbus RTU by modbus-serial', commands: {}, run: async (bundle) => pollByModbusSerial(bundle, installModbusSerial()) },
  { what: 'Modbus RTU by mbpoll', commands: { mbpoll: 'mbpoll' }, run: pollByMbpoll },
  { what: 'gpsd', commands: { gpsd: 'gpsd' }, run: keepGpsFix },
  { what: 'socat as a terminal', commands: { socat: 'socat' }, run: readBySocat },
];

const isMissing = (command: string): boolean => spawnSync('/bin/sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${command}`]).status !== 0;

/** A master nobody here wrote, beside the project's own packages; installed once. */
function installModbusSerial(): string {
  const folder = resolve('.cache/bridge-programs');
  if (!existsSync(join(folder, 'node_modules/modbus-serial/package.json'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const { status, stderr } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', MODBUS_SERIAL], { cwd: folder, encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
    if (status !== 0) throw new Error(`cannot install ${MODBUS_SERIAL}: ${stderr.slice(-300)}`);
  }
  return join(folder, 'package.json');
}

export async function runPrograms(bundle: Bundle, table: ProofTable): Promise<void> {
  if (!existsSync('dist/cli.js')) { table.skip('programs', 'dist/: npm run build'); return; }
  for (const { what, commands, run } of PROGRAMS) {
    const absent = Object.entries(commands).filter(([command]) => isMissing(command)).map(([command, debian]) => `${command} (Debian: ${debian})`);
    if (absent.length > 0) { table.skip(what, [...new Set(absent)].join(', ')); continue; }
    try {
      const { note, faults } = await run(bundle);
      table.add({ part: 'programs', what, times: 1, bytes: '', lost: '', note, faults });
    } catch (error) {
      table.add({ part: 'programs', what, times: 1, bytes: '', lost: '', note: '', faults: [error instanceof Error ? error.stack ?? error.message : String(error)] });
    }
  }
}
