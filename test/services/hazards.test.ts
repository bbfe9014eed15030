// What real processes cannot be made to do on demand: a process that survives SIGKILL, a full disk, a kill between two records.
import { describe, expect, it } from 'vitest';
import { createEmbeddedSupervisor, type EmbeddedSupervisor } from '../../src/services/embedded.js';
import { parseSupervisorRecord, printSupervisorRecord } from '../../src/services/supervisor-record.js';
import { restartDelayMs } from '../../src/services/supervise.js';
import type { Filesystem } from '../../src/domain/ports.js';
import type { ProcessIdentity, ServiceExit, ServiceHost, ServiceProcess } from '../../src/domain/service-host.js';
import type { ServiceSettings } from '../../src/domain/settings.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { autoClock } from '../support/services/auto-clock.js';
import { memoryLog } from '../support/services/memory-log.js';
import { commandService } from '../support/services/settings.js';
import { waitUntil } from '../support/services/wait-until.js';

interface FakeProcess extends ServiceProcess { alive: boolean; immortal: boolean; readonly signals: string[]; die(exit?: ServiceExit): void }

function fakeProcess(pid: number): FakeProcess {
  let resolve: (exit: ServiceExit) => void = () => undefined;
  const process: FakeProcess = {
    pid, startTime: `t${pid}`, alive: true, immortal: false, signals: [], exited: new Promise((done) => { resolve = done; }),
    groupAlive: () => process.alive,
    signalGroup: (signal) => { process.signals.push(signal); if (!process.immortal) process.die({ code: null, signal }); },
    signal: (signal) => { process.signals.push(signal); },
    die: (exit = { code: 1, signal: null }) => { process.alive = false; resolve(exit); },
  };
  return process;
}

function fakeWorld(files = new Map<string, string>()) {
  const processes: FakeProcess[] = [];
  const log = memoryLog();
  const clock = autoClock();
  const world = {
    processes, log, clock, files, diskFull: false, spawnError: undefined as Error | undefined,
    supervise(service: ServiceSettings): EmbeddedSupervisor {
      const host: ServiceHost = {
        bootId: () => 'boot', find: () => processes.filter(({ alive }) => alive), recognises: ({ pid }) => processes.some((one) => one.pid === pid && one.alive),
        spawn: async () => {
          if (world.spawnError !== undefined) throw world.spawnError;
          const process = fakeProcess(100 + processes.length);
          processes.push(process);
          return process;
        },
        adopt: (identity: ProcessIdentity) => processes.find((one) => one.pid === identity.pid && one.startTime === identity.startTime && one.alive),
        output: () => ({ collect: () => ({ lines: [], skipped: 0 }), mark: () => undefined, tail: () => ['last words'] }),
      };
      const filesystem: Filesystem = {
        ...createFilesystem(), makeDirectory: () => undefined,
        stat: (path) => (files.has(path) ? { kind: 'file', mode: 0o644, size: 1, device: 1, inode: 1, mtimeMs: 0, links: 1 } : undefined),
        readText: (path) => files.get(path) ?? '',
        writeDurably: (path, content) => { if (world.diskFull) throw new Error('ENOSPC'); files.set(path, String(content)); },
      };
      return createEmbeddedSupervisor({ services: [service], host, filesystem, clock, log, folderOf: () => '/app', stateFile: '/run/services.json', environment: {}, generation: () => 'v1', accepts: () => false });
    },
  };
  return world;
}
const web = commandService('web', ['x']);
const alive = (world: ReturnType<typeof fakeWorld>): number => world.processes.filter((process) => process.alive).length;

describe('the embedded supervisor in trouble', () => {
  it('tells of a process that survives SIGKILL, and never starts a second one beside it', async () => {
    const world = fakeWorld();
    const supervisor = world.supervise(web);
    await supervisor.start(web);
    const [first] = world.processes;
    if (first === undefined) throw new Error('not started');
    first.immortal = true;
    await expect(supervisor.stop(web)).rejects.toMatchObject({ code: 'service-stop' });
    expect(first.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(await supervisor.status(web)).toMatchObject({ active: false, pid: first.pid });
    await expect(supervisor.start(web)).rejects.toMatchObject({ code: 'service-stop' });
    expect(world.processes).toHaveLength(1);
    first.immortal = false;
    await supervisor.start(web);
    expect([world.processes.length, alive(world)]).toEqual([2, 1]);
    await supervisor.stopAll();
  });

  it('keeps services running when its file cannot be written', async () => {
    const world = fakeWorld();
    world.diskFull = true;
    const supervisor = world.supervise(web);
    await supervisor.start(web);
    expect(await supervisor.status(web)).toMatchObject({ active: true });
    expect(world.log.lines.some((line) => line.includes('cannot write /run/services.json: ENOSPC'))).toBe(true);
    await supervisor.stopAll();
  });

  it('tries a service that cannot be spawned again with growing delays, until it is told to stop', async () => {
    const world = fakeWorld();
    world.spawnError = new Error('EAGAIN');
    const supervisor = world.supervise(web);
    await expect(supervisor.start(web)).rejects.toMatchObject({ code: 'service-start', message: 'cannot start web: EAGAIN; last output: last words' });
    await waitUntil('a few tries', async () => (await supervisor.status(web)).restarts >= 4);
    expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual([1, 2, 3, 4].map(restartDelayMs).reduce((sum, ms) => sum + ms));
    world.spawnError = undefined;
    await waitUntil('it runs', async () => (await supervisor.status(web)).active);
    await supervisor.stop(web);
    expect(alive(world)).toBe(0);
    await supervisor.stopAll();
  });

  it('killed at any write of its file: the next one never runs a service twice', async () => {
    const writes: string[] = [];
    const recording = fakeWorld(Object.assign(new Map<string, string>(), {}));
    const set = recording.files.set.bind(recording.files);
    recording.files.set = (path, text) => { writes.push(text); return set(path, text); };
    const first = recording.supervise(web);
    await first.start(web);
    recording.processes[0]?.die();
    await waitUntil('restarted', async () => (await first.status(web)).restarts === 1 && (await first.status(web)).active);
    expect(writes.length).toBeGreaterThanOrEqual(5);
    const live = recording.processes.filter((process) => process.alive);
    expect(live).toHaveLength(1);
    for (const text of writes) {
      const record = parseSupervisorRecord(text);
      expect(record).toBeDefined();
      const next = fakeWorld(new Map([['/run/services.json', text]]));
      const [named] = record?.services ?? [];
      // What runs in that instant: the process named, or, where a start was only announced, perhaps one without a record.
      if (named !== undefined) next.processes.push(fakeProcess(named.process?.pid ?? 100));
      const second = next.supervise(web);
      await second.startAll();
      expect(alive(next)).toBe(1);
      expect(next.processes).toHaveLength(1);
      await second.stopAll();
      expect(alive(next)).toBe(0);
    }
    await first.stopAll();
  });
});

describe('the supervisor\'s record', () => {
  it('reads what it prints', () => {
    const record = { bootId: 'b', services: [{ name: 'ü "x"', process: { pid: 7, startTime: '9' }, since: 's', restarts: 2, generation: 'g' }, { name: 'y', process: null, since: '', restarts: 0, generation: '' }] };
    expect(parseSupervisorRecord(printSupervisorRecord(record))).toEqual(record);
  });
  it.each([0, 1, -5, 1.5, 2 ** 60, '7', true])('never reads pid %j', (pid) => {
    const text = JSON.stringify({ format: 1, boot_id: 'b', services: [{ name: 'a', pid, start_time: '1', since: '', restarts: 0, generation: '' }] });
    expect(parseSupervisorRecord(text)).toBeUndefined();
  });
});
