// Updates with the real steps, dead at every effect or with a failing disk, and two controls that the checker must catch.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { adopted, AFTER, BEFORE, RELEASE, scenario, sorted, update, updated, type Way } from '../support/device-scenario.js';
import { quickCalls, runningTree } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Options } from '../support/for-every-effect.js';

const EDITED = 'port: 1\nname: a\nedited: true\n';
let edited = false;

const ways: readonly (readonly [string, Way, readonly string[]])[] = [
  ['a good update', { prepare: adopted, act: update(), old: BEFORE, new: AFTER }, ['new', 'old']],
  ['an unhealthy update', { prepare: async (world) => { await adopted(world); world.hooks.verdict = 'failed'; }, act: update(), old: BEFORE, new: AFTER }, ['old']],
  ['an unhealthy update during whose probation the config is edited', {
    prepare: async (world) => {
      edited = false;
      await adopted(world);
      world.hooks.verdict = 'failed';
      world.hooks.onWatch = () => {
        const file = join(world.layout.installDir, 'config/app.yaml');
        if (!edited) writeFileSync(file, `${readFileSync(file, 'utf8')}edited: true\n`);
        edited = true;
      };
    },
    act: update(), old: BEFORE, new: AFTER,
    see: (seen) => (edited && seen['config/app.yaml'] === EDITED ? { ...seen, 'config/app.yaml': BEFORE['config/app.yaml'] ?? '' } : edited ? { 'the edit': 'is lost', ...seen } : seen),
  }, ['old']],
  ['an update whose service does not start', {
    prepare: async (world) => { await adopted(world); world.hooks.failStart = (tree) => tree.includes('1.1.0'); }, act: update(), old: BEFORE, new: AFTER,
  }, ['old']],
  ['an update that a hold stops right before the switch', {
    prepare: adopted, act: update({ admitSwitch: async () => ({ reason: 'hold', detail: 'held by measurement', until: null }) }), old: BEFORE, new: AFTER,
  }, ['old']],
  ['an update with the wrong tree digest', { prepare: adopted, act: update({ digest: '0'.repeat(64) }), old: BEFORE, new: AFTER }, ['old']],
  ['an update during which config and data are edited', {
    prepare: async (world) => {
      await adopted(world);
      world.hooks.onStop = () => {
        if (!runningTree(world).includes('1.0.0')) return;
        writeFileSync(join(world.layout.installDir, 'config/app.yaml'), 'port: 2\nname: a\n');
        writeFileSync(join(world.layout.installDir, 'src/data.db'), 'more rows\n');
      };
    },
    act: update(), old: BEFORE,
    // The first update knows no base: the release's file lies beside.
    new: { ...AFTER, 'src/data.db': 'more rows\n', 'config/app.yaml': 'port: 2\nname: a\nnew: true\n', 'config/app.yaml.new': RELEASE['config/app.yaml'] ?? '' },
    // Old is with the edit or without, but in both files or in neither.
    see: (seen) => (seen['VERSION'] === '1.0.0\n' && seen['src/data.db'] === 'more rows\n' && seen['config/app.yaml'] === 'port: 2\nname: a\n' ? sorted(BEFORE) : seen),
  }, ['new', 'old']],
  ['a reinstallation over a kept directory of the same name, with pruning', {
    prepare: async (world) => { world.settings = { ...world.settings, maxBackups: 1 }; await updated(world); await update({ version: '1.0.1', files: { ...RELEASE, VERSION: '1.0.1\n' } })(world, quickCalls()); },
    act: update(), old: { ...AFTER, VERSION: '1.0.1\n' }, new: AFTER,
  }, ['new', 'old']],
];

describe.each(ways)('%s ends at exactly old or new', (_, way, expected) => {
  it('dead at every effect, and recovery too at some', async () => {
    const trials = await forEveryEffect(scenario(way), { recoveryStride: 41 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
  });
});

const faults: readonly (readonly ['ENOSPC' | 'EIO' | 'EROFS', boolean])[] = [['ENOSPC', false], ['EIO', false], ['EROFS', false], ['ENOSPC', true], ['EIO', true]];
describe.each(faults)('with %s at every effect (lasting: %s)', (code, lasting) => {
  const options: Options = {
    fault: (at) => ({ kind: 'error', at, code, lasting }),
    inspect: ({ thrown, verdict }) => {
      if (thrown !== undefined && !(thrown instanceof HoldlineError)) throw new Error(`uncoded: ${String(thrown)}`);
      // What throws is told as a failure that changed nothing.
      if (thrown !== undefined && verdict === 'new') throw new Error(`it failed, and the device is new: ${thrown.message}`);
    },
  };
  it('an update ends at exactly old or new with a coded error', async () => {
    expect(verdicts(await forEveryEffect(scenario(ways[0]![1]), options)).has('new')).toBe(true);
  });
});

it('the checker sees it when recovery is skipped', async () => {
  await expect(forEveryEffect(scenario({ ...ways[0]![1], skipRecovery: true }))).rejects.toThrow(/still open|neither old nor new|service/u);
});

it('the checker sees it when a file is lost', async () => {
  const way = ways[0]![1];
  const losing: Way = { ...way, act: async (world, calls) => { const end = await way.act(world, calls); rmSync(join(world.layout.installDir, 'notes.txt')); return end; } };
  await expect(forEveryEffect(scenario(losing))).rejects.toThrow(/neither old nor new/u);
});
