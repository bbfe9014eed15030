// The durable count of what was downloaded today.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bytesOfDayFile } from '../../src/domain/layout.js';
import { createByteCounter, readBytesOfDay } from '../../src/engine/byte-budget.js';
import { destroyDeviceWorld, makeDeviceWorld, partsOf, type DeviceWorld } from '../support/device-world.js';

let world: DeviceWorld;
let now: string;
beforeEach(() => { world = makeDeviceWorld(); now = '2026-11-26T10:00:00Z'; });
afterEach(() => destroyDeviceWorld(world));

const MB = 2 ** 20;
const counter = (): ReturnType<typeof createByteCounter> => {
  const parts = partsOf(world);
  return createByteCounter({ ...parts, clock: { ...parts.clock, now: () => new Date(now) } });
};
const read = (): ReturnType<typeof readBytesOfDay> => readBytesOfDay(partsOf(world).fs, world.layout);

it('adds up over runs, is on the disk at every megabyte and at every end, and begins anew each day', () => {
  const first = counter();
  first.count(MB - 1);
  expect(read()).toEqual({ day: '', bytes: 0 });
  first.count(1);
  expect(read()).toEqual({ day: '2026-11-26', bytes: MB });
  first.count(5);
  first.save();
  const second = counter();
  second.count(10);
  second.save();
  expect(read()).toEqual({ day: '2026-11-26', bytes: MB + 15 });
  now = '2026-11-27T00:00:00Z';
  second.count(3);
  second.save();
  expect(read()).toEqual({ day: '2026-11-27', bytes: 3 });
});

it('does not give a day twice when the clock goes back', () => {
  const one = counter();
  one.count(MB);
  now = '2026-11-25T10:00:00Z';
  one.count(5);
  one.save();
  expect(read()).toEqual({ day: '2026-11-26', bytes: MB + 5 });
});

it.each(['', '{', '[]', '{"day":"today","bytes":1}', '{"day":"2026-11-26","bytes":-1}', '{"day":"2026-11-26","bytes":"5"}'])('begins anew where the file cannot be understood: %s', (text) => {
  writeFileSync(bytesOfDayFile(world.layout), text);
  expect(read()).toEqual({ day: '', bytes: 0 });
  const one = counter();
  one.count(4);
  one.save();
  expect(JSON.parse(readFileSync(bytesOfDayFile(world.layout), 'utf8'))).toEqual({ day: '2026-11-26', bytes: 4 });
});
