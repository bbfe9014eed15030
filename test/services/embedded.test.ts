// Real processes, real signals; the clock is the machine's, and every wait is for an event.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/platform/clock.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { isGroupAlive, isLive, readProcess } from '../../src/platform/process-table.js';
import { createServiceHost } from '../../src/platform/spawn-service.js';
import { createEmbeddedSupervisor, type EmbeddedSupervisor } from '../../src/services/embedded.js';
import { serviceEnvironment } from '../../src/services/service-environment.js';
import type { ServiceSettings } from '../../src/domain/settings.js';
import { commandService } from '../support/services/settings.js';
import { memoryLog } from '../support/services/memory-log.js';
import { waitUntil } from '../support/services/wait-until.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const sh = (name: string, script: string, extra: Partial<ServiceSettings> = {}): ServiceSettings => commandService(name, ['sh', '-c', script], extra);

let folder: string;
let log: ReturnType<typeof memoryLog>;
let open: EmbeddedSupervisor[];

function supervise(...services: ServiceSettings[]): EmbeddedSupervisor {
  const supervisor = createEmbeddedSupervisor({
    services, log, clock: systemClock, filesystem: createFilesystem(), folderOf: () => folder, stateFile: join(folder, 'run', 'services.json'),
    host: createServiceHost({ logDirectory: join(folder, 'run', 'logs'), clock: systemClock }),
    environment: serviceEnvironment({ PATH: process.env['PATH'], GITHUB_TOKEN: 'secret' }, '/nowhere'), generation: () => 'versions/1', accepts: () => false,
  });
  open.push(supervisor);
  return supervisor;
}

beforeEach(() => { folder = makeTempFolder('embedded ü'); log = memoryLog(); open = []; });
afterEach(async () => {
  for (const supervisor of open) await supervisor.stopAll();
  removeTempFolder(folder);
});
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('the embedded supervisor', () => {
  it('starts in the folder with the settings\' environment, PATH and no secret, and stops with TERM', async () => {
    const service = sh('web', 'trap "echo bye > bye.txt; exit 0" TERM; env > env.txt; pwd -P > cwd.txt; touch ready; while :; do sleep 0.05; done', { env: { PORT: '80 80' } });
    const supervisor = supervise(service);
    await supervisor.start(service);
    await waitUntil('it has looked around', () => existsSync(join(folder, 'ready')));
    const status = await supervisor.status(service);
    expect(status).toMatchObject({ name: 'web', active: true, restarts: 0, detail: null });
    expect(read('env.txt')).toMatch(/^PORT=80 80$/mu);
    expect(read('env.txt')).toMatch(/^PATH=.*:\/nowhere$/mu);
    expect(read('env.txt')).not.toContain('GITHUB_TOKEN');
    expect(read('cwd.txt').trim()).toBe(folder);
    await supervisor.start(service);
    expect((await supervisor.status(service)).pid).toBe(status.pid);
    await supervisor.stop(service);
    expect(read('bye.txt')).toBe('bye\n');
    expect(await supervisor.status(service)).toMatchObject({ active: false, pid: null, since: null, detail: 'stopped' });
    await supervisor.stop(service);
  });

  it.each([
    ['no such program', ['/no/such/program'], /no such program/u],
    ['one that ends at once', ['sh', '-c', 'echo cannot read config >&2; exit 3'], /exit code 3.*cannot read config/u],
    ['one that is killed at once', ['sh', '-c', 'kill -9 $$'], /SIGKILL/u],
  ])('tells why a service does not start: %s', async (_case, command, message) => {
    const service = commandService('bad', command);
    const supervisor = supervise(service);
    await expect(supervisor.start(service)).rejects.toMatchObject({ code: 'service-start', message: expect.stringMatching(message) });
    expect(await supervisor.status(service)).toMatchObject({ active: false, detail: expect.stringMatching(message) });
    await supervisor.stop(service); // no restart comes after it
    expect(JSON.parse(read('run/services.json')).services).toEqual([]);
  });

  it('tells a service by its signal that its files changed, and the process stays; one that does not run is not told', async () => {
    const service = sh('web', 'trap "echo told >> told.txt" HUP; touch ready; while :; do sleep 0.05; done', { onChange: { signal: 'SIGHUP' } });
    const supervisor = supervise(service);
    await supervisor.reload(service);
    await supervisor.start(service);
    await waitUntil('it listens', () => existsSync(join(folder, 'ready')));
    const { pid } = await supervisor.status(service);
    await supervisor.reload(service);
    await waitUntil('it was told', () => existsSync(join(folder, 'told.txt')));
    expect(read('told.txt')).toBe('told\n');
    expect(await supervisor.status(service)).toMatchObject({ pid, active: true, restarts: 0 });
  });

  it('starts a service again that dies by itself, counts it and ends its orphans first', async () => {
    const service = sh('web', 'sleep 300 & echo $! >> orphans.txt; echo about to die; sleep 0.5; exit 9');
    const supervisor = supervise(service);
    await supervisor.start(service);
    const first = (await supervisor.status(service)).pid;
    await waitUntil('it was restarted', async () => (await supervisor.status(service)).restarts >= 1 && (await supervisor.status(service)).active);
    const status = await supervisor.status(service);
    expect(status.pid).not.toBe(first);
    expect(status.detail).toMatch(/exit code 9/u);
    const [orphan] = read('orphans.txt').split('\n').map(Number);
    expect(isLive(readProcess(orphan ?? 0))).toBe(false);
    expect(log.lines.some((line) => line.includes('starts again in 1 s'))).toBe(true);
    expect(log.lines).toContain('info about to die');
  });

  it('kills what ignores TERM after its stop_timeout, grandchildren too', async () => {
    const service = sh('stubborn', 'trap "" TERM; sh -c "trap : TERM; while :; do sleep 1; done" & echo ready; while :; do sleep 1; done', { stopTimeout: 0.3 });
    const supervisor = supervise(service);
    await supervisor.start(service);
    const pid = (await supervisor.status(service)).pid ?? 0;
    await supervisor.stop(service);
    expect(isGroupAlive(pid)).toBe(false);
  });

  it('ends grandchildren that outlive a service which obeys TERM', async () => {
    const service = sh('parent', 'sleep 300 & trap "exit 0" TERM; while :; do sleep 0.05; done');
    const supervisor = supervise(service);
    await supervisor.start(service);
    const pid = (await supervisor.status(service)).pid ?? 0;
    await supervisor.stop(service);
    expect(isGroupAlive(pid)).toBe(false);
  });

  it('stays bounded under a flood of output, and says so', async () => {
    const service = commandService('../flood', ['sh', '-c', 'yes "flood of lines" | head -c 20000000; sleep 300']);
    const supervisor = supervise(service);
    await supervisor.start(service);
    await waitUntil('the log was rotated', () => existsSync(join(folder, 'run/logs/%2e./flood.log'.replace('./', '.%2f') + '.1')));
    await waitUntil('it said so', () => log.lines.some((line) => line.includes('prints too fast')));
    await waitUntil('the file is short again', () => read('run/logs/%2e.%2fflood.log').length < 1024 * 1024);
    expect(read('run/logs/%2e.%2fflood.log.1').length).toBeLessThanOrEqual(1024 * 1024);
    expect(log.lines.filter((line) => line === 'info flood of lines').length).toBeLessThan(5_000);
  });

  it('runs start and stop of one service one after the other', async () => {
    const service = sh('web', 'while :; do sleep 0.05; done');
    const supervisor = supervise(service);
    await Promise.all([supervisor.start(service), supervisor.start(service), supervisor.stop(service), supervisor.start(service)]);
    const pids = log.lines.map((line) => Number(/started as process (\d+)$/u.exec(line)?.[1] ?? 0)).filter((pid) => pid > 0);
    expect(pids).toHaveLength(2);
    expect(pids.filter((pid) => isLive(readProcess(pid)))).toEqual([(await supervisor.status(service)).pid]);
  });

  it('starts and stops all along their dependencies, and goes on past one that does not start', async () => {
    const note = (name: string): string => `trap "echo -${name} >> order.txt; exit 0" TERM; echo +${name} >> order.txt; while :; do sleep 0.05; done`;
    const supervisor = supervise(sh('web', note('web'), { dependsOn: ['db', 'bad'] }), sh('db', note('db')), sh('bad', 'exit 1'));
    await supervisor.startAll();
    await waitUntil('both have begun', () => existsSync(join(folder, 'order.txt')) && ['+web', '+db'].every((line) => read('order.txt').includes(line)));
    await supervisor.stopAll();
    expect(read('order.txt').trim().split('\n').filter((line) => line.startsWith('-'))).toEqual(['-web', '-db']);
    const started = log.lines.filter((line) => line.includes('started as process')).map((line) => line.split(' ')[2]);
    expect(started.indexOf('db')).toBeLessThan(started.indexOf('web'));
    expect(log.lines.some((line) => line.startsWith('error cannot start bad'))).toBe(true);
  });

  it('starts nothing from a damaged or foreign state file, and signals nobody named in it', async () => {
    const service = sh('web', 'sleep 300');
    for (const text of ['{', '[]', '{"format":1,"boot_id":"x","services":[{"name":"web","pid":1,"start_time":"1","since":"","restarts":0,"generation":""}]}']) {
      createFilesystem().makeDirectory(join(folder, 'run'));
      writeFileSync(join(folder, 'run/services.json'), text);
      const supervisor = supervise(service);
      expect(await supervisor.status(service)).toMatchObject({ active: false });
    }
    expect(log.lines.filter((line) => line.includes('not readable'))).toHaveLength(3);
  });

  it('does not know a service it was started without', async () => {
    await expect(supervise().start(sh('web', 'true'))).rejects.toMatchObject({ code: 'internal' });
  });
});
