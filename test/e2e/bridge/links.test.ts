// Unchanged programs at the PTY link and the TCP port, unplugging, and what a wrong start is told.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import { firstWrong, LANE_IN, LANE_OUT, pattern } from '../../support/bridge/pattern.js';
import { Rig } from '../../support/bridge/scenario.js';

let built: Bundle;
let rig: Rig;
beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });
afterEach(async () => { await rig.close(); });

async function start(...extra: string[]): Promise<void> {
  rig = new Rig(built, 'bridge', 0);
  await rig.startBridge(115_200, extra);
}

/** Reads like a plain program: a descriptor and read(). */
async function readSome(file: number, bytes: number): Promise<Buffer> {
  const out = Buffer.alloc(bytes);
  for (let at = 0, tries = 0; at < bytes; tries += 1) {
    if (tries > 2000) throw new Error(`only ${at} of ${bytes} bytes came`);
    try {
      at += readSync(file, out, at, bytes - at, null);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      await sleep(5);
    }
  }
  return out;
}

const open = (path: string): number => openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);

describe('a program at the PTY link', () => {
  it('reads and writes as at the port, and outlives a killed and an upgraded bridge without a hang-up', async () => {
    await start();
    const file = open(rig.link);
    await rig.device.ask({ do: 'run', bytesPerMs: 11.52, limit: 6000 });
    const got = [await readSome(file, 2000)];
    const pid = await rig.pid();
    process.kill(pid, 'SIGKILL');
    writeSync(file, pattern(0, 500, LANE_OUT));
    const second = await rig.pid(pid);
    got.push(await readSome(file, 2000));
    execFileSync(process.execPath, [built.path('bridge'), 'upgrade', 'p', '--socket-dir', rig.directory]);
    await rig.pid(second);
    writeSync(file, pattern(500, 500, LANE_OUT));
    got.push(await readSome(file, 2000));
    expect(firstWrong(Buffer.concat(got), 0, LANE_IN)).toBe(-1);
    await expect.poll(async () => (await rig.device.ask({ do: 'look' }))['received'], { timeout: 15_000 }).toBe(1000);
    expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
    closeSync(file);
  });

  it('gets what came while it was away, and may come, write and go at once', async () => {
    await start();
    await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 3000 });
    await expect.poll(async () => (await rig.report())?.streams[0]?.received, { timeout: 15_000 }).toBe(3000);
    const file = open(rig.link);
    expect(firstWrong(await readSome(file, 3000), 0, LANE_IN)).toBe(-1);
    closeSync(file);
    execFileSync('/bin/sh', ['-c', 'printf abcd > "$1"', 'sh', rig.link]);
    await expect.poll(async () => (await rig.device.ask({ do: 'look' }))['received'], { timeout: 15_000 }).toBe(4);
  });

  it('has no seat while an app has it; a second app is refused', async () => {
    await start();
    const client = await connectBridge({ path: rig.socket });
    const file = open(rig.link);
    await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 100 });
    for await (const chunk of client) if (chunk.offset + chunk.data.length === 100) break;
    expect(() => readSync(file, Buffer.alloc(10), 0, 10, null)).toThrow(/EAGAIN/);
    await expect.poll(() => rig.bridge.errors.join(''), { timeout: 15_000 }).toMatch(/seat is taken/);
    client.close();
    closeSync(file);
  });
});

it('raw TCP on the loopback address', async () => {
  const probe = await new Promise<number>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: 1 }).on('error', () => { resolve(20_000 + (process.pid % 20_000)); });
    socket.on('connect', () => { socket.destroy(); resolve(29_999); });
  });
  await start('--tcp', String(probe));
  const socket = createConnection({ host: '127.0.0.1', port: probe });
  const parts: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => { parts.push(bytes); });
  await new Promise((resolve) => { socket.on('connect', resolve); });
  await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 2000 });
  socket.write(pattern(0, 300, LANE_OUT));
  await expect.poll(() => Buffer.concat(parts).length, { timeout: 15_000 }).toBe(2000);
  expect(firstWrong(Buffer.concat(parts), 0, LANE_IN)).toBe(-1);
  await expect.poll(async () => (await rig.device.ask({ do: 'look' }))['received'], { timeout: 15_000 }).toBe(300);
  socket.destroy();
});

describe('unplugging', () => {
  it('is told at once, costs no CPU, and the next device is a new epoch', async () => {
    rig = new Rig(built, 'bridge', 0);
    const first = String((await rig.device.first)['path']);
    const link = join(rig.directory, 'dev');
    execFileSync('ln', ['-s', first, link]);
    rig.bridge = new JsonChild(process.execPath, [built.path('bridge'), 'run', '--name', 'p', '--port', link, '--socket-dir', rig.directory]);
    await rig.pid();
    const client = await connectBridge({ path: rig.socket });
    const down = new Promise<number>((resolve) => { client.once('down', () => { resolve(performance.now()); }); });
    const epochs: string[] = [];
    client.on('epoch', (change) => { epochs.push(change.epoch); });
    await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 500 });
    for await (const chunk of client) if (chunk.offset + chunk.data.length === 500) break;
    rmSync(link);
    await rig.device.ask({ do: 'hangup' });
    await down;
    await expect.poll(async () => (await rig.report())?.attached, { timeout: 10_000 }).toBe(false);
    const before = await rig.pid();
    const used = (): number => Number(execFileSync('cat', [`/proc/${before}/stat`]).toString().split(' ')[13]);
    const ticks = used();
    await sleep(500);
    expect(used() - ticks).toBeLessThan(20);
    const next = new JsonChild(process.execPath, [built.path('device')]);
    execFileSync('ln', ['-s', String((await next.first)['path']), link]);
    await expect.poll(() => epochs.length, { timeout: 15_000 }).toBe(1);
    await next.ask({ do: 'run', bytesPerMs: 50, limit: 300 });
    for await (const chunk of client) {
      expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
      if (chunk.offset + chunk.data.length === 300) break;
    }
    client.close();
    await next.kill();
  });
});

describe('a wrong start is told why', () => {
  const run = (...argv: string[]): { status: number | null; text: string } => {
    const { status, stderr } = spawnSync(process.execPath, [built.path('bridge'), 'run', '--name', 'q', '--socket-dir', rig.directory, ...argv], { encoding: 'utf8', timeout: 20_000 });
    return { status, text: stderr };
  };

  it.each([
    ['no such device', 1, /no such device/, ['--port', '/dev/ttyNOPE']],
    ['not a tty', 2, /not a serial port/, ['--port', '/dev/null']],
    ['a wrong speed', 2, /--baud/, ['--port', '/dev/null', '--baud', 'quick']],
    ['an unknown flag', 2, /nonsense/, ['--port', '/dev/null', '--nonsense']],
  ])('%s', async (_what, status, text, argv) => {
    await start();
    expect(run(...argv)).toMatchObject({ status, text: expect.stringMatching(text) as string });
  });

  it('a port another bridge holds, and a name a live bridge has', async () => {
    await start();
    const busy = run('--port', rig.port);
    expect(busy).toMatchObject({ status: 75 });
    expect(busy.text).toMatch(/is held by .*\(pid [0-9]+\)/);
    const twice = spawnSync(process.execPath, [built.path('bridge'), 'run', '--name', 'p', '--socket-dir', rig.directory, '--port', rig.port], { encoding: 'utf8' });
    expect(twice.status).toBe(75);
    expect(twice.stderr).toMatch(/a live one serves/);
    expect((await rig.report())?.attached).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('a port without permission: the group is named', async () => {
    await start();
    execFileSync('chmod', ['600', rig.port]);
    const child = spawn(process.execPath, [built.path('bridge'), 'run', '--name', 'q', '--no-keeper', '--no-pty', '--socket-dir', '/tmp/holdline-nobody', '--port', rig.port], { uid: 65_534, gid: 65_534, stdio: ['ignore', 'ignore', 'pipe'] });
    const text = await new Promise<string>((resolve) => { let all = ''; child.stderr.on('data', (part: Buffer) => { all += part.toString(); }).on('end', () => { resolve(all); }); });
    expect(text).toMatch(/no permission; it belongs to the group \w+/);
    rmSync('/tmp/holdline-nobody', { recursive: true, force: true });
  });
});

it('works, with its limits told, where koffi cannot load', async () => {
  await start('--plain', '--no-keeper');
  const client = await connectBridge({ path: rig.socket });
  await rig.device.ask({ do: 'run', bytesPerMs: 11.52, limit: 3000 });
  const written = client.write(pattern(0, 700, LANE_OUT));
  for await (const chunk of client) {
    expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
    if (chunk.offset + chunk.data.length === 3000) break;
  }
  expect(await written).toMatchObject({ end: 700 });
  expect(rig.bridge.errors.join('')).toMatch(/koffi cannot load/);
  expect((await rig.report())?.mode).toBe('plain');
  client.close();
});
