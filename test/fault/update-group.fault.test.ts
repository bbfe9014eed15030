// A transaction of two components, dead at every effect: both old or both new, whatever recovery finds. And controls that the checker must catch.
import { rmSync, symlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeviceState } from '../../src/engine/device-state.js';
import { listJournals } from '../../src/engine/journal.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';
import { turn } from '../support/group-publisher.js';
import { checkGroup, groupScenario, makeGroup, destroyGroup, updateBoth, type CheckBooks, type GroupWay, type GroupWorld } from '../support/group-scenario.js';
import { quickCalls } from '../support/device-world.js';

const ways: readonly (readonly [string, GroupWay, readonly string[], number])[] = [
  ['a good update of both', {}, ['new', 'old'], 1],
  ['one that fails its probes', { prepare: (world) => { world.hooks.verdict = 'failed'; } }, ['old'], 7],
  ['one whose second service does not start', { prepare: (world) => { world.hooks.failStart = 'top'; } }, ['old'], 7],
];

describe.each(ways)('%s', (_name, way, expected, every) => {
  it('ends with both at exactly old or both at exactly new, dead at its effects, and recovery too at some', async () => {
    const trials = await forEveryEffect(groupScenario(way), { every, recoveryStride: every === 1 ? 97 : 211 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
    expect(trials.length).toBeGreaterThan(200 / every);
  });
});

/** Each has blocked what it left, if and only if all have gone back. */
const booksOfWithdrawal: CheckBooks = (world, name, { layout }) => {
  const fs = createFilesystem();
  const { blocked, last_safe_version: safe } = readDeviceState(fs, layout);
  const end = listJournals(fs, join(world.shared, 'journal')).filter(({ summary: { begin } }) => begin.plan.kind === 'rollback').at(-1)?.summary.end;
  const is = `${String(safe)} ${blocked.map((one) => `${one.version} ${one.went_with?.component ?? 'itself'}`).join()}`;
  const ought = end?.outcome === 'committed' ? `1.0.0 1.1.0 ${name === 'top' ? 'itself' : 'top'}` : '1.1.0 ';
  if (is !== ought) throw new Error(`${name}, ${end?.outcome ?? 'not begun'}: the books say ${is} and not ${ought}`);
};

/** Both run 1.1.0, and that of `top` was withdrawn. */
const leaving = (verdict: 'healthy' | 'failed' = 'healthy', skipRecovery = false): Scenario<GroupWorld> => ({
  ...groupScenario({ skipRecovery }),
  setUp: async () => {
    const world = await makeGroup();
    await updateBoth(world, quickCalls());
    world.hooks.verdict = verdict;
    return world;
  },
  run: async (world, calls, report) => {
    for (const { outcome, code } of await turn(world, { base: { versions: [], withdrawn: [] }, top: { versions: [], withdrawn: ['1.1.0'] } }, { calls })) report(outcome === 'rolled_back' ? (code === null ? 'committed' : 'reverted') : outcome);
  },
  check: (world) => (checkGroup(world, booksOfWithdrawal) === 'old' ? 'new' : 'old'),
});

describe('a group that leaves a withdrawn version', () => {
  it('has left it with both or with none, dead at every effect', async () => {
    const trials = await forEveryEffect(leaving());
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(['new', 'old']);
    expect(trials.length).toBeGreaterThan(150);
  });
  it('runs on where what it went back to fails its probes, recovery dead too at some', async () => {
    expect([...verdicts(await forEveryEffect(leaving('failed'), { every: 7, recoveryStride: 211 }))]).toEqual(['old']);
  });
  it('the checker sees it when recovery is skipped', async () => {
    await expect(forEveryEffect(leaving('healthy', true))).rejects.toThrow(/still open|neither old nor new|runs from|half a group|the books/u);
  });
});

it('what depends on the other stops first and starts last, and the other way round when it is undone', async () => {
  const world = await makeGroup();
  try {
    world.hooks.verdict = 'failed';
    expect(await updateBoth(world, quickCalls())).toMatchObject([{ outcome: 'rolled_back' }, { outcome: 'rolled_back' }]);
    expect(world.hooks.order).toEqual(['stop top', 'stop base', 'start base', 'start top', 'stop top', 'stop base', 'start base', 'start top']);
  } finally { destroyGroup(world); }
});

it('the checker sees it when recovery is skipped', async () => {
  await expect(forEveryEffect(groupScenario({ skipRecovery: true }))).rejects.toThrow(/still open|neither old nor new|runs from|half a group/u);
});

it('the checker sees it when one of them is switched back alone', async () => {
  const scenario = groupScenario({});
  await expect(forEveryEffect({
    ...scenario,
    check(world) {
      const device = world.devices['top']!;
      const house = join(device.layout.installDir, '.holdline');
      const old = readdirSync(join(house, 'versions')).find((name) => name.startsWith('1.0.0'));
      if (old !== undefined) { rmSync(join(house, 'current')); symlinkSync(join('versions', old), join(house, 'current')); device.service.tree = join(house, 'versions', old); }
      return scenario.check(world);
    },
  }, { every: 50 })).rejects.toThrow(/half a group|runs from/u);
});
