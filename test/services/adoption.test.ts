// A supervisor that is killed with kill -9, and the next one: no service is started twice, none is lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { systemClock } from '../../src/platform/clock.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { isLive, readProcess } from '../../src/platform/process-table.js';
import { createServiceHost } from '../../src/platform/spawn-service.js';
import { createAbsentSupervisor } from '../../src/services/absent-supervisor.js';
import type { ServiceStatus } from '../../src/domain/results.js';
import type { ServiceSettings } from '../../src/domain/settings.js';
import { commandService } from '../support/services/settings.js';
import { waitUntil } from '../support/services/wait-until.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let folder: string;
let running: ChildProcess[];
const stateFile = (): string => join(folder, 'run', 'services.json');
const logs = (): string => join(folder, 'run', 'logs');
const host = () => createServiceHost({ logDirectory: logs(), clock: systemClock });

beforeEach(async () => {
  folder = makeTempFolder('adoption');
  running = [];
  const source = fileURLToPath(new URL('../support/services/supervisor-process.ts', import.meta.url));
  await build({ entryPoints: [source], outfile: join(folder, 'supervisor.mjs'), bundle: true, platform: 'node', format: 'esm', external: ['koffi'], logLevel: 'silent' });
});
afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  removeTempFolder(folder);
});

async function startSupervisor(services: ServiceSettings[], generation = 'versions/1', accepted = ''): Promise<{ child: ChildProcess; statuses: ServiceStatus[] }> {
  const child = spawn(process.execPath, [join(folder, 'supervisor.mjs'), folder, stateFile(), logs(), JSON.stringify(services), generation, accepted], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, statuses: JSON.parse(String(line)) };
}
async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
const starts = (): string[] => readFileSync(join(folder, 'starts.txt'), 'utf8').trim().split('\n');
/** Prints all the time: with a pipe to the dead supervisor it would die of it. */
const CHATTY = 'echo $$ >> starts.txt; while :; do echo tick; sleep 0.02; done';
const chatty = (): ServiceSettings => commandService('chatty', ['sh', '-c', CHATTY]);

describe('after kill -9 of the supervisor', () => {
  it('a service goes on, is adopted with its history and stopped by the next supervisor', async () => {
    const first = await startSupervisor([chatty()]);
    const pid = first.statuses[0]?.pid;
    await kill(first.child);
    const absent = createAbsentSupervisor({ host: host(), filesystem: createFilesystem(), stateFile: stateFile() });
    expect(await absent.status(chatty())).toMatchObject({ active: true, pid });
    const second = await startSupervisor([chatty()]);
    expect(second.statuses[0]).toMatchObject({ active: true, pid, since: first.statuses[0]?.since, restarts: 0 });
    expect(starts()).toEqual([String(pid)]);
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
    expect(isLive(readProcess(pid ?? 0))).toBe(false);
    expect(await absent.status(chatty())).toMatchObject({ active: false, pid: null });
    await absent.start(chatty()); // and without a supervisor nothing is started
    expect(starts()).toHaveLength(1);
  });

  it('an adopted service that dies is started again', async () => {
    const first = await startSupervisor([chatty()]);
    const pid = first.statuses[0]?.pid ?? 0;
    await kill(first.child);
    await startSupervisor([chatty()]);
    process.kill(pid, 'SIGKILL'); // the one this test started
    await waitUntil('it runs again', () => starts().length === 2);
  });

  it('a service of another version, or no longer in the settings, is ended', async () => {
    const gone = commandService('gone', ['sh', '-c', 'echo $$ > gone.txt; exec sleep 300']);
    const first = await startSupervisor([chatty(), gone]);
    await kill(first.child);
    const second = await startSupervisor([chatty()], 'versions/2');
    expect(second.statuses[0]).toMatchObject({ active: true });
    expect(second.statuses[0]?.pid).not.toBe(first.statuses[0]?.pid);
    await waitUntil('the new one has begun', () => starts().length === 2);
    const absent = createAbsentSupervisor({ host: host(), filesystem: createFilesystem(), stateFile: stateFile() });
    expect(await absent.status(gone)).toMatchObject({ active: false });
    expect(isLive(readProcess(Number(readFileSync(join(folder, 'gone.txt'), 'utf8'))))).toBe(false);
  });

  it('a service that no update has touched is adopted from the version it runs from', async () => {
    const first = await startSupervisor([chatty()]);
    await kill(first.child);
    const second = await startSupervisor([chatty()], 'versions/2', 'versions/1');
    expect(second.statuses[0]?.pid).toBe(first.statuses[0]?.pid);
    await kill(second.child);
    const third = await startSupervisor([chatty()], 'versions/2', 'versions/1');
    expect(third.statuses[0]?.pid).toBe(first.statuses[0]?.pid);
  });

  it('a hardware service is adopted whatever version it came from', async () => {
    const meter = { ...chatty(), kind: 'hardware' as const };
    const first = await startSupervisor([meter]);
    await kill(first.child);
    const second = await startSupervisor([meter], 'versions/2');
    expect(second.statuses[0]?.pid).toBe(first.statuses[0]?.pid);
  });

  it('killed between the start and its record: the process is found by its environment', async () => {
    const first = await startSupervisor([chatty()]);
    await kill(first.child);
    const record = JSON.parse(readFileSync(stateFile(), 'utf8'));
    record.services[0].pid = null;
    record.services[0].start_time = null;
    writeFileSync(stateFile(), JSON.stringify(record));
    const second = await startSupervisor([chatty()]);
    expect(second.statuses[0]?.pid).toBe(first.statuses[0]?.pid);
    expect(starts()).toHaveLength(1);
  });

  it('a pid that belongs to another process by now is neither adopted nor signalled', async () => {
    const first = await startSupervisor([chatty()]);
    await kill(first.child);
    const record = JSON.parse(readFileSync(stateFile(), 'utf8'));
    const left = record.services[0].pid;
    record.services[0].start_time = '1';
    writeFileSync(stateFile(), JSON.stringify(record));
    const second = await startSupervisor([chatty()]);
    expect(second.statuses[0]?.pid).not.toBe(left);
    expect(isLive(readProcess(left))).toBe(true);
    process.kill(-left, 'SIGKILL'); // the one this test started
  });

  it('pids of another boot mean nothing', async () => {
    const first = await startSupervisor([chatty()]);
    await kill(first.child);
    const left = first.statuses[0]?.pid ?? 0;
    writeFileSync(stateFile(), readFileSync(stateFile(), 'utf8').replace(/"boot_id": "[^"]*"/u, '"boot_id": "another"'));
    const second = await startSupervisor([chatty()]);
    expect(second.statuses[0]?.pid).not.toBe(left);
    process.kill(-left, 'SIGKILL'); // the one this test started
  });
});
