// What a process is made of and how it takes a change: every form, and every mistake with its place.
import { describe, expect, it } from 'vitest';
import type { HoldlineError } from '../../src/domain/errors.js';
import { loadSettings } from '../../src/settings/load-settings.js';

const FILE = '/etc/holdline/holdline.yaml';
const load = (services: string) => loadSettings({ text: `github_repo: a/b\n${services}`, file: FILE, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const mistakeOf = (services: string): Pick<HoldlineError, 'message' | 'where' | 'hint'> => {
  try { load(services); } catch (thrown) { return thrown as HoldlineError; }
  throw new Error('the settings were accepted');
};

describe('services', () => {
  it('keep their globs with the place of each', () => {
    expect(load('services:\n  - {name: web, command: [x], paths: [src/web, "config/web.yaml"]}\n').services[0]?.paths).toEqual([
      { glob: 'src/web', where: { file: FILE, line: 3, column: 39 } }, { glob: 'config/web.yaml', where: { file: FILE, line: 3, column: 48 } },
    ]);
  });
  it('have instances, which their name, units and %i stand for', () => {
    const settings = load(`services:
  - {unit: "api@.service", instances: "0..1", on_change: {signal: SIGHUP}}
  - {name: work, command: [node, w.js, "--port=808%i"], env: {N: "%i"}, instances: "2..3", depends_on: [api]}
  - {name: last, command: [x, "%i"], depends_on: [work@3, api@0.service]}
health: [{service: work, active_for: 1}, {service: api@1}]
`);
    expect(settings.services).toMatchObject([
      { name: 'api@0', unit: 'api@0.service', instanceOf: 'api', onChange: { signal: 'SIGHUP' } }, { name: 'api@1', unit: 'api@1.service', instanceOf: 'api' },
      { name: 'work@2', command: ['node', 'w.js', '--port=8082'], env: { N: '2' }, dependsOn: ['api@0', 'api@1'], instanceOf: 'work' }, { name: 'work@3', command: ['node', 'w.js', '--port=8083'] },
      { name: 'last', command: ['x', '%i'], dependsOn: ['work@3', 'api@0'] },
    ]);
    expect(settings.health.map((probe) => [probe.name, 'service' in probe ? probe.service : ''])).toEqual([['service work@2', 'work@2'], ['service work@3', 'work@3'], ['service api@1', 'api@1']]);
  });
  it('that are a shipped bridge are upgraded warm unless told otherwise', () => {
    expect(load('services: [{unit: holdline-bridge@meter.service, kind: hardware}, {unit: b.service}, {unit: holdline-bridge@x.service, on_change: restart}]\n').services.map(({ onChange }) => onChange)).toEqual([{ bridge: 'meter' }, undefined, 'restart']);
  });
  it.each<[string, string, number, number, RegExp]>([
    ['an unknown signal', 'services:\n  - unit: a.service\n    on_change: {signal: SIGHUB}\n', 4, 25, /must be one of SIGHUP.*SIGALRM/u],
    ['a signal that ends it', 'services:\n  - unit: a.service\n    on_change: {signal: SIGKILL}\n', 4, 25, /must be one of/u],
    ['a bare signal', 'services:\n  - unit: a.service\n    on_change: SIGHUP\n', 4, 16, /restart, none, \{signal: SIGHUP\}/u],
    ['a word that is none', 'services:\n  - unit: a.service\n    on_change: restrt\n', 4, 16, /restart, none/u],
    ['two ways at once', 'services:\n  - unit: a.service\n    on_change: {signal: SIGHUP, bridge: x}\n', 4, 33, /cannot stand beside "signal"/u],
    ['a key that is none', 'services:\n  - unit: a.service\n    on_change: {sgnal: SIGHUP}\n', 4, 17, /"sgnal".*did you mean "signal"/u],
    ['a bridge that cannot be one', 'services:\n  - unit: a.service\n    on_change: {bridge: "../x"}\n', 4, 25, /name of a bridge/u],
    ['a falling range', 'services:\n  - {unit: a@.service, instances: "4..1"}\n', 3, 35, /FIRST\.\.LAST/u],
    ['a number for a range', 'services:\n  - {unit: a@.service, instances: 4}\n', 3, 35, /text, not 4/u],
    ['a crowd', 'services:\n  - {unit: a@.service, instances: "1..65"}\n', 3, 35, /at most 64/u],
    ['a range of words', 'services:\n  - {unit: a@.service, instances: "a..c"}\n', 3, 35, /FIRST\.\.LAST/u],
    ['instances of a unit that is no template', 'services:\n  - {unit: a.service, instances: "1..2"}\n', 3, 34, /need a template unit/u],
    ['a template without instances', 'services:\n  - unit: a@.service\n', 3, 11, /no instances are given/u],
    ['instances of hardware', 'services:\n  - {unit: a@.service, instances: "1..2", kind: hardware}\n', 3, 35, /hardware/u],
    ['an instance that has its name taken', 'services:\n  - {unit: a@.service, instances: "1..2"}\n  - {name: "a@2", command: [x]}\n', 4, 5, /both called a@2/u],
    ['an instance nobody has', 'services:\n  - {unit: a@.service, instances: "1..2"}\n  - {name: b, command: [x], depends_on: [a@3]}\n', 4, 42, /no service "a@3"/u],
    ['no globs', 'services:\n  - {unit: a.service, paths: []}\n', 3, 30, /at least one glob/u],
    ['a glob that leaves the folder', 'services:\n  - {unit: a.service, paths: ["src", "../x"]}\n', 3, 38, /relative glob/u],
    ['a circle through instances', 'services:\n  - {unit: a@.service, instances: "1..2", depends_on: [b]}\n  - {name: b, command: [x], depends_on: [a@2]}\n', 4, 41, /circle \(b -> a@2 -> b\)|circle \(a@2 -> b -> a@2\)/u],
  ])('refuse %s', (_, text, line, column, words) => {
    const mistake = mistakeOf(text);
    expect(mistake.message).toMatch(words);
    expect(mistake.where).toEqual({ file: FILE, line, column });
  });
});
