// Processes that are restarted, told, rolled and left alone, dead at every effect: whatever dies, each ends with the version that is current,
// and the one whose files do not change is never touched.
import { expect, it } from 'vitest';
import { adopted, AFTER, BEFORE, scenario, update, type Way } from '../support/device-scenario.js';
import { addServices, runningTree, type DeviceWorld } from '../support/device-world.js';
import { forEveryEffect, verdicts, type Scenario } from '../support/for-every-effect.js';

const main = { paths: [{ glob: 'src/main.js' }] };
const prepare = (verdict: 'healthy' | 'failed') => async (world: DeviceWorld): Promise<void> => {
  await adopted(world);
  addServices(world, [
    { name: 'app', ...main }, { name: 'log', ...main, onChange: { signal: 'SIGHUP' } }, { name: 'api@1', instanceOf: 'api', ...main, dependsOn: ['app'] },
    { name: 'api@2', instanceOf: 'api', ...main, dependsOn: ['app'] }, { name: 'last', ...main, dependsOn: ['api@1', 'api@2'] }, { name: 'quiet', paths: [{ glob: 'src/same.js' }] },
    // Planned in doubt: the merge says that its file does change.
    { name: 'conf', paths: [{ glob: 'config' }] },
  ]);
  world.hooks.verdict = verdict;
};

/** Beside what every scenario checks. */
function withServices(inner: Scenario<DeviceWorld>): Scenario<DeviceWorld> {
  return {
    ...inner,
    check: async (world) => {
      const verdict = await inner.check(world);
      const current = runningTree(world);
      for (const name of ['api@1', 'api@2', 'last', 'conf']) {
        const { tree } = world.others.get(name) ?? {};
        if (tree !== current) throw new Error(`${name} runs from ${String(tree)}, current is ${current}`);
      }
      const told = world.others.get('log')?.told ?? [];
      if (told.length > 0 ? told.at(-1) !== current : verdict === 'new') throw new Error(`log was told of ${told.join()}, current is ${current}`);
      if (world.acts.some((act) => act.endsWith(' quiet'))) throw new Error(`quiet was touched: ${world.acts.join()}`);
      return verdict;
    },
  };
}

const ways: readonly (readonly [string, Way, readonly string[]])[] = [
  ['a good update', { prepare: prepare('healthy'), act: update(), old: BEFORE, new: AFTER }, ['new', 'old']],
  ['an unhealthy update', { prepare: prepare('failed'), act: update(), old: BEFORE, new: AFTER }, ['old']],
];

it.each(ways)('%s: every process ends with what is current, and the untouched one is never touched', async (_, way, expected) => {
  const trials = await forEveryEffect(withServices(scenario(way)));
  expect([...verdicts(trials)].sort(), `${trials.length} trials`).toEqual(expected);
});

it('the checker sees it when a process is left behind', async () => {
  const way = ways[0]![1];
  const forgetting: Way = { ...way, act: async (world, calls) => { const end = await way.act(world, calls); Object.assign(world.others.get('api@2') ?? {}, { tree: 'elsewhere' }); return end; } };
  await expect(forEveryEffect(withServices(scenario(forgetting)))).rejects.toThrow(/api@2 runs from elsewhere/u);
});
