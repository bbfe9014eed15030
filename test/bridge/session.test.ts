// What the bridge does with clients that are wrong, slow, dead or too many, and with more bytes than it can keep.
import { afterEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../../src/bridge/frames.js';
import { DEFAULT_OPTIONS, InProcessBridge, RawClient } from '../support/bridge/in-process.js';
import { inspectBridges } from '../../src/bridge/inspect.js';
import type { ServerLimits } from '../../src/bridge/server.js';

let bridge: InProcessBridge;
const clients: RawClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.destroy();
  bridge.close();
});

async function start(options = DEFAULT_OPTIONS, limits?: ServerLimits): Promise<string> {
  bridge = await new InProcessBridge(options, limits).start();
  return bridge.plug();
}

function connect(): RawClient {
  const client = new RawClient(bridge.socket);
  clients.push(client);
  return client;
}

async function consumer(): Promise<RawClient> {
  const client = connect();
  client.hello();
  await client.until('welcome');
  return client;
}

describe('a wrong client is told why and hurts nobody', () => {
  it.each([
    ['speaks another protocol', 'oversized', (client: RawClient) => { client.socket.write('GET / HTTP/1.1\r\n\r\n'); }],
    ['speaks another version', 'version', (client: RawClient) => { client.hello('consumer', undefined, 0, 99); }],
    ['acknowledges without HELLO', 'unexpected', (client: RawClient) => { client.send({ type: 'ack', offset: 0, epoch: '0'.repeat(16) }); }],
    ['says HELLO twice', 'unexpected', (client: RawClient) => { client.hello('observer'); client.hello('observer'); }],
    ['sends what only a bridge sends', 'unexpected', (client: RawClient) => { client.send({ type: 'done' }); }],
    ['writes as an observer', 'read-only', (client: RawClient) => { client.hello('observer'); client.send({ type: 'write', offset: 0, epoch: '0'.repeat(16), bytes: Buffer.from('x') }); }],
    ['asks to take the line over unasked', 'unexpected', (client: RawClient) => { client.send({ type: 'takeover', pid: 1 }); }],
  ] as const)('%s', async (_what, code, act) => {
    await start();
    const good = await consumer();
    const bad = connect();
    act(bad);
    expect((await bad.until('error')).code).toBe(code);
    await bad.closed;
    bridge.device.feed('fine');
    await good.until('data');
    expect(good.bytes.toString()).toBe('fine');
  });

  it('acknowledges the future', async () => {
    const epoch = await start();
    const client = await consumer();
    bridge.device.feed('abc');
    await client.until('data');
    client.send({ type: 'ack', offset: 4, epoch });
    expect((await client.until('error')).code).toBe('ack-future');
    expect(bridge.counters()).toMatchObject([{ acknowledged: 0, held: 3 }]);
  });

  it('asks for bytes from the future', async () => {
    const epoch = await start();
    const client = connect();
    client.hello('consumer', epoch, 1);
    expect((await client.until('error')).code).toBe('from-future');
    await client.closed;
    await consumer();
  });

  it('leaves a gap in its writes; overlaps are trimmed', async () => {
    const epoch = await start();
    const client = await consumer();
    client.send({ type: 'write', offset: 0, epoch, bytes: Buffer.from('abc') });
    client.send({ type: 'write', offset: 1, epoch, bytes: Buffer.from('bcde') });
    client.send({ type: 'write', offset: 0, epoch, bytes: Buffer.from('ab') });
    await client.until('wack', (frame) => frame.confirmed === 5);
    client.send({ type: 'write', offset: 7, epoch, bytes: Buffer.from('x') });
    expect((await client.until('error')).code).toBe('write-gap');
    expect(bridge.device.outgoing.toString()).toBe('abcde');
  });

  it('writes for an epoch that has ended: ignored, the line is unharmed', async () => {
    await start();
    const client = await consumer();
    client.send({ type: 'write', offset: 0, epoch: 'aaaaaaaaaaaaaaaa', bytes: Buffer.from('stale') });
    client.send({ type: 'status' });
    await client.until('report');
    expect(bridge.device.outgoing.length).toBe(0);
  });
});

describe('the seat', () => {
  it('goes to a restarted app at once when the old one has died', async () => {
    await start();
    const first = await consumer();
    first.socket.destroy();
    await consumer();
  });

  it('a dead consumer that had filled the way out does not keep it', async () => {
    const epoch = await start();
    bridge.device.driverRoom = 0;
    const first = await consumer();
    for (let at = 0; at < 40; at += 1) first.send({ type: 'write', offset: at * 60_000, epoch, bytes: Buffer.alloc(60_000) });
    await first.until('wack', (frame) => frame.accepted > 1024 * 1024);
    first.socket.destroy();
    const second = await consumer();
    expect((await second.until('welcome')).accepted).toBeLessThan(40 * 60_000);
  });

  it('is refused while it is taken, and waits 30 s for a client that may come back before PTY or TCP get it', async () => {
    await start();
    const first = await consumer();
    const second = connect();
    second.hello();
    expect((await second.until('error')).code).toBe('seat-taken');
    const link = { kind: 'pty', label: 'link', role: 'consumer', wake: () => undefined } as const;
    expect(bridge.hub.takeSeat(link)).toBe(false);
    first.socket.destroy();
    await expect.poll(() => bridge.hub.seat, { timeout: 15_000 }).toBeUndefined();
    expect(bridge.hub.takeSeat(link)).toBe(false);
    bridge.nowMs = 31_000;
    expect(bridge.hub.takeSeat(link)).toBe(true);
  });
});

describe('more bytes than anybody takes', () => {
  it('without flow control the oldest go, every one inside a GAP', async () => {
    const epoch = await start({ capacity: 100_000, flowControl: false });
    const sent = Buffer.alloc(1_000_000, 0).map((_value, index) => (index * 7 + (index >> 8)) & 0xff) as Buffer;
    for (let at = 0; at < sent.length; at += 9973) bridge.device.feed(sent.subarray(at, at + 9973));
    const client = connect();
    client.hello('consumer', epoch, 0);
    await expect.poll(() => client.bytes.length + client.frames.reduce((sum, frame) => sum + (frame.type === 'gap' ? frame.to - frame.from : 0), 0), { timeout: 15_000 }).toBe(sent.length);
    const gap = await client.until('gap');
    expect(gap.from).toBe(0);
    expect(client.bytes.equals(sent.subarray(gap.to))).toBe(true);
    const [counters] = bridge.counters();
    expect(counters).toMatchObject({ received: sent.length, dropped: gap.to, held: sent.length - gap.to });
  });

  it('a consumer that knows nothing hears of what was dropped since the last acknowledgement, and of nothing before', async () => {
    await start({ capacity: 100_000, flowControl: false });
    const first = await consumer();
    bridge.device.feed(Buffer.alloc(1000, 1));
    await first.until('data', (frame) => frame.offset + frame.bytes.length === 1000);
    first.send({ type: 'ack', offset: 600, epoch: bridge.hub.current?.id ?? '' });
    await expect.poll(() => bridge.counters()[0]?.acknowledged).toBe(600);
    first.socket.destroy();
    for (let turn = 0; turn < 30; turn += 1) bridge.device.feed(Buffer.alloc(10_000, 2));
    const second = connect();
    second.hello();
    expect((await second.until('welcome')).from).toBe(600);
    const gap = await second.until('gap');
    expect(gap).toMatchObject({ from: 600, to: bridge.counters()[0]?.held === undefined ? -1 : 301_000 - bridge.counters()[0]!.held });
    expect(bridge.counters()[0]?.dropped).toBe(gap.to - 600);
  });

  it('with flow control reading stops, and goes on when there is room: nothing is dropped', async () => {
    const epoch = await start({ capacity: 100_000, flowControl: true });
    const sent = Buffer.alloc(300_000, 'abcdefg');
    bridge.device.feed(sent);
    expect(bridge.hub.line?.heldBack).toBe(true);
    expect(bridge.device.wantsToRead).toBe(false);
    const client = await consumer();
    let acked = 0;
    while (client.bytes.length < sent.length) {
      await client.until('data', (frame) => frame.offset + frame.bytes.length > acked);
      acked = client.bytes.length;
      client.send({ type: 'ack', offset: acked, epoch });
      await expect.poll(() => bridge.counters()[0]?.acknowledged, { timeout: 15_000 }).toBe(acked);
      bridge.device.wake();
    }
    expect(client.bytes.equals(sent)).toBe(true);
    expect(bridge.counters()).toMatchObject([{ dropped: 0, received: sent.length }]);
  });

  it('a full filesystem stops reading, says so, and goes on afterwards', async () => {
    await start();
    const client = await consumer();
    bridge.device.full = true;
    bridge.device.feed('kept in the kernel');
    expect(bridge.hub.line?.reading).toBe(false);
    expect(bridge.logs.join()).toMatch(/filesystem of the spool is full/);
    const { reads } = bridge.device;
    bridge.device.full = false;
    await client.until('data');
    expect(client.bytes.toString()).toBe('kept in the kernel');
    expect(bridge.device.reads - reads).toBeLessThan(5);
  });

  it('a slow client is dropped and the others never notice', async () => {
    await start({ capacity: 8_000_000, flowControl: false }, { stallMs: 300, helloMs: 60_000 });
    const slow = connect();
    slow.hello('observer');
    await slow.until('welcome');
    slow.socket.pause();
    const good = await consumer();
    bridge.device.feed(Buffer.alloc(4_000_000));
    await expect.poll(() => good.bytes.length, { timeout: 10_000 }).toBe(4_000_000);
    await expect.poll(() => bridge.logs.join(), { timeout: 10_000 }).toMatch(/has taken nothing/);
  });

  it('one that asks and never reads is not listened to, and then dropped: its answers do not pile up', async () => {
    await start(DEFAULT_OPTIONS, { stallMs: 60_000, helloMs: 1500 });
    const deaf = connect();
    deaf.socket.pause();
    const questions = Buffer.concat(Array.from({ length: 5000 }, () => encodeFrame({ type: 'status' })));
    for (let turn = 0; turn < 40; turn += 1) deaf.socket.write(questions);
    await expect.poll(() => bridge.logs.join(), { timeout: 10_000 }).toMatch(/no HELLO came/);
    expect(bridge.reports).toBeLessThan(40_000);
    await consumer();
  });

  it('a silent connection is dropped', async () => {
    await start(DEFAULT_OPTIONS, { stallMs: 60_000, helloMs: 100 });
    const silent = connect();
    expect((await silent.until('error')).code).toBe('unexpected');
  });

  it('a connection that waits for the end of an upgrade is not a silent one', async () => {
    await start(DEFAULT_OPTIONS, { stallMs: 60_000, helloMs: 100 });
    bridge.upgrade = () => undefined;
    const [asker, silent] = [connect(), connect()];
    asker.send({ type: 'upgrade' });
    await silent.closed;
    await expect(Promise.race([asker.closed.then(() => 'closed'), asker.until('error'), Promise.resolve('waiting')])).resolves.toBe('waiting');
  });
});

describe('epochs', () => {
  it('a flapping plug keeps a few, and tells of what was given up', async () => {
    const first = await start();
    const client = connect();
    client.hello('observer', first, 0);
    await client.until('welcome');
    for (let turn = 0; turn < 6; turn += 1) {
      bridge.device.feed(`epoch ${turn}`);
      bridge.device.hangUp();
      bridge.plug();
    }
    expect(bridge.hub.streams.length).toBeLessThanOrEqual(5);
    expect(bridge.logs.join()).toMatch(/gave up an epoch/);
    const late = connect();
    late.hello('consumer', first, 0);
    expect(await late.until('welcome')).toMatchObject({ resumed: false });
    await late.until('epoch', (frame) => frame.epoch === bridge.hub.current?.id);
    expect(late.bytes.toString()).toBe('epoch 3epoch 4epoch 5');
  });

  it('nothing spins on a line that has gone', async () => {
    await start();
    bridge.device.hangUp();
    expect(bridge.hub.line).toBeUndefined();
    expect(bridge.device.watched).toBe(false);
  });
});

it('tells its state without HELLO, also to the inspector; a dead socket is reported, not waited for', async () => {
  await start();
  bridge.device.feed('12345');
  const client = connect();
  client.socket.write(Buffer.concat([encodeFrame({ type: 'status' }), encodeFrame({ type: 'status' })]));
  expect(JSON.parse((await client.until('report')).json)).toMatchObject([{ received: 5, held: 5 }]);
  expect(await inspectBridges(`${bridge.directory}/nowhere`)).toEqual([]);
  expect(await inspectBridges(bridge.directory)).toMatchObject([{ name: 'b' }]);
});
