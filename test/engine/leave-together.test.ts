// A version of one of a group is withdrawn by its publisher: all of them leave it together, by themselves, or stay and say why.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ComponentUpdate } from '../../src/domain/results.js';
import { createComponentsUpdater } from '../../src/engine/components/create-components-updater.js';
import { changeDeviceState, readDeviceState } from '../../src/engine/device-state.js';
import { readHistory } from '../../src/engine/history.js';
import type { DeviceState } from '../../src/domain/state.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { destroyGroup, makeGroup, type GroupWorld } from '../support/group-scenario.js';
import { publishedGroup, shown, turn, type Publishing, type Shown } from '../support/group-publisher.js';
import { policyOf } from '../support/policy.js';
import { seeThrough } from '../support/device-world.js';

let world: GroupWorld;
let shows: Shown;
beforeEach(async () => {
  world = await makeGroup();
  shows = shown(world);
});
afterEach(() => destroyGroup(world));

const fs = createFilesystem();
const versions = (): string[] => Object.values(world.devices).map((device) => (seeThrough(device)['VERSION'] ?? '').trim());
const state = (name: string): DeviceState => readDeviceState(fs, world.devices[name]!.layout);
const history = (name: string) => readHistory(fs, world.devices[name]!.layout, 100);
const withdraw = (name: string, ...gone: string[]): void => { shows[name]!.withdrawn.push(...gone); };
const show = (name: string, ...more: string[]): void => { shows[name]!.versions.push(...more); };
const outcomes = (results: readonly ComponentUpdate[]): string[] => results.map(({ outcome }) => outcome);
const bothTo = async (version: string): Promise<void> => {
  show('base', version);
  show('top', version);
  expect(outcomes(await turn(world, shows))).toEqual(['updated', 'updated']);
};

const explainOf = (component: string): Promise<unknown> => createComponentsUpdater(publishedGroup(world, shows)).run({ kind: 'explain', component, version: undefined }, new AbortController().signal);

it('all go back as one, what was withdrawn is blocked for it, the other for having gone with it, and no turn tries again', async () => {
  await bothTo('1.1.0');
  withdraw('top', '1.1.0');
  world.hooks.order = [];
  expect(await turn(world, shows)).toMatchObject([{ component: 'base', outcome: 'rolled_back', from: '1.1.0', to: '1.0.0', code: null }, { component: 'top', outcome: 'rolled_back', from: '1.1.0', to: '1.0.0', code: null }]);
  expect(versions()).toEqual(['1.0.0', '1.0.0']);
  expect(world.hooks.order).toEqual(['stop top', 'stop base', 'start base', 'start top']);
  expect(state('top').blocked).toMatchObject([{ version: '1.1.0', reason: 'the publisher has withdrawn 1.1.0 (rollout 3)' }]);
  expect(state('base').blocked).toMatchObject([{ version: '1.1.0', reason: 'went back together with top 1.1.0: the publisher has withdrawn 1.1.0 (rollout 3); it comes again with a newer top', went_with: { component: 'top', version: '1.1.0' } }]);
  expect(history('base')[0]).toMatchObject({ kind: 'rollback', outcome: 'committed', from: '1.1.0', to: '1.0.0', transaction: history('top')[0]?.transaction });
  expect(['base', 'top'].map((name) => state(name).last_safe_version)).toEqual(['1.0.0', '1.0.0']);
  for (let again = 0; again < 3; again += 1) expect(outcomes(await turn(world, shows))).toEqual(['current', 'current']);
  expect(versions()).toEqual(['1.0.0', '1.0.0']);
});

it('what went back with it comes again with a newer one of it, and not before', async () => {
  await bothTo('1.1.0');
  withdraw('top', '1.1.0');
  await turn(world, shows);
  expect(await turn(world, shows)).toMatchObject([{ outcome: 'current' }, { outcome: 'current' }]);
  expect(await explainOf('base')).toMatchObject({ decision: 'nothing', releases: [{ version: '1.1.0', decision: 'leave', why: expect.stringContaining('blocked: went back together with top 1.1.0') as unknown }] });
  show('top', '1.2.0');
  shows['top']!.needs = { '1.2.0': { base: '>=1.1' } };
  const check = await createComponentsUpdater(publishedGroup(world, shows)).run({ kind: 'check' }, new AbortController().signal);
  expect(await explainOf('base')).toMatchObject({ decision: 'install', releases: [{ version: '1.1.0', decision: 'install' }] });
  expect(check).toMatchObject({ components: [{ component: 'base', outcome: 'available', release: { tag: 'v1.1.0' } }, { component: 'top', outcome: 'available' }] });
  expect(await turn(world, shows)).toMatchObject([{ component: 'base', outcome: 'updated', to: '1.1.0' }, { component: 'top', outcome: 'updated', to: '1.2.0' }]);
  expect(['base', 'top'].map((name) => state(name).blocked)).toEqual([[], []]);
});

it('one that has run beside the earlier version of the withdrawn one stays where it is', async () => {
  show('base', '1.1.0');
  await turn(world, shows);
  show('top', '1.1.0');
  await turn(world, shows);
  expect(versions()).toEqual(['1.1.0', '1.1.0']);
  withdraw('top', '1.1.0');
  expect(await turn(world, shows)).toMatchObject([{ component: 'base', outcome: 'current' }, { component: 'top', outcome: 'rolled_back', to: '1.0.0' }]);
  expect(versions()).toEqual(['1.1.0', '1.0.0']);
  expect(state('base').blocked).toEqual([]);
});

it('goes on to a newer one where there is one for what was withdrawn, though not where only the other has one', async () => {
  await bothTo('1.1.0');
  withdraw('top', '1.1.0');
  show('base', '1.2.0');
  expect(outcomes(await turn(world, shows))).toEqual(['rolled_back', 'rolled_back']);
  await turn(world, shows);
  await bothTo('1.3.0');
  withdraw('base', '1.3.0');
  show('base', '1.4.0');
  expect(await turn(world, shows)).toMatchObject([{ outcome: 'updated', to: '1.4.0' }, { outcome: 'current' }]);
});

it('back past a version that was withdrawn as well, the other to what ran beside that', async () => {
  for (const device of Object.values(world.devices)) device.settings = { ...device.settings, backupEnabled: true };
  await bothTo('1.1.0');
  await bothTo('1.2.0');
  withdraw('top', '1.1.0', '1.2.0');
  expect(await turn(world, shows)).toMatchObject([{ outcome: 'rolled_back', to: '1.0.0' }, { outcome: 'rolled_back', to: '1.0.0' }]);
});

it.each<[string, (name: string) => void, string]>([
  ['nothing good is kept of what was withdrawn', () => withdraw('top', '1.0.0'), 'top has neither a kept version nor a backup that it may go back to'],
  ['nothing good is kept of the other', () => { changeDeviceState(fs, world.devices['base']!.layout, (before) => ({ ...before, blocked: [{ version: '1.0.0', reason: 'bad', at: '' }] })); }, 'base has neither a kept version nor a backup'],
])('stays as it is where %s; said once, and all wait with the reason', async (_name, spoil, words) => {
  await bothTo('1.1.0');
  spoil('');
  withdraw('top', '1.1.0');
  for (let again = 0; again < 3; again += 1) {
    expect(await turn(world, shows)).toMatchObject([
      { component: 'base', outcome: 'waiting', code: 'dependency', reason: expect.stringContaining('base moves together with top, which waits: top: the publisher has withdrawn 1.1.0') as unknown },
      { component: 'top', outcome: 'waiting', code: 'rollout', reason: expect.stringContaining(words) as unknown },
    ]);
  }
  expect(versions()).toEqual(['1.1.0', '1.1.0']);
  expect(state('top')).toMatchObject({ waiting: { reason: 'rollout' }, withdrawal: { tries: 0 }, blocked: [] });
  expect(state('base').waiting).toMatchObject({ reason: 'dependency' });
});

const changeOne = (name: string, settings: object, facts: object = {}): Publishing => ({
  change: (app) => ({ ...app, members: app.members.map((member) => (member.name === name ? { ...member, facts: { ...member.facts, ...facts }, parts: { ...member.parts, settings: { ...member.parts.settings, ...settings } } } : member)) }),
});

it('a word of the owner to any of them keeps all of them where they are: a policy, a pin', async () => {
  await bothTo('1.1.0');
  withdraw('top', '1.1.0');
  expect(await turn(world, shows, changeOne('base', { policy: policyOf('approve') }))).toMatchObject([{ outcome: 'waiting' }, { outcome: 'waiting', reason: expect.stringMatching(/base would go back to 1\.0\.0; going back waits: .*by hand: holdline rollback top/u) as unknown }]);
  expect(await turn(world, shows, changeOne('base', {}, { pin: '1.1.0' }))).toMatchObject([{ outcome: 'waiting' }, { outcome: 'waiting', reason: expect.stringContaining('base has neither') as unknown }]);
  expect(versions()).toEqual(['1.1.0', '1.1.0']);
  // Of what was withdrawn itself the pin says nothing, as for a single one.
  expect(outcomes(await turn(world, shows, changeOne('top', {}, { pin: '1.1.0' })))).toEqual(['rolled_back', 'rolled_back']);
});

it('is given up after it has failed three times, with all of them at what they ran', async () => {
  await bothTo('1.1.0');
  withdraw('top', '1.1.0');
  world.hooks.verdict = 'failed';
  for (let again = 0; again < 3; again += 1) expect(outcomes(await turn(world, shows))).toEqual(['rolled_back', 'rolled_back']);
  expect(await turn(world, shows)).toMatchObject([{ outcome: 'waiting' }, { outcome: 'waiting', reason: expect.stringContaining('going back failed 3 times: a person is needed (holdline rollback top)') as unknown }]);
  expect(versions()).toEqual(['1.1.0', '1.1.0']);
  expect(['base', 'top'].map((name) => state(name).blocked)).toEqual([[], []]);
});

it('what a person has put there knowing of it stays, and keeps nobody from going on', async () => {
  await bothTo('1.1.0');
  changeDeviceState(fs, world.devices['top']!.layout, (before) => ({ ...before, withdrawal: { version: '1.1.0', reason: 'r', tries: 0, told: null, stays: true } }));
  withdraw('top', '1.1.0');
  expect(outcomes(await turn(world, shows))).toEqual(['current', 'waiting']);
  show('base', '1.2.0');
  expect(await turn(world, shows)).toMatchObject([{ outcome: 'updated', to: '1.2.0' }, {}]);
  expect(versions()).toEqual(['1.2.0', '1.1.0']);
});
