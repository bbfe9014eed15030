// A source whose bytes are counted and come no faster than allowed, on a clock that costs no time.
import { expect, it } from 'vitest';
import type { ReleaseSource } from '../../src/domain/ports.js';
import { meterSource } from '../../src/source/meter-source.js';
import { assetOf, createFakeSource, createJumpingClock, type JumpingClock } from '../support/fake-source.js';

const CONTENT = Buffer.alloc(50_000, 'x');
const signal = new AbortController().signal;

interface Metered { readonly source: ReleaseSource; readonly clock: JumpingClock; readonly fake: ReturnType<typeof createFakeSource>; counted: number; ended: number }

function metered(bandwidth: number, chunkBytes = 1000): Metered {
  const fake = createFakeSource({ a: CONTENT, b: CONTENT }, chunkBytes);
  const clock = createJumpingClock(() => fake.activity);
  const world: Metered = { fake, clock, counted: 0, ended: 0, source: meterSource(fake, { clock, bandwidth, count: (bytes) => { world.counted += bytes; }, ended: () => { world.ended += 1; } }) };
  return world;
}

async function take({ source }: Metered, name = 'a', atMost = Number.POSITIVE_INFINITY): Promise<number[]> {
  const sizes: number[] = [];
  for await (const piece of (await source.open(assetOf(name, CONTENT), undefined, signal)).body) {
    sizes.push(piece.byteLength);
    if (sizes.reduce((sum, one) => sum + one, 0) >= atMost) break;
  }
  return sizes;
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, one) => total + one, 0);

it('without a bandwidth only counts', async () => {
  const world = metered(0);
  expect(sum(await take(world))).toBe(CONTENT.length);
  expect([world.counted, world.ended, world.clock.slept]).toEqual([CONTENT.length, 1, []]);
});

it.each([[1000, 49_000], [5000, 45_000], [50_000, 0]])('lets %i bytes pass in a second, after the first bucket: %i ms for fifty thousand', async (bandwidth, ms) => {
  const world = metered(bandwidth);
  expect(sum(await take(world))).toBe(CONTENT.length);
  expect(Math.round(world.clock.elapsed())).toBe(ms * (1000 / bandwidth));
});

it('never gives more at once than a second may carry: no wait is long enough to be taken for a stall', async () => {
  const world = metered(1000, 20_000);
  expect(Math.max(...await take(world))).toBe(1000);
  expect(Math.max(...world.clock.slept)).toBeLessThanOrEqual(1000);
});

it('is shared by transfers that go on side by side', async () => {
  const world = metered(5000);
  const both = await Promise.all([take(world), take(world, 'b')]);
  expect(sum(both.flat())).toBe(2 * CONTENT.length);
  expect(Math.round(world.clock.elapsed())).toBe(19_000);
});

it('counts what came of a transfer that was broken off, by us or by them', async () => {
  const world = metered(0);
  await take(world, 'a', 7000);
  expect([world.counted, world.ended]).toEqual([7000, 1]);
  world.fake.answers.push({ kind: 'cut', after: 3000 });
  await expect(take(world)).rejects.toThrow('socket hang up');
  expect([world.counted, world.ended]).toEqual([10_000, 2]);
});
