// Probes against real sockets and programs; the service probe against a controller told what to answer.
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../src/platform/clock.js';
import { createProcesses } from '../../src/platform/processes.js';
import { tcpConnect } from '../../src/platform/tcp-connect.js';
import { chooseProbes } from '../../src/health/choose-probes.js';
import { createProber } from '../../src/health/create-prober.js';
import { watchService } from '../../src/health/device-probes.js';
import type { BridgeInspector, ProbeResult } from '../../src/domain/ports.js';
import type { ServiceStatus } from '../../src/domain/results.js';
import type { HealthSettings } from '../../src/domain/settings.js';
import { autoClock } from '../support/services/auto-clock.js';
import { commandService, unitService } from '../support/services/settings.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const folder = makeTempFolder('probes');
afterAll(() => removeTempFolder(folder));
const open: (Server | TcpServer)[] = [];
afterEach(() => { for (const server of open.splice(0)) { server.close(); if ('closeAllConnections' in server) server.closeAllConnections(); } });

/** No answer is waited for this long unless the machine is busy. */
const ENOUGH_S = 20;
const never = new AbortController().signal;
const noBridge: BridgeInspector = { status: async () => [] };
async function probeOnce(probe: HealthSettings, signal = never, bridges = noBridge): Promise<ProbeResult> {
  const prober = createProber({
    health: [probe], services: [], installDir: folder, processes: createProcesses(), fetch, connect: tcpConnect, bridges, clock: systemClock,
    controller: { start: async () => undefined, stop: async () => undefined, reload: async () => undefined, status: async () => { throw new Error('no'); } },
  });
  const [result] = await prober.probe(signal);
  if (result === undefined) throw new Error('no result');
  return result;
}
const port = (server: Server | TcpServer): number => (server.address() as AddressInfo).port;
async function serve(listener: RequestListener): Promise<HealthSettings & { kind: 'http' }> {
  const server = createHttpServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { kind: 'http', name: 'health', url: `http://127.0.0.1:${port(server)}/health`, status: 200, timeout: ENOUGH_S };
}

describe('the http probe', () => {
  const cases: [string, RequestListener, number, boolean, RegExp][] = [
    ['answers', (_q, r) => r.end('ok'), 200, true, /^200: ok$/u],
    ['answers without a body', (_q, r) => { r.statusCode = 204; r.end(); }, 204, true, /^204$/u],
    ['answers 500 with a page', (_q, r) => { r.statusCode = 500; r.end('<h1>no\n\u001b[31mdatabase</h1>'); }, 200, false, /^500, expected 200: <h1>no \[31mdatabase<\/h1>$/u],
    ['answers the expected 401', (_q, r) => { r.statusCode = 401; r.end(); }, 401, true, /^401$/u],
    ['redirects', (_q, r) => { r.writeHead(302, { location: '/elsewhere' }); r.end(); }, 200, false, /^302, expected 200$/u],
    ['redirects as expected', (_q, r) => { r.writeHead(302, { location: 'http://192.0.2.1/' }); r.end(); }, 302, true, /^302$/u],
    ['never answers', () => undefined, 200, false, /no answer within 0.5 s/u],
    ['sends its head and trickles', (_q, r) => { r.write('a'); const timer = setInterval(() => r.write('a'), 50); r.on('close', () => clearInterval(timer)); }, 200, false, /no answer within 0.5 s/u],
    ['hangs up', (q) => q.socket.destroy(), 200, false, /other side closed|hang up|ECONNRESET/iu],
    ['floods', (_q, r) => { const write = (): void => { while (r.write('x'.repeat(65_536))); r.once('drain', write); }; write(); }, 200, true, /^200: x{400,}…$/u],
  ];
  it.each(cases)('a server that %s', async (_case, listener, status, ok, output) => {
    const timeout = output.source.includes('no answer') ? 0.5 : ENOUGH_S;
    expect(await probeOnce({ ...await serve(listener), status, timeout })).toEqual({ name: 'health', ok, output: expect.stringMatching(output) });
  });

  it('nobody listens', async () => {
    const settings = await serve((_q, r) => r.end());
    open.splice(0).forEach((server) => server.close());
    expect(await probeOnce(settings)).toMatchObject({ ok: false, output: expect.stringContaining('ECONNREFUSED') });
  });

  it('uses a fresh connection each time: a restarted server is not blamed for the old one\'s', async () => {
    const headers: (string | undefined)[] = [];
    const settings = await serve((q, r) => { headers.push(q.headers.connection); r.end(); });
    await probeOnce(settings);
    expect(headers).toEqual(['close']);
  });

  it('ends at once when interrupted', async () => {
    const controller = new AbortController();
    const look = probeOnce({ ...await serve(() => controller.abort()), timeout: 20 }, controller.signal);
    expect(await look).toMatchObject({ ok: false });
  });
});

describe('the tcp probe', () => {
  it('connects or says why not', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined));
    open.push(server);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const probe: HealthSettings = { kind: 'tcp', name: 'mqtt', host: '127.0.0.1', port: port(server), timeout: ENOUGH_S };
    expect(await probeOnce(probe)).toMatchObject({ name: 'mqtt', ok: true });
    await new Promise((resolve) => { server.close(resolve); });
    expect(await probeOnce(probe)).toMatchObject({ ok: false, output: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('the command probe', () => {
  it.each([
    ['exit 0', 'echo fine', true, 'exit code 0 | fine'],
    ['another exit code', 'echo one; echo two >&2; exit 4', false, 'exit code 4 | one | two'],
    ['a hang', 'echo begun; sleep 300', false, /^no end within 3 s [|] begun$/u],
  ])('%s, in the install folder', async (_case, script, ok, output) => {
    writeFileSync(join(folder, 'check.sh'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'check.sh'), 0o755);
    const result = await probeOnce({ kind: 'command', name: 'check', command: ['./check.sh'], timeout: typeof output === 'string' ? ENOUGH_S : 3 });
    expect(result).toMatchObject({ ok, output: typeof output === 'string' ? output : expect.stringMatching(output) });
  });
  it('a missing program is a failure, not a crash', async () => {
    expect(await probeOnce({ kind: 'command', name: 'check', command: ['./none'], timeout: 5 })).toMatchObject({ ok: false, output: expect.stringContaining('no such program') });
  });
});

describe('the bridge probe', () => {
  it.each([
    [true, true, true], [true, false, false], [false, true, false],
  ])('attached %s, reading %s: %s', async (attached, reading, ok) => {
    const bridges: BridgeInspector = { status: async () => [{ name: 'meter', attached, reading, detail: 'ttyUSB0' }] };
    expect(await probeOnce({ kind: 'bridge', name: 'b', bridge: 'meter', timeout: 1 }, never, bridges)).toMatchObject({ ok });
    expect(await probeOnce({ kind: 'bridge', name: 'b', bridge: 'other', timeout: 1 }, never, bridges)).toMatchObject({ ok: false, output: 'no bridge other runs' });
  });
});

describe('the service probe', () => {
  const run = (pid: number, restarts = 0): Partial<ServiceStatus> => ({ active: true, pid, restarts });
  const down = (restarts = 0): Partial<ServiceStatus> => ({ active: false, pid: null, restarts, detail: 'ended with exit code 9' });
  /** One look every 5 s. */
  async function look(activeFor: number, statuses: Partial<ServiceStatus>[]): Promise<string> {
    const clock = autoClock();
    const queue = [...statuses];
    const watch = watchService({ kind: 'service', name: 's', service: 'web', activeFor, timeout: 5 }, commandService('web', ['x']), {
      start: async () => undefined, stop: async () => undefined, reload: async () => undefined,
      status: async () => ({ name: 'web', kind: 'service', active: true, pid: 1, restarts: 0, since: null, detail: null, ...queue.shift() }),
    }, clock);
    let marks = '';
    for (const _ of statuses) { const { ok, pending } = await watch(); marks += ok ? '+' : pending === true ? '~' : '-'; clock.advance(5000); }
    return marks;
  }
  it.each([
    ['steady', 10, [run(1), run(1), run(1), run(1)], '~~++'],
    ['at once', 0, [run(1), run(1)], '++'],
    ['an old restart count is not ours', 0, [run(1, 7), run(1, 7)], '++'],
    ['slow to start', 5, [down(), down(), run(1), run(1)], '--~+'],
    ['dies before it passed, then stays', 10, [run(1), run(2, 1), run(2, 1), run(2, 1)], '~-~+'],
    ['dies after it passed', 5, [run(1), run(1), run(2, 1), run(2, 1), run(2, 1)], '~+---'],
    ['restarted by systemd between two looks', 0, [run(1), run(2)], '+-'],
    ['stops for good', 0, [run(1), down(), down()], '+--'],
  ])('%s', async (_case, activeFor, statuses, marks) => expect(await look(activeFor, statuses)).toBe(marks));
});

describe('chooseProbes', () => {
  const http: HealthSettings = { kind: 'http', name: 'h', url: 'http://x', status: 200, timeout: 5 };
  const command: HealthSettings = { kind: 'command', name: 'c', command: ['x'], timeout: 5 };
  const ofUnit: HealthSettings = { kind: 'service', name: 'u', service: 'unit', activeFor: 5, timeout: 5 };
  const ofWeb: HealthSettings = { kind: 'service', name: 'w', service: 'web', activeFor: 5, timeout: 5 };
  const services = [commandService('web', ['x']), unitService('unit.service')];
  it.each([
    ['the settings\' own', [http, command], services, ['web'], true, ['h', 'c']],
    ['none: each touched service', [], services, ['web', 'unit'], true, ['service web', 'service unit']],
    ['none and nothing touched', [], services, [], true, []],
    ['without the daemon only what needs no embedded service', [http, command, ofUnit, ofWeb], services, ['web'], false, ['c', 'u']],
    ['without the daemon and with units only', [http, ofUnit], [unitService('unit.service')], ['unit'], false, ['h', 'u']],
    ['without the daemon and nothing judgeable: touched units', [http], services, ['web', 'unit'], false, ['service unit']],
  ])('%s', (_case, health, all, touched, supervisorRuns, names) => {
    expect(chooseProbes({ health, services: all, touched, supervisorRuns }).map((probe) => probe.name)).toEqual(names);
  });
});
