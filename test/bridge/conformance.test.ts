// One script, every client library: what each must do when bytes come, go missing, the bridge restarts or the device is pulled out.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundle } from '../support/bridge/bundle.js';
import type { Bundle } from '../support/bridge/bundle.js';
import { InProcessBridge } from '../support/bridge/in-process.js';

type Fact = Record<string, unknown>;

/** The library under test, told what to do line by line. */
class Adapter {
  readonly facts: Fact[] = [];
  readonly #process: ChildProcess;
  #waiting: (() => void)[] = [];
  #next = 1;

  constructor(argv: readonly [string, ...string[]]) {
    this.#process = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      this.facts.push(JSON.parse(line) as Fact);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  async until(wanted: (fact: Fact) => boolean): Promise<Fact> {
    for (;;) {
      const found = this.facts.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    }
  }

  tell(command: Fact): Promise<Fact> {
    const id = this.#next;
    this.#next += 1;
    this.#process.stdin!.write(`${JSON.stringify({ ...command, id })}\n`);
    return this.until((fact) => fact['id'] === id);
  }

  event(name: string): Promise<Fact> { return this.until((fact) => fact['event'] === name); }
  /** The received text so far, and that every chunk follows the one before. */
  get text(): string { return this.facts.filter((fact) => fact['event'] === 'data').map((fact) => fact['text']).join(''); }
  async untilText(text: string): Promise<void> { await this.until(() => this.text === text); }
  kill(): void { this.#process.kill('SIGKILL'); }
}

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0;
const LIBRARIES = ['node', 'python'] as const;

describe.each(LIBRARIES)('the %s client', (library) => {
  let built: Bundle;
  let bridge: InProcessBridge;
  let adapters: Adapter[];
  const skipped = library === 'python' && !python;
  const check = skipped ? it.skip : it;

  beforeAll(async () => { built = await bundle({ client: 'test/support/bridge/conformance-client.ts' }); });
  afterAll(() => { built.remove(); });
  beforeEach(async () => { bridge = await new InProcessBridge().start(); adapters = []; });
  afterEach(() => {
    for (const adapter of adapters) adapter.kill();
    bridge.close();
  });

  const start = (): Adapter => {
    const adapter = new Adapter(library === 'node' ? [process.execPath, built.path('client')] : ['python3', 'test/support/bridge/conformance_client.py']);
    adapters.push(adapter);
    return adapter;
  };
  const connect = async (more: Fact = {}): Promise<Adapter> => {
    const adapter = start();
    await adapter.tell({ do: 'connect', path: bridge.socket, ...more });
    return adapter;
  };

  check('receives in order, acknowledges, and the counters add up', async () => {
    const epoch = bridge.plug();
    const app = await connect();
    bridge.device.feed('hello ');
    bridge.device.feed('world');
    await app.untilText('hello world');
    await app.tell({ do: 'ack', offset: 11 });
    await expect.poll(() => bridge.counters(), { timeout: 15_000 }).toMatchObject([{ epoch, received: 11, delivered: 11, acknowledged: 11, dropped: 0, held: 0 }]);
  });

  check('starts where the app has committed, and repeats nothing', async () => {
    const epoch = bridge.plug();
    bridge.device.feed('0123456789');
    const app = await connect({ epoch, from: 4 });
    await app.untilText('456789');
  });

  check('writes, and knows when the driver has all of it', async () => {
    bridge.plug();
    const app = await connect();
    expect(await app.tell({ do: 'write', text: 'AT\r' })).toMatchObject({ end: 3 });
    expect(await app.tell({ do: 'write', text: 'x'.repeat(200_000) })).toMatchObject({ end: 200_003 });
    expect(bridge.device.outgoing.length).toBe(200_003);
  });

  check('repeats an uncertain write without doubling it', async () => {
    const epoch = bridge.plug();
    const first = await connect();
    await first.tell({ do: 'write', text: 'abcdef' });
    first.kill();
    const again = await connect({ epoch, from: 0 });
    expect(await again.tell({ do: 'write', text: 'defghi', offset: 3 })).toMatchObject({ end: 9 });
    expect(bridge.device.outgoing.toString()).toBe('abcdefghi');
  });

  check('refuses to leave a gap in what it writes', async () => {
    bridge.plug();
    const app = await connect();
    expect((await app.tell({ do: 'write', text: 'x', offset: 5 }))['error']).toMatch(/next byte is 0/);
  });

  check('comes back after a bridge restart at the very byte, and its writes go on', async () => {
    bridge.plug();
    const app = await connect();
    bridge.device.feed('before ');
    await app.untilText('before ');
    await bridge.restartServer();
    bridge.device.feed('after');
    await app.untilText('before after');
    expect(await app.tell({ do: 'write', text: 'still here' })).toMatchObject({ end: 10 });
    expect(bridge.device.outgoing.toString()).toBe('still here');
  });

  check('tells of missing bytes', async () => {
    const epoch = bridge.plug();
    bridge.device.feed('0123456789');
    bridge.hub.current!.drop(6);
    const app = await connect({ epoch, from: 2 });
    expect(await app.event('gap')).toMatchObject({ from: 2, to: 6 });
    await app.untilText('6789');
  });

  check('delivers the rest of an epoch, then tells of the new one', async () => {
    const first = bridge.plug();
    const app = await connect();
    await app.tell({ do: 'write', text: 'xy' });
    bridge.device.feed('old');
    bridge.device.hangUp();
    expect(await app.event('down')).toMatchObject({ head: 3, confirmed: 2 });
    expect((await app.tell({ do: 'write', text: 'lost' }))['error']).toMatch(/line is down/);
    const second = bridge.plug();
    bridge.device.feed('new');
    expect(await app.event('epoch')).toMatchObject({ previous: first, epoch: second, from: 0 });
    await app.untilText('oldnew');
    expect(await app.tell({ do: 'write', text: 'again' })).toMatchObject({ end: 5 });
  });

  check('learns that its epoch is gone', async () => {
    const epoch = bridge.plug();
    bridge.device.feed('fresh');
    const app = await connect({ epoch: '00112233aabbccdd', from: 77 });
    expect(await app.event('epoch')).toMatchObject({ previous: '00112233aabbccdd', epoch, from: 0 });
    await app.untilText('fresh');
  });

  check('a second consumer is refused with the reason, an observer is not', async () => {
    bridge.plug();
    const app = await connect();
    const watcher = await connect({ role: 'observer' });
    expect((await watcher.tell({ do: 'write', text: 'x' }))['error']).toMatch(/only observes/);
    expect((await watcher.tell({ do: 'ack', offset: 0 }))['error']).toMatch(/only observes/);
    bridge.device.feed('both');
    await Promise.all([app.untilText('both'), watcher.untilText('both')]);
    const second = start();
    expect((await second.tell({ do: 'connect', path: bridge.socket }))['error']).toMatch(/seat is taken/);
    expect(bridge.counters()).toMatchObject([{ delivered: 4 }]);
  });
});

it.runIf(!python)('the Python client was not tested: there is no python3 (3.8 or later) here', () => undefined);
