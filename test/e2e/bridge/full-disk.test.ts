// A spool on a filesystem that is really full: nothing dies of it, nothing is lost that need not be, and what must be is told. Needs root,
// for a filesystem of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { firstWrong, LANE_IN, LANE_OUT, pattern } from '../../support/bridge/pattern.js';
import { Rig } from '../../support/bridge/scenario.js';

const SIZE = 512 * 1024;
let built: Bundle;
let rig: Rig;
let disk: string;
const canMount = ((): boolean => {
  const place = mkdtempSync(join(tmpdir(), 'hlm-'));
  const mounted = process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', place], { stdio: 'ignore' }).status === 0;
  if (mounted) spawnSync('umount', [place]);
  rmSync(place, { recursive: true });
  return mounted;
})();

beforeAll(async () => { built = await bundle({ device: 'test/support/bridge/device.ts', bridge: 'src/main/bridge.ts' }); });
afterAll(() => { built.remove(); });

/** All of it but `left` bytes. */
function fill(left: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - left)));
}

const open = (path: string): number => openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
const cpuTicks = (pid: number): number => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).reduce((sum, text) => sum + Number(text), 0);

describe.runIf(canMount)('on a full filesystem', () => {
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'hlm-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'none', disk]);
    rig = new Rig(built, 'bridge', 0);
  });
  afterEach(async () => {
    await rig.close();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  it('a bridge does not start, and says why', async () => {
    fill(0);
    const port = String((await rig.device.first)['path']);
    await rig.startBridge(115_200, [], port);
    const { status, stderr } = spawnSync(process.execPath, [built.path('bridge'), 'run', '--name', 'full', '--port', join(rig.directory, 'p.tty'), '--socket-dir', rig.directory, '--spool-dir', disk], { encoding: 'utf8', timeout: 20_000 });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(/the filesystem is full/) as string });
  });

  it('with flow control the device waits; acknowledgements alone make room again, also after a kill -9: nothing is lost', async () => {
    await rig.startBridge(921_600, ['--spool-dir', disk, '--rtscts']);
    fill(200 * 1024);
    const total = 900_000;
    await rig.device.ask({ do: 'run', bytesPerMs: 2000, limit: total });
    await expect.poll(async () => (await rig.report())?.detail, { timeout: 20_000 }).toMatch(/filesystem of the spool is full/);
    const pid = await rig.pid();
    process.kill(pid, 'SIGKILL');
    const second = await rig.pid(pid);
    const ticks = cpuTicks(second);
    await sleep(500);
    expect(cpuTicks(second) - ticks).toBeLessThan(20);
    const client = await connectBridge({ path: rig.socket });
    for await (const chunk of client) {
      expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
      client.ack(chunk.offset + chunk.data.length);
      if (chunk.offset + chunk.data.length === total) break;
    }
    expect(await rig.pid()).toBe(second);
    await expect.poll(async () => (await rig.report())?.streams[0], { timeout: 15_000 }).toMatchObject({ received: total, acknowledged: total, dropped: 0, held: 0 });
    client.close();
  });

  it('without flow control the oldest go, every one told', async () => {
    await rig.startBridge(921_600, ['--spool-dir', disk]);
    fill(200 * 1024);
    const total = 900_000;
    const pid = await rig.pid();
    await rig.device.ask({ do: 'run', bytesPerMs: 2000, limit: total });
    await expect.poll(async () => (await rig.report())?.streams[0]?.received, { timeout: 20_000 }).toBe(total);
    const client = await connectBridge({ path: rig.socket });
    let missing = 0;
    client.on('gap', (gap) => { missing += gap.to - gap.from; });
    let got = 0;
    for await (const chunk of client) {
      expect(firstWrong(chunk.data, chunk.offset, LANE_IN)).toBe(-1);
      got += chunk.data.length;
      if (chunk.offset + chunk.data.length === total) break;
    }
    expect(missing).toBeGreaterThan(0);
    expect(got + missing).toBe(total);
    expect((await rig.report())?.streams[0]).toMatchObject({ received: total, dropped: missing, held: got });
    expect(await rig.pid()).toBe(pid);
    client.close();
  });

  it('an app can go on writing: what was sent makes room', async () => {
    await rig.startBridge(921_600, ['--spool-dir', disk]);
    fill(100 * 1024);
    const client = await connectBridge({ path: rig.socket });
    const piece = 20_000;
    for (let at = 0; at < 30 * piece; at += piece) expect(await client.write(pattern(at, piece, LANE_OUT))).toMatchObject({ end: at + piece });
    expect(rig.bridge.errors.join('')).not.toMatch(/full/);
    await expect.poll(async () => (await rig.device.ask({ do: 'look' }))['received'], { timeout: 15_000 }).toBe(30 * piece);
    expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
    client.close();
  });

  it('a program at the PTY link waits without a spin, and goes on when there is room', async () => {
    await rig.startBridge(115_200, ['--spool-dir', disk]);
    fill(0);
    const pid = await rig.pid();
    const file = open(rig.link);
    // More than the rest of the page that the file may have.
    const bytes = pattern(0, 12_000, LANE_OUT);
    let at = 0;
    const write = (): void => {
      try {
        at += writeSync(file, bytes, at);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      }
    };
    write();
    await expect.poll(() => rig.bridge.errors.join(''), { timeout: 15_000 }).toMatch(/the program at the PTY link waits/);
    const ticks = cpuTicks(pid);
    await sleep(500);
    expect(cpuTicks(pid) - ticks).toBeLessThan(20);
    rmSync(join(disk, 'filler'));
    await expect.poll(async () => { write(); return (await rig.device.ask({ do: 'look' }))['received']; }, { timeout: 15_000 }).toBe(bytes.length);
    expect(await rig.device.ask({ do: 'look' })).toMatchObject({ wrongAt: -1 });
    expect(await rig.pid()).toBe(pid);
    closeSync(file);
  });
});

it.runIf(!canMount)('the full filesystem was not tested: it needs root to mount one', () => undefined);
