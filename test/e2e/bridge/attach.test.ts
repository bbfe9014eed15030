// A person at a terminal: `bridge attach` on a PTY of its own, and what `bridge status` says meanwhile.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync, readSync, statSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { inspectBridge } from '../../../src/bridge/inspect.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { JsonChild } from '../../support/bridge/child.js';
import { openPty } from '../../support/bridge/open-pty.js';
import { LANE_IN, LANE_OUT, pattern } from '../../support/bridge/pattern.js';
import { Rig } from '../../support/bridge/scenario.js';

const LEAVE = '\x1d';
let built: Bundle;
let rig: Rig;
const people: Person[] = [];
beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });
beforeEach(async () => { rig = new Rig(built, 'bridge', 0); await rig.startBridge(115_200); });
afterEach(async () => {
  for (const person of people.splice(0)) person.leave();
  await rig.close();
});

const argv = (name = 'p'): string[] => [built.path('bridge'), 'attach', name, '--socket-dir', rig.directory];
const flagsOf = (path: string): string => execFileSync('stty', ['-a', '-F', path], { encoding: 'utf8' });

/** Someone who types on one end of a PTY; the other is the program's terminal. */
class Person {
  readonly #master: number;
  readonly path: string;
  readonly program: ChildProcess;
  readonly exited: Promise<number | null>;
  #seen = Buffer.alloc(0);
  notes = '';

  constructor(name = 'p') {
    const { master, path } = openPty();
    [this.#master, this.path] = [master, path];
    execFileSync('stty', ['-F', path, 'sane']);
    const terminal = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    this.program = spawn(process.execPath, argv(name), { stdio: [terminal, terminal, 'pipe'] });
    closeSync(terminal);
    this.program.stderr!.on('data', (text: Buffer) => { this.notes += text.toString(); });
    this.exited = new Promise((resolve) => { this.program.on('exit', resolve); });
    people.push(this);
  }

  type(keys: string | Buffer): void { writeSync(this.#master, Buffer.from(keys)); }
  get screen(): Buffer {
    const part = Buffer.alloc(65_536);
    try {
      this.#seen = Buffer.concat([this.#seen, part.subarray(0, readSync(this.#master, part, 0, part.length, null))]);
    } catch {
      // Nothing new.
    }
    return this.#seen;
  }
  leave(): void { this.program.kill('SIGKILL'); closeSync(this.#master); }
}

const seen = (person: Person, text: RegExp): Promise<void> => expect.poll(() => person.notes, { timeout: 15_000 }).toMatch(text);
/** A person's terminal moves to the line's begin by itself. */
const onScreen = (bytes: number): string => pattern(0, bytes, LANE_IN).toString('latin1').replaceAll('\n', '\r\n');
const received = async (): Promise<unknown> => (await rig.device.ask({ do: 'look' }))['received'];

it('shows what comes and sends what is typed, raw; ^] leaves and gives the terminal back', async () => {
  const person = new Person();
  await seen(person, /On the line. \^\] leaves/);
  expect(flagsOf(person.path)).toMatch(/-icanon/);
  await rig.device.ask({ do: 'run', bytesPerMs: 11.52, limit: 2000 });
  await expect.poll(() => person.screen.toString('latin1'), { timeout: 15_000 }).toBe(onScreen(2000));
  // All keys but the one that leaves, ^C and return among them.
  const keys = pattern(0, pattern(0, 4096, LANE_OUT).indexOf(LEAVE), LANE_OUT);
  expect(keys).toContain(3);
  expect(keys).toContain(13);
  person.type(keys);
  await expect.poll(received, { timeout: 15_000 }).toBe(keys.length);
  expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
  expect((await rig.report())?.consumer).toBe('bridge attach');
  person.type(LEAVE);
  expect(await person.exited).toBe(0);
  expect(flagsOf(person.path)).toMatch(/ icanon/);
});

it('says that the bridge has gone', async () => {
  const person = new Person();
  await seen(person, /On the line/);
  process.kill(await rig.pid(), 'SIGKILL');
  await seen(person, /The bridge has gone/);
  expect(await person.exited).toBe(0);
  expect(flagsOf(person.path)).toMatch(/ icanon/);
});

it('only watches while an app has the line', async () => {
  const client = await connectBridge({ path: rig.socket, client: 'the app' });
  const person = new Person();
  await seen(person, /watching only/);
  await seen(person, /On the line/);
  await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 100 });
  await expect.poll(() => person.screen.toString('latin1'), { timeout: 15_000 }).toBe(onScreen(100));
  person.type('typed');
  person.type(LEAVE);
  expect(await person.exited).toBe(0);
  expect(await received()).toBe(0);
  client.close();
});

it('may type again when the device is back', async () => {
  const port = join(rig.directory, 'dev');
  const waiting = new JsonChild(process.execPath, [built.path('bridge'), 'run', '--name', 'w', '--port', port, '--wait', '--no-keeper', '--socket-dir', rig.directory]);
  const device = new JsonChild(process.execPath, [built.path('device')]);
  try {
    await expect.poll(async () => (await inspectBridge(join(rig.directory, 'w.sock'), 'w')).detail, { timeout: 15_000 }).toMatch(/waiting for the device/);
    const person = new Person('w');
    await seen(person, /The line is down; waiting for the device/);
    symlinkSync(String((await device.first)['path']), port);
    await seen(person, /The device is back/);
    person.type('hello');
    await expect.poll(async () => (await device.ask({ do: 'look' }))['received'], { timeout: 15_000 }).toBe(5);
  } finally {
    await waiting.kill();
    await device.kill();
  }
});

it('a large paste from a pipe arrives whole', async () => {
  const bytes = pattern(0, 200_000, LANE_OUT);
  const child = spawn(process.execPath, argv(), { stdio: ['pipe', 'ignore', 'pipe'] });
  let notes = '';
  child.stderr!.on('data', (text: Buffer) => { notes += text.toString(); });
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(bytes);
  await expect.poll(received, { timeout: 20_000 }).toBe(bytes.length);
  expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
  expect(notes).toMatch(/\^C leaves/);
  child.kill('SIGKILL');
});

it('status tells people and programs how the line is', async () => {
  const status = (...more: string[]): { status: number | null; stdout: string } => spawnSync(process.execPath, [built.path('bridge'), 'status', '--socket-dir', rig.directory, ...more], { encoding: 'utf8' });
  expect(statSync(rig.socket).mode & 0o777).toBe(0o660);
  const client = await connectBridge({ path: rig.socket, client: 'the app' });
  await rig.device.ask({ do: 'run', bytesPerMs: 50, limit: 700 });
  for await (const chunk of client) if (chunk.offset + chunk.data.length === 700) break;
  client.ack(300);
  expect(await client.write('0123456789')).toMatchObject({ end: 10 });
  const said = JSON.parse(status('p', '--json').stdout) as { bridges: Record<string, unknown>[] };
  expect(said.bridges).toMatchObject([{
    name: 'p', attached: true, reading: true,
    report: {
      port: rig.port, baud: 115_200, keeper: 'shell', mode: 'native', consumer: 'the app', tcp: null,
      streams: [{ received: 700, delivered: 700, acknowledged: 300, dropped: 0, held: 400, written: 10, confirmed: 10, unsent: 0 }],
    },
  }]);
  expect(status().stdout).toMatch(/received 700 = acknowledged 300 \+ dropped 0 \+ held 400; delivered 700/);
  expect(status('nobody')).toMatchObject({ status: 1, stdout: expect.stringMatching(/nobody: does not answer/) as string });
  client.close();
});
