// What a killed bridge must find again: the app's seat beside a program at the PTY link, a TCP port somebody else has taken, a device that
// was pulled out with no keeper there, its own files gone, and no koffi at all.
import { closeSync, constants, cpSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import koffi from 'koffi';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { askBridge } from '../../../src/bridge/inspect.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import { firstWrong, LANE_IN } from '../../support/bridge/pattern.js';
import { Rig } from '../../support/bridge/scenario.js';

const TCGETS2 = 0x802c_542a, TERMIOS_BYTES = 44;

let built: Bundle;
let rig: Rig;
beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });
afterEach(async () => { await rig.close(); });

async function start(...extra: string[]): Promise<void> {
  rig = new Rig(built, 'bridge', 0);
  await rig.startBridge(115_200, extra);
}

const listen = (port: number): Promise<Server> => new Promise((done, reject) => {
  const server = createServer((socket) => socket.destroy()).once('error', reject).listen(port, '127.0.0.1', () => { done(server); });
});

async function killBridge(): Promise<void> {
  const pid = await rig.pid();
  process.kill(pid, 'SIGKILL');
  await rig.pid(pid);
}

it('an app finds its seat again, though a program has the PTY link open', async () => {
  await start();
  const client = await connectBridge({ path: rig.socket, client: 'the app' });
  const file = openSync(rig.link, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  await rig.device.ask({ do: 'run', bytesPerMs: 11.52, limit: 4000 });
  let [end, killed] = [0, false];
  for await (const chunk of client) {
    expect(chunk.offset).toBe(end);
    expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
    end = chunk.offset + chunk.data.length;
    client.ack(end);
    if (end === 4000) break;
    if (killed) continue;
    killed = true;
    await killBridge();
  }
  expect((await rig.report())?.consumer).toBe('the app');
  expect(() => readSync(file, Buffer.alloc(10), 0, 10, null)).toThrow(/EAGAIN/);
  client.close();
  closeSync(file);
});

it('a TCP port that is taken is told, and costs the line nothing; it is served when it is free', async () => {
  const taken = await listen(0);
  const { port } = taken.address() as AddressInfo;
  await start('--tcp', String(port));
  await expect.poll(() => rig.bridge.errors.join(''), { timeout: 15_000 }).toMatch(new RegExp(`cannot listen on 127.0.0.1:${port}`, 'u'));
  expect(await rig.report()).toMatchObject({ attached: true, reading: true, tcp: null });
  await new Promise((done) => { taken.close(done); });
  await expect.poll(async () => (await rig.report())?.tcp, { timeout: 15_000 }).toBe(port);
  const socket = createConnection({ host: '127.0.0.1', port });
  await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 500 });
  let got = 0;
  await new Promise<void>((done) => { socket.on('data', (bytes: Buffer) => { got += bytes.length; if (got === 500) done(); }); });
  socket.destroy();
});

it('without a keeper, too, a device may go and come back: a new epoch, in the same process', async () => {
  rig = new Rig(built, 'bridge', 0);
  const link = join(rig.directory, 'dev');
  symlinkSync(String((await rig.device.first)['path']), link);
  await rig.startBridge(115_200, ['--no-keeper'], link);
  const pid = await rig.pid();
  const client = await connectBridge({ path: rig.socket });
  const changes: string[] = [];
  client.on('down', () => changes.push('down')).on('epoch', ({ previous }) => { if (previous !== null) changes.push('epoch'); });
  rmSync(link);
  await rig.device.ask({ do: 'hangup' });
  await expect.poll(() => changes, { timeout: 15_000 }).toEqual(['down']);
  const next = new JsonChild(process.execPath, [built.path('device')]);
  symlinkSync(String((await next.first)['path']), link);
  await expect.poll(() => changes, { timeout: 15_000 }).toEqual(['down', 'epoch']);
  await next.ask({ do: 'run', bytesPerMs: 50, limit: 300 });
  for await (const chunk of client) if (chunk.offset + chunk.data.length === 300) break;
  expect(await client.write('0123456789')).toMatchObject({ end: 10 });
  expect(await rig.pid()).toBe(pid);
  client.close();
  await next.kill();
});

it('sets the line as it was told, whatever was there before', async () => {
  rig = new Rig(built, 'bridge', 0);
  const port = String((await rig.device.first)['path']);
  execFileSync('stty', ['-F', port, 'sane', '9600', 'hupcl', 'ixon']);
  await rig.startBridge(250_000, ['--stop-bits', '2', '--rtscts'], port);
  // A PTY's driver keeps 8 data bits and no parity whatever it is told.
  const set = execFileSync('stty', ['-a', '-F', port], { encoding: 'utf8' });
  expect(set.split(/\s+/u)).toEqual(expect.arrayContaining(['-hupcl', 'cstopb', 'crtscts', 'clocal', '-ixon', '-icanon', '-echo', '-opost', '-icrnl']));
  // The speed is no standard one, so stty cannot tell it.
  const file = openSync(port, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const settings = Buffer.alloc(TERMIOS_BYTES);
  koffi.load(null).func('int ioctl(int, ulong, void*)')(file, TCGETS2, settings);
  closeSync(file);
  expect([settings.readUInt32LE(36), settings.readUInt32LE(40)]).toEqual([250_000, 250_000]);
});

/** The bridge alone, with only these of its packages. */
function installBridge(...packages: string[]): { place: string; installed: Bundle } {
  const place = mkdtempSync(join(tmpdir(), 'hlk-'));
  for (const name of packages) {
    mkdirSync(dirname(join(place, 'node_modules', name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(place, 'node_modules', name));
  }
  cpSync(built.path('bridge'), join(place, 'bridge.mjs'));
  return { place, installed: { directory: place, path: (name) => (name === 'bridge' ? join(place, 'bridge.mjs') : built.path(name)), remove: () => undefined } };
}

it('its own files may vanish under it: everything it does is loaded', async () => {
  const { place, installed } = installBridge('koffi');
  rig = new Rig(installed, 'bridge', 0);
  const link = join(rig.directory, 'dev');
  symlinkSync(String((await rig.device.first)['path']), link);
  await rig.startBridge(115_200, ['--no-keeper'], link);
  rmSync(place, { recursive: true });
  const client = await connectBridge({ path: rig.socket });
  const epochs: string[] = [];
  client.on('epoch', ({ previous, epoch }) => { if (previous !== null) epochs.push(epoch); });
  rmSync(link);
  await rig.device.ask({ do: 'hangup' });
  const next = new JsonChild(process.execPath, [built.path('device')]);
  symlinkSync(String((await next.first)['path']), link);
  await expect.poll(() => epochs.length, { timeout: 15_000 }).toBe(1);
  expect(await client.write('0123456789')).toMatchObject({ end: 10 });
  const file = openSync(rig.link, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  client.close();
  closeSync(file);
  await expect(askBridge(rig.socket, { type: 'upgrade' }, 10_000)).resolves.toMatchObject({ type: 'error', code: 'upgrade-failed' });
  expect((await rig.report())?.attached).toBe(true);
  await next.kill();
});

it('where koffi is not installed the bridge says what it cannot promise, and works', async () => {
  const { place, installed } = installBridge('@serialport/bindings-cpp');
  rig = new Rig(installed, 'bridge', 0);
  try {
    await rig.startBridge(115_200);
    expect(await rig.report()).toMatchObject({ mode: 'plain', keeper: 'none', pty: null });
    expect(rig.bridge.errors.join('')).toMatch(/koffi cannot load here: .* can lose or double bytes/);
    const client = await connectBridge({ path: rig.socket });
    await rig.device.ask({ do: 'run', bytesPerMs: 11.52, limit: 1000 });
    for await (const chunk of client) {
      expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
      if (chunk.offset + chunk.data.length === 1000) break;
    }
    client.close();
  } finally {
    rmSync(place, { recursive: true });
  }
});
