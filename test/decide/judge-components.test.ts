// What components may do to each other, as tables and properties: dependencies, groups, claims of a release, one plan of several.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Plan, PlanStep } from '../../src/domain/plan.js';
import { joinPlans } from '../../src/decide/join-plans.js';
import { assertAllowed } from '../../src/decide/judge-claims.js';
import { findBrokenBound, findDeadlock, findFailedDependency, isTrouble, judgeDependencies } from '../../src/decide/judge-dependencies.js';
import { judgeTogether } from '../../src/decide/judge-together.js';

describe('judgeDependencies', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string | null]>([
    ['nothing asked', {}, {}, null],
    ['what is asked is there', { database: '>=2.1 <3' }, { database: '^2.1.0' }, null],
    ['the settings ask for more', { database: '>=3' }, {}, 'app 1.3.0 waits: app needs database >=3, here is 2.1.5'],
    ['the release narrows', { database: '>=2' }, { database: '>=2.2' }, 'app 1.3.0 needs database >=2.2, here is 2.1.5'],
    ['a release that would widen changes nothing', { database: '>=3' }, { database: '*' }, 'app 1.3.0 waits: app needs database >=3, here is 2.1.5'],
    ['one that is not installed', {}, { cache: '*' }, 'app 1.3.0 needs cache *, here it is not installed'],
    ['one that this device does not have', {}, { radio: '>=1' }, 'app 1.3.0 needs radio >=1, here there is no such component'],
    ['a range nobody can read', {}, { database: 'newest' }, 'app 1.3.0 needs database newest, here is 2.1.5'],
    ['a fellow is judged with the set', {}, { web: '>=9' }, null],
  ])('%s', (_name, needs, requires, detail) => {
    const judged = judgeDependencies({ component: 'app', version: '1.3.0', requires }, { needs, versions: { database: '2.1.5', cache: null, web: '1.0.0' }, fellows: ['web'] });
    expect(judged).toEqual(detail === null ? null : { reason: 'dependency', detail, until: null });
  });
  it.each<[string, Record<string, string>, Record<string, string>, string | null, boolean]>([
    ['each needs the other\'s new version', { database: '>=2.2' }, { database: '>=1.3' }, '1.2.0', true], ['of three, two of them do', { web: '*', database: '>=2.2' }, { web: '*', database: '>=1.3' }, '1.2.0', true],
    ['only one needs the other', { database: '>=2.2' }, {}, '1.2.0', false], ['the other can go first', { database: '>=2.2' }, { database: '>=1.2' }, '1.2.0', false], ['this one can go first', { database: '>=2' }, { database: '>=1.3' }, '1.2.0', false],
    ['nothing is installed here yet', { database: '>=2.2' }, { database: '>=1.3' }, null, true], ['they are judged as one already', { web: '>=9' }, { web: '>=9' }, '1.2.0', false], ['one that this device does not have', { radio: '*' }, { radio: '>=1.3' }, '1.2.0', false],
  ])('a release whose parts need each other: %s', (_name, requires, neededBy, current, deadlock) => {
    const words = findDeadlock({ component: 'app', version: '1.3.0', requires }, current, neededBy, { versions: { database: '2.1.5', web: '1.0.0' }, fellows: ['web'] });
    expect(words).toBe(deadlock ? 'each needs the new version of the other, so they can only move as one: together: [[app, database]] in the settings' : undefined);
  });
  it('finds the bound that would be broken', () => {
    const bounds = [{ range: '>=2', why: 'a needs it' }, { range: '<3', why: 'b needs it' }];
    expect(findBrokenBound('2.5.0', bounds)).toBeUndefined();
    expect(findBrokenBound('3.0.0', bounds)?.why).toBe('b needs it');
    expect(findBrokenBound('3.0.0-beta.1', bounds)?.why).toBe('b needs it');
  });
  it('leaves aside who depends on a failed one, however far away, and nobody else', () => {
    const troubled = new Map([['database', { outcome: 'rolled_back', reason: 'http: status 500' }], ['app', { outcome: 'waiting', reason: 'app waits' }]]);
    expect(findFailedDependency('app', ['database'], troubled)?.detail).toBe('app waits: it depends on database, which was put back (http: status 500)');
    expect(findFailedDependency('web', ['app'], troubled)?.detail).toContain('which waits itself');
    expect(findFailedDependency('dashboard', ['clock'], troubled)).toBeNull();
    expect(['failed', 'rolled_back', 'broken', 'waiting', 'updated', 'current'].map((outcome) => isTrouble({ outcome }))).toEqual([true, true, true, false, false, false]);
  });
});

describe('judgeTogether', () => {
  const wish = (component: string, version: string | null, requires: Record<string, string> = {}, needs: Record<string, string> = {}) => ({ component, version, requires, needs });
  it.each<[string, Parameters<typeof judgeTogether>[0], string | null]>([
    ['each needs the other\'s new version', [wish('a', '2.0.0', { b: '>=2' }), wish('b', '2.0.0', { a: '>=2' })], null],
    ['one has no new version', [wish('a', '2.0.0', { b: '>=2' }), wish('b', '1.0.0')], 'a and b cannot move together: a 2.0.0 needs b >=2, it would be 1.0.0'],
    ['the settings keep them apart', [wish('a', '2.0.0', {}, { b: '<2' }), wish('b', '2.0.0')], 'a and b cannot move together: a 2.0.0 waits: a needs b <2, it would be 2.0.0'],
    ['one is not installed and stays so', [wish('a', '2.0.0', { b: '*' }), wish('b', null)], 'a and b cannot move together: a 2.0.0 needs b *, it would not be installed'],
    ['others are not their business', [wish('a', '2.0.0', { c: '>=9' }), wish('b', '2.0.0')], null],
  ])('%s', (_name, wishes, detail) => { expect(judgeTogether(wishes)?.detail ?? null).toBe(detail); });
});

describe('what a release says of processes', () => {
  const services = [{ name: 'web', unit: 'web.service', paths: [{ glob: 'src/web/**' }, { glob: 'config/*' }] }, { name: 'worker', unit: null }];
  const said = (processes: readonly unknown[], hooks = {}): string => {
    try { assertAllowed({ tag: 'v2.0.0', processes, hooks }, services); return 'allowed'; } catch (thrown) {
      if (thrown instanceof HoldlineError && thrown.code === 'manifest-forbidden') return thrown.message;
      throw thrown;
    }
  };
  it.each<[string, unknown]>([
    ['nothing but a name', { name: 'web' }], ['the device\'s own unit', { unit: 'web.service' }], ['fewer of its globs', { name: 'web', paths: ['src/web/**'] }], ['globs where the device has none', { name: 'worker', paths: ['src/**'] }],
  ])('%s narrows', (_name, entry) => { expect(said([entry])).toBe('allowed'); });
  it.each<[string, unknown, string]>([
    ['another unit', { unit: 'sshd.service' }, 'it wants the unit sshd.service'],
    ['another process', { name: 'miner' }, 'it wants the process miner'],
    ['another unit for a known process', { name: 'web', unit: 'root.service' }, 'it wants the unit root.service for web'],
    ['a user', { name: 'web', user: 'root' }, 'it sets "user" of the process web'],
    ['a command', { name: 'worker', command: ['sh'] }, 'it sets "command" of the process worker'],
    ['more paths', { name: 'web', paths: ['src/**'] }, 'it gives the process web the paths "src/**"'],
    ['paths that are none', { name: 'web', paths: 'src/web/**' }, 'it gives the process web the paths'],
    ['what is no process', 'web.service', 'it names a process that is none'],
    ['no name', {}, 'it names a process without a name'],
  ])('%s is refused', (_name, entry, words) => { expect(said([entry])).toContain(`cannot take release v2.0.0: ${words}`); });
  it('hooks are refused: only settings name what runs', () => { expect(said([], { before_switch: ['x'] })).toContain('its manifest wants to run the hook "before_switch", and only the settings of a device say which programs run'); });
});

describe('joinPlans', () => {
  const step = (name: PlanStep['name'], state: PlanStep['state']): PlanStep => ({ name, state, summary: name, params: {}, undo: [] });
  const ALL = [
    step('stage-tree', 'staging'), step('merge-config', 'preparing'), step('sync-tree', 'preparing'), step('place-version', 'ready'), step('prepare-module', 'ready'), step('call-after-revert', 'ready'), step('call-before-switch', 'ready'),
    step('call-after-revert', 'switching'), step('stop-services', 'switching'), step('remerge-config', 'switching'),
    step('switch-current', 'switching'), step('link-path', 'switching'), step('apply-module', 'switching'), step('call-after-switch', 'switching'), step('start-services', 'switching'), step('roll-services', 'switching'), step('call-after-commit', 'switching'),
  ];
  const plan = fc.subarray(ALL).map((steps): Plan => ({
    kind: 'update', from: null, to: { version: '1.0.0', directory: 'd' }, steps: steps.some(({ name }) => name === 'switch-current') ? steps : [...steps.filter(({ state }) => state !== 'switching'), step('switch-current', 'switching')],
    services: [], probation: { seconds: 5, interval: 1, failures: 2, max_restarts: 3 },
  }));
  const STATES = ['staging', 'preparing', 'ready', 'switching'];
  it('loses no step, keeps the order of the states and each component\'s own, and switches nobody before all have stopped', () => fc.assert(fc.property(fc.array(plan, { minLength: 1, maxLength: 4 }), (plans) => {
    const joined = joinPlans(plans.map((one, index) => ({ component: `c${index}`, plan: one })));
    const places = joined.steps.map(({ state }) => STATES.indexOf(state));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const [index, one] of plans.entries()) expect(joined.steps.filter(({ component }) => component === `c${index}`).map(({ name }) => name)).toEqual(one.steps.map(({ name }) => name));
    const names = joined.steps.map(({ name }) => name);
    const firstSwitch = names.findIndex((name) => name === 'switch-current' || name === 'remerge-config');
    const lastSwitch = names.lastIndexOf('switch-current');
    expect(names.lastIndexOf('stop-services')).toBeLessThan(firstSwitch);
    // Whoever may still say no is asked when all the rest is ready; whoever is told that it was taken back is told last.
    if (names.includes('call-before-switch')) expect(names.indexOf('call-before-switch')).toBeGreaterThan(names.lastIndexOf('place-version'));
    if (names.includes('call-after-revert') && names.includes('stop-services')) expect(names.lastIndexOf('call-after-revert')).toBeLessThan(names.indexOf('stop-services'));
    for (const name of ['apply-module', 'start-services', 'roll-services', 'call-after-switch'] as const) if (names.includes(name)) expect(names.indexOf(name)).toBeGreaterThan(lastSwitch);
    const of = (name: string): (string | undefined)[] => joined.steps.filter((one) => one.name === name).map(({ component }) => component);
    // Undone in reverse: what starts last stops first.
    expect(of('stop-services')).toEqual([...of('stop-services')].sort().reverse());
    expect(of('start-services')).toEqual([...of('start-services')].sort());
    expect(of('call-before-switch')).toEqual([...of('call-before-switch')].sort().reverse());
  })));
  it('watches as long as the longest and as strictly as the strictest', () => {
    const watched = (probation: Plan['probation']): Plan => ({ kind: 'update', from: null, to: { version: '1.0.0', directory: 'd' }, steps: [step('switch-current', 'switching')], services: [], probation });
    expect(joinPlans([{ component: 'a', plan: watched({ seconds: 60, interval: 5, failures: 3, max_restarts: 3 }) }, { component: 'b', plan: watched({ seconds: 10, interval: 1, failures: 1, max_restarts: 5 }) }]).probation).toEqual({ seconds: 60, interval: 1, failures: 1, max_restarts: 3 });
  });
});
