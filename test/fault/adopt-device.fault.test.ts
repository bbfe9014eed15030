// Adoption, first installation and rollbacks with the real steps, dead at every effect.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listBackups } from '../../src/engine/backups.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { adopt, AFTER, BEFORE, RELEASE, rollback, scenario, update, updated, type Way } from '../support/device-scenario.js';
import { runningTree, type DeviceWorld } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';

const noExchange = (calls: SystemCalls): SystemCalls => ({ ...calls, exchange: () => false });

const ways: readonly (readonly [string, Way, readonly string[]])[] = [
  ['a rollback to the previous version', { prepare: updated, act: rollback(() => undefined), old: AFTER, new: BEFORE }, ['new', 'old']],
  ['a rollback to a backup', {
    prepare: updated, act: rollback((world) => listBackups(createFilesystem(), world.layout)[0]?.name), old: AFTER, new: BEFORE,
  }, ['new', 'old']],
  ['a first installation', { files: {}, act: update(), old: {}, new: RELEASE }, ['new', 'old']],
];


describe.each(ways)('%s ends at exactly old or new', (_, way, expected) => {
  it('dead at every effect, and recovery too at some', async () => {
    const trials = await forEveryEffect(scenario(way), { recoveryStride: 41 });
    expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
  });
});

// The process keeps running through an adoption: where it runs from is its own business.
const adoption = (exchange: boolean): Scenario<DeviceWorld> => {
  const base = scenario({ act: (world, calls) => adopt(world, exchange ? calls : noExchange(calls)), old: BEFORE, new: BEFORE });
  return { ...base, check: (world) => {
    world.service.tree = runningTree(world);
    const verdict = base.check(world);
    return existsSync(join(world.layout.installDir, '.holdline/current')) && readdirSync(join(world.layout.installDir, '.holdline/versions')).length === 1 ? 'new' : verdict === 'new' ? oldOf(world) : verdict;
  } };
};

/** Not adopted: no path may be a link of ours, nothing may be left of the version. */
function oldOf(world: DeviceWorld): 'old' {
  const versions = join(world.layout.installDir, '.holdline/versions');
  if (existsSync(versions) && readdirSync(versions).length > 0) throw new Error(`left behind: ${readdirSync(versions).join()}`);
  for (const path of ['src', 'config', 'VERSION']) if (createFilesystem().stat(join(world.layout.installDir, path))?.kind === 'link') throw new Error(`${path} is still a link`);
  return 'old';
}

describe.each([['with one exchange', true], ['with two renames', false]] as const)('adoption %s', (_, exchange) => {
  it('keeps every file, dead at every effect', async () => {
    const trials = await forEveryEffect(adoption(exchange), { recoveryStride: 17 });
    expect([...verdicts(trials)].sort()).toEqual(['new', 'old']);
  });
});

