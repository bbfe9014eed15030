// Which processes an update touches: tables for the rules, properties for what must hold of every graph and every change.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TreeChange } from '../../src/decide/list-changes.js';
import { leftAlone } from '../../src/decide/left-alone.js';
import { planServices, type PlannedService, type ServicesRequest } from '../../src/decide/plan-services.js';
import { planServiceSteps } from '../../src/decide/plan-service-steps.js';
import type { ServicePlan } from '../../src/domain/plan.js';
import type { OnChange } from '../../src/domain/settings.js';
import { planStep } from '../../src/steps/registry.js';
import { codeOf } from '../support/code-of.js';

type More = Partial<Omit<PlannedService, 'paths'>> & { readonly paths?: readonly string[] };
const service = (name: string, { paths, ...more }: More = {}): PlannedService =>
  ({ name, kind: 'service', dependsOn: [], ...more, ...(paths === undefined ? {} : { paths: paths.map((glob) => ({ glob })) }) });
const KNOWN = ['VERSION', 'src/web/a.js', 'src/web/b.js', 'src/db/a.js', 'src/meter/a.js', 'src/shared/a.js', 'config/web.yaml'];
const changed = (...paths: readonly string[]): TreeChange => ({ kind: 'paths', paths, known: new Set(KNOWN), doubtful: new Set() });
const EVERYTHING: TreeChange = { kind: 'everything', why: 'the files are not known' };
const plan = (services: readonly PlannedService[], changes: TreeChange, more: Partial<ServicesRequest> = {}): ServicePlan =>
  planServices({ services, changes, hardwareHeld: 'policy.hardware is never', version: '1.1.0', ...more });
const shown = ({ touched }: ServicePlan): string[] => touched.map(({ name, action, because }) => `${name} ${action} ${because.kind === 'path' ? because.path : because.kind === 'service' ? `<- ${because.service}` : 'everything'}`);

const WEB = service('web', { paths: ['src/web/**', 'src/shared/**', 'config/web.yaml'], dependsOn: ['db'] });
const DB = service('db', { paths: ['src/db/**'] });

describe('planServices', () => {
  it.each<[string, readonly PlannedService[], TreeChange, string[]]>([
    ['nothing declared', [], changed('VERSION'), []],
    ['nothing changed', [WEB, DB, service('all')], changed(), []],
    ['a service without paths is made of everything', [WEB, DB, service('all')], changed('VERSION'), ['all restart VERSION']],
    ['only the one whose file changed', [WEB, DB], changed('config/web.yaml'), ['web restart config/web.yaml']],
    ['who depends on a touched one, after it', [WEB, DB], changed('src/db/a.js'), ['db restart src/db/a.js', 'web restart <- db']],
    ['along a chain', [service('a', { paths: ['src/web'], dependsOn: ['b'] }), service('b', { paths: ['src/shared'], dependsOn: ['db'] }), DB], changed('src/db/a.js'), ['db restart src/db/a.js', 'b restart <- db', 'a restart <- b']],
    ['its own file is the better reason', [WEB, DB], changed('src/db/a.js', 'src/web/a.js'), ['db restart src/db/a.js', 'web restart src/web/a.js']],
    ['unknown trees touch all', [WEB, DB], EVERYTHING, ['db restart everything', 'web restart everything']],
    ['as declared where nothing orders them', [service('b'), service('a')], changed('VERSION'), ['b restart VERSION', 'a restart VERSION']],
    ['a signal instead of a restart', [service('log', { onChange: { signal: 'SIGHUP' } })], changed('VERSION'), ['log reload VERSION']],
    ['none takes a change by itself, and passes nothing on', [service('files', { onChange: 'none', paths: ['src/web'] }), service('user', { paths: ['src/db'], dependsOn: ['files'] })], changed('src/web/a.js'), []],
    ['who depends on one that is told is touched in its own way', [service('log', { onChange: { signal: 'SIGHUP' }, paths: ['src/web'] }), service('user', { paths: ['src/db'], dependsOn: ['log'] })], changed('src/web/a.js'), ['log reload src/web/a.js', 'user restart <- log']],
    ['instances are rolled', [service('app@1', { instanceOf: 'app' }), service('app@2', { instanceOf: 'app' })], changed('VERSION'), ['app@1 roll VERSION', 'app@2 roll VERSION']],
    ['the slow rolling comes last where it may', [service('app@1', { instanceOf: 'app' }), service('log', { onChange: { signal: 'SIGHUP' } }), service('web')], changed('VERSION'), ['web restart VERSION', 'log reload VERSION', 'app@1 roll VERSION']],
    ['but not before who depends on it', [service('web', { dependsOn: ['app@1'] }), service('app@1', { instanceOf: 'app' })], changed('VERSION'), ['app@1 roll VERSION', 'web restart VERSION']],
    ['an order through an untouched one holds', [service('a', { dependsOn: ['m'] }), service('m', { kind: 'hardware', dependsOn: ['z'] }), service('z')], changed('VERSION'), ['z restart VERSION', 'a restart VERSION']],
    ['a dependency named twice', [service('a', { dependsOn: ['b', 'b'] }), service('b')], changed('VERSION'), ['b restart VERSION', 'a restart VERSION']],
  ])('%s', (_, services, changes, expected) => {
    expect(shown(plan(services, changes))).toEqual(expected);
  });

  const METER = service('meter', { kind: 'hardware', paths: ['src/meter/**'], dependsOn: ['db'] });
  it.each<[string, PlannedService, TreeChange, string | null, string[], number]>([
    ['stays when only others change', METER, changed('src/db/a.js'), null, [], 0],
    ['stays when the trees cannot be compared', METER, EVERYTHING, null, [], 0],
    ['is held back by the policy', METER, changed('src/meter/a.js'), 'policy.hardware is never', [], 1],
    ['is touched when its files change and nobody minds', METER, changed('src/meter/a.js'), null, ['meter restart src/meter/a.js'], 0],
    ['is upgraded warm where a bridge holds the line', { ...METER, onChange: { bridge: 'meter' } }, changed('src/meter/a.js'), null, ['meter reload src/meter/a.js'], 0],
  ])('hardware %s', (_, meter, changes, hardwareHeld, expected, held) => {
    const found = plan([service('db', { paths: ['src/shared'] }), meter], changes, { hardwareHeld });
    expect(shown(found).filter((line) => line.startsWith('meter'))).toEqual(expected);
    expect(found.heldBack).toHaveLength(held);
  });
  it('lets who depends on a bridge run on through its warm upgrade, but not through a restart', () => {
    const reader = service('reader', { paths: ['src/web'], dependsOn: ['meter'] });
    const services = [service('db', { paths: ['src/db'] }), METER, reader];
    expect(shown(plan(services, changed('src/meter/a.js'), { hardwareHeld: null }))).toEqual(['meter restart src/meter/a.js', 'reader restart <- meter']);
    const warm = services.map((entry) => (entry === METER ? { ...METER, onChange: { bridge: 'meter' } as OnChange } : entry));
    expect(shown(plan(warm, changed('src/meter/a.js'), { hardwareHeld: null }))).toEqual(['meter reload src/meter/a.js']);
  });
  it('compares one that was held back with what it runs from', () => {
    const services = [service('db', { paths: ['src/db'] }), METER];
    const found = plan(services, changed('src/db/a.js'), { hardwareHeld: null, ownChanges: new Map([['meter', changed('src/meter/a.js')]]) });
    expect(shown(found)).toEqual(['db restart src/db/a.js', 'meter restart src/meter/a.js']);
  });

  it.each<[string, readonly PlannedService[], string]>([
    ['a circle', [service('x'), service('a', { dependsOn: ['b'] }), service('b', { dependsOn: ['c'] }), service('c', { dependsOn: ['a'] })], 'a -> b -> c -> a'],
    ['itself', [service('a', { dependsOn: ['a'] })], 'a -> a'],
    ['a circle through hardware', [service('a', { dependsOn: ['h'] }), service('h', { kind: 'hardware', dependsOn: ['a'] })], 'a -> h -> a'],
    ['an unknown name', [service('a', { dependsOn: ['b'] })], 'a depends on b'],
  ])('refuses %s', (_, services, words) => {
    for (const changes of [changed('VERSION'), changed(), EVERYTHING]) expect(() => plan(services, changes)).toThrow(expect.objectContaining({ code: 'settings-invalid', message: expect.stringContaining(words) }));
  });

  it('refuses a glob that matches nothing before or after, with its place', () => {
    const where = { file: '/etc/holdline/holdline.yaml', line: 9, column: 23 };
    const wrong = { ...service('web'), paths: [{ glob: 'src/web/**' }, { glob: 'src/wbe/**', where }] };
    expect(() => plan([wrong], changed())).toThrow(expect.objectContaining({ code: 'service-paths', where, message: expect.stringMatching(/holdline\.yaml:9:23: "src\/wbe\/\*\*" of the service web matches no file.*Nothing has changed/u) }));
    expect(codeOf(() => plan([wrong], EVERYTHING))).toBe('accepted');
  });
});

describe('config of which only the merge will say whether it changes', () => {
  const doubt = (...paths: readonly string[]): TreeChange => ({ kind: 'paths', paths, known: new Set(KNOWN), doubtful: new Set(['config/web.yaml']) });
  const services = [WEB, DB, service('user', { paths: ['src/meter'], dependsOn: ['web'] })];
  const alone = (changes: TreeChange, ...really: readonly string[]): string[] => [...leftAlone(plan(services, changes).touched, new Set(really))];
  it.each<[string, TreeChange, readonly string[], string[]]>([
    ['it did not: nobody is touched', doubt('config/web.yaml'), [], ['web', 'user']],
    ['it did', doubt('config/web.yaml'), ['config/web.yaml'], []],
    ['something certain beside it', doubt('config/web.yaml', 'src/web/a.js'), [], []],
    ['who it depends on is touched for certain', doubt('config/web.yaml', 'src/db/a.js'), [], []],
  ])('%s', (_, changes, really, expected) => {
    expect(alone(changes, ...really)).toEqual(expected);
  });
  it('is touched when nobody can say', () => {
    expect(leftAlone(plan(services, doubt('config/web.yaml')).touched, null).size).toBe(0);
  });
});

const FOLDERS = ['a', 'b', 'c', 'd'];
const onChanges: fc.Arbitrary<OnChange | undefined> = fc.constantFrom<(OnChange | undefined)[]>(undefined, 'restart', 'none', { signal: 'SIGHUP' }, { bridge: 'x' });
interface World { readonly services: readonly PlannedService[]; readonly changes: Extract<TreeChange, { kind: 'paths' }>; readonly hardwareHeld: string | null }
const worlds: fc.Arbitrary<World> = fc.record({
  rows: fc.array(fc.record({
    deps: fc.array(fc.nat(30), { maxLength: 3 }), folders: fc.option(fc.uniqueArray(fc.constantFrom(...FOLDERS), { minLength: 1, maxLength: 2 }), { nil: undefined }), onChange: onChanges,
    hardware: fc.boolean(), rolled: fc.boolean(),
  }), { maxLength: 12 }),
  paths: fc.uniqueArray(fc.constantFrom(...FOLDERS.map((folder) => `${folder}/f`)), { maxLength: 3 }), hardwareHeld: fc.constantFrom(null, 'held'), reverse: fc.boolean(),
}).map(({ rows, paths, hardwareHeld, reverse }) => {
  const services = rows.map((row, index): PlannedService => service(`s${index}`, {
    dependsOn: row.deps.filter((other) => other < index).map((other) => `s${other}`), kind: row.hardware ? 'hardware' : 'service',
    ...(row.folders === undefined ? {} : { paths: row.folders.map((folder) => `${folder}/**`) }), ...(row.onChange === undefined ? {} : { onChange: row.onChange }), ...(row.rolled && !row.hardware ? { instanceOf: 's' } : {}),
  }));
  return { services: reverse ? services.toReversed() : services, changes: { kind: 'paths', paths, known: new Set(FOLDERS.map((folder) => `${folder}/f`)), doubtful: new Set() }, hardwareHeld };
});
const ownChange = (entry: PlannedService, paths: readonly string[]): boolean => (entry.paths === undefined ? paths.length > 0 : entry.paths.some(({ glob }) => paths.includes(`${glob.slice(0, 1)}/f`)));

describe('every plan of services', () => {
  it('touches one exactly when its files change or it depends on a touched one', () => {
    fc.assert(fc.property(worlds, ({ services, changes, hardwareHeld }) => {
      const found = plan(services, changes, { hardwareHeld });
      const names = new Set(found.touched.map(({ name }) => name));
      for (const entry of services) {
        const own = ownChange(entry, changes.paths);
        const isBridge = (name: string): boolean => typeof services.find((other) => other.name === name)?.onChange === 'object' && 'bridge' in (services.find((other) => other.name === name)!.onChange as object);
        const passed = entry.kind === 'service' && entry.dependsOn.some((name) => names.has(name) && !isBridge(name));
        const may = entry.onChange !== 'none' && (entry.kind === 'service' || hardwareHeld === null);
        expect(names.has(entry.name), entry.name).toBe((own || passed) && may);
        if (entry.kind === 'hardware' && names.has(entry.name)) expect(own).toBe(true);
      }
    }), { numRuns: 500 });
  });

  it('starts in topological order, stops in its reverse, and undoes both exactly backwards', () => {
    fc.assert(fc.property(worlds, ({ services, changes, hardwareHeld }) => {
      const { touched } = plan(services, changes, { hardwareHeld });
      const order = touched.map(({ name }) => name);
      const reaches = (from: string, to: string): boolean => services.find(({ name }) => name === from)!.dependsOn.some((next) => next === to || reaches(next, to));
      for (const [at, name] of order.entries()) for (const later of order.slice(at + 1)) expect(reaches(name, later), `${name} before ${later}`).toBe(false);
      const { before, after } = planServiceSteps(planStep, touched, { seconds: 60, interval: 5, failures: 3, maxRestarts: 3 }, '/s');
      const namesOf = (steps: typeof before): readonly (readonly string[])[] => steps.map(({ params }) => params['services'] as string[]);
      expect(namesOf(after).flat()).toEqual(order);
      // Undo goes through the steps backwards: what stands before the switch is the mirror image of what follows it.
      expect(namesOf(before).toReversed().flat()).toEqual(order);
      expect(before.map(({ name }) => name === 'stop-services').toReversed()).toEqual(after.map(({ name }) => name === 'start-services'));
    }), { numRuns: 500 });
  });

  it('bears long chains', () => {
    const chain = Array.from({ length: 1500 }, (_, index) => service(`s${index}`, { dependsOn: index === 1499 ? [] : [`s${index + 1}`] }));
    expect(plan(chain, EVERYTHING).touched[0]?.name).toBe('s1499');
  });
});

it('looks at other probes only when nothing that was stopped still waits for its start', () => {
  const { touched } = plan([service('web', { dependsOn: ['app@1', 'app@2'] }), service('app@1', { instanceOf: 'app' }), service('app@2', { instanceOf: 'app' }), service('last@1', { instanceOf: 'last' })], changed('VERSION'));
  const { after } = planServiceSteps(planStep, touched, { seconds: 60, interval: 5, failures: 3, maxRestarts: 3 }, '/s');
  const looks = after.filter(({ name }) => name === 'roll-services').map(({ params }) => [params['services'], (params['watch'] as { allProbes: boolean }).allProbes]);
  expect(looks).toEqual([[['app@1'], false], [['app@2'], false], [['last@1'], true]]);
});
