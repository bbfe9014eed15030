// What processes use, read from the real /proc: a group with children, one that spins, one that has gone.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createUsageReader, parseUsage, parseWait } from '../../src/platform/process-usage.js';
import { writeFiles } from '../support/device-world.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const children: ChildProcess[] = [];
afterEach(() => { for (const child of children.splice(0)) if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL'); });

async function start(script: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const reader = createUsageReader();
const read = (pid: number): ReturnType<ReturnType<typeof reader.read>['get']> => reader.read([{ name: 'it', pid, unit: null }]).get('it');

it('counts the whole group: what a child holds is the service\'s', async () => {
  const small = await start('echo up; sleep 60');
  const child = await start(`"${process.execPath}" -e 'const held = Buffer.alloc(30e6, 1); console.log("up"); setInterval(() => held, 1e6)' & wait`);
  expect(read(small)?.rss).toBeLessThan(15e6);
  expect(read(child)?.rss).toBeGreaterThan(40e6);
});

it('sees one that spins, in seconds of processor time', async () => {
  const pid = await start('echo up; while :; do :; done');
  let last = read(pid)?.cpuSeconds ?? 0;
  const first = last;
  while (last < first + 0.2) { await new Promise((resolve) => { setTimeout(resolve, 20); }); last = read(pid)?.cpuSeconds ?? 0; }
  expect(last).toBeGreaterThan(first);
}, 60_000);

it('has nothing to say of one that is gone', async () => {
  const pid = await start('echo up; exit 0');
  const child = children.at(-1);
  if (child?.exitCode === null) await once(child, 'exit');
  expect(read(pid)).toBeUndefined();
});

it('takes a unit that is not in a group of its own for its main process', () => {
  const usage = reader.read([{ name: 'us', pid: process.pid, unit: 'no-such.service' }]).get('us');
  const ours = process.memoryUsage.rss();
  expect(usage?.rss).toBeGreaterThan(ours / 2);
  expect(usage?.rss).toBeLessThan(ours * 2);
  expect(usage?.cpuSeconds).toBeGreaterThan(0);
});

describe('a unit', () => {
  let root: string;
  beforeEach(() => { root = makeTempFolder('cgroups'); });
  afterEach(() => removeTempFolder(root));
  /** A pid nobody may see, as those of other users are under ProtectProc. */
  const HIDDEN = 4_194_305;
  const FULL = { 'cgroup.procs': `${HIDDEN}\n`, 'cpu.stat': 'usage_usec 2500000\nuser_usec 2000000\n', 'cpu.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=750000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n', 'memory.stat': 'anon 52428800\nfile 999999999\n' };
  const group = (path: string, files: Readonly<Record<string, string>> = FULL): void => writeFiles(join(root, path), files);
  const readUnit = (unit: string, pid = HIDDEN): ReturnType<typeof read> => createUsageReader(root).read([{ name: 'it', pid, unit }]).get('it');
  it.each([['app.service', 'system.slice/app.service'], ['app@1.service', 'system.slice/system-app.slice/app@1.service'], ['my-app@a.service', 'system.slice/system-my\\x2dapp.slice/my-app@a.service']])('%s is read from its control group, though its processes are not to be seen', (unit, path) => {
    group(path);
    expect(readUnit(unit)).toEqual({ rss: 52_428_800, cpuSeconds: 2.5, waitSeconds: 0.75 });
  });
  it('sums up its processes where the kernel does not account memory or pressure by group', () => {
    group('system.slice/app.service', { 'cgroup.procs': `${process.pid}\n`, 'cpu.stat': 'usage_usec 2500000\n' });
    expect(readUnit('app.service')).toMatchObject({ cpuSeconds: 2.5 });
    expect(readUnit('app.service')?.rss).toBeGreaterThan(10e6);
  });
  it('tells no memory where there is neither, and nothing of a unit without processes', () => {
    group('system.slice/app.service', { 'cgroup.procs': `${HIDDEN}\n`, 'cpu.stat': 'usage_usec 2500000\n' });
    expect(readUnit('app.service')).toEqual({ rss: 0, cpuSeconds: 2.5, waitSeconds: 0 });
    group('system.slice/app.service', { 'cgroup.procs': '' });
    expect(readUnit('app.service')).toBeUndefined();
  });
});

it('reads a line whose name holds blanks and brackets, and no further where it is of another group', () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 3));
  const line = (name: string, rest: readonly string[] = fields): Buffer => Buffer.from(`42 (${name}) ${rest.join(' ')}`);
  const usage = { group: 5, cpuSeconds: (14 + 15 + 16 + 17) / 100, rss: 24 * 16_384 };
  expect(parseUsage(line('a) b (c'), 16_384)).toEqual(usage);
  expect(parseUsage(line('web'), 16_384, new Map([[5, true]]))).toEqual(usage);
  expect(parseUsage(line('web'), 16_384, new Map([[6, true]]))).toBeUndefined();
  for (const broken of [Buffer.from('42 (gone)'), Buffer.from(''), line('web', fields.slice(0, 20))]) expect(parseUsage(broken, 4096)).toBeUndefined();
});

it('reads how long a process waited for a core; nothing where the kernel does not tell', () => {
  expect(parseWait(Buffer.from('123456 2500000000 17\n'))).toBe(2.5);
  for (const none of ['', '\n', '5']) expect(parseWait(Buffer.from(none))).toBe(0);
});
