import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import semver from 'semver';
import { HoldlineError } from '../../src/domain/errors.js';
import { isSatisfiable } from '../../src/settings/check-component-graph.js';
import { loadSettings } from '../../src/settings/load-settings.js';

const load = (text: string, env = {}) => loadSettings({ text, file: '/etc/holdline/holdline.yaml', env, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const HEAD = 'github_repo: acme/plant\nstate_dir: /var/lib/plant\n';

function mistakesOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (thrown) {
    if (!(thrown instanceof HoldlineError)) throw thrown;
    const all = [{ message: thrown.message.replace(/^cannot use the settings: \S+ /u, '').replace(/ \(and \d+ more mistakes?\)$/u, ''), where: thrown.where }, ...thrown.others];
    return all.map(({ message, where }) => `${where?.line}:${where?.column} ${message}`);
  }
  throw new Error('the settings were accepted');
}

describe('components', () => {
  it('are none where the file describes one app: nothing else changes', () => {
    expect(load(HEAD)).toMatchObject({ components: null, component: null, together: [], tagPrefix: null, stateDir: '/var/lib/plant', sharedDir: '/var/lib/plant' });
  });

  it('each have whole settings of their own, the top level\'s where they say nothing', () => {
    const settings = load(`${HEAD}channel: beta
max_backups: 7
backup_path: /mnt/usb
probation: {seconds: 9, interval: 1, failures: 2}
components:
  database: {install_dir: ../../opt/database, services: [{unit: database.service}], health: [{service: database}]}
  app:
    install_dir: /opt/app
    depends_on: {database: ">=2.1 <3"}
    channel: stable
    pin: ~1.4
    probation: {seconds: 3}
  dashboard: {install_dir: /opt/dashboard, github_repo: acme/dashboard, enabled: false}
  extra: {install_dir: /opt/extra, github_repo: acme/dashboard, tag_prefix: more, backup_path: kept}
together: [[app, database]]
`);
    const [database, app, dashboard, extra] = settings.components ?? [];
    expect(database).toMatchObject({
      app: 'plant', installDir: '/opt/database', stateDir: '/var/lib/plant/components/database', sharedDir: '/var/lib/plant', backupPath: '/mnt/usb/database', tagPrefix: 'database',
      channel: 'beta', maxBackups: 7, probation: { seconds: 9, failures: 2 }, services: [{ unit: 'database.service' }], githubRepo: 'acme/plant', components: null,
      component: { name: 'database', enabled: true, pin: null, dependsOn: {}, sharesRepo: true, tagMates: [] },
    });
    expect(app).toMatchObject({ channel: 'stable', probation: { seconds: 3, interval: 5 }, services: [], health: [], component: { pin: '~1.4', dependsOn: { database: '>=2.1 <3' } } });
    expect(dashboard).toMatchObject({ githubRepo: 'acme/dashboard', tagPrefix: null, component: { enabled: false, sharesRepo: false } });
    expect(extra).toMatchObject({ tagPrefix: 'more', backupPath: '/etc/holdline/kept' });
    expect(settings).toMatchObject({ together: [['app', 'database']], services: [{ name: 'database' }], stateDir: '/var/lib/plant', runtimeDir: '/var/lib/plant/run' });
    expect(Object.isFrozen(database?.component?.dependsOn)).toBe(true);
  });

  it('know who has the very same releases: each takes the part of its name', () => {
    const mates = (text: string): object => Object.fromEntries((load(`${HEAD}components:\n${text}`).components ?? []).map(({ component, tagPrefix }) => [component.name, [tagPrefix, ...component.tagMates]]));
    expect(mates('  a: {install_dir: /a, tag_prefix: ""}\n  b: {install_dir: /b, tag_prefix: ""}\n  c: {install_dir: /c}\n')).toEqual({ a: [null, 'b'], b: [null, 'a'], c: ['c'] });
    expect(mates('  a: {install_dir: /a, tag_prefix: suite}\n  b: {install_dir: /b, tag_prefix: suite, asset: "b-*"}\n  c: {install_dir: /c, tag_prefix: suite, github_repo: acme/other}\n')).toEqual({ a: ['suite', 'b'], b: ['suite', 'a'], c: ['suite'] });
    expect(mates('  a: {install_dir: /a, github_repo: acme/Suite}\n  b: {install_dir: /b, github_repo: ACME/suite, asset: "b-*"}\n')).toEqual({ a: [null, 'b'], b: [null, 'a'] });
  });

  it.each<[string, string, readonly string[]]>([
    ['a name nobody has', '  app: {install_dir: /opt/app, depends_on: {databse: ">=2"}}\n  database: {install_dir: /opt/db}\n', ['4:45 there is no component "databse", did you mean "database"?']],
    ['a group with a name nobody has', '  a: {install_dir: /a}\n  b: {install_dir: /b}\ntogether: [[a, bb]]\n', ['6:16 there is no component "bb", did you mean "b"?']],
    ['itself', '  app: {install_dir: /opt/app, depends_on: {app: "1"}}\n', ['4:44 components depend on each other in a circle (app -> app)']],
    ['a circle', '  a: {install_dir: /a, depends_on: {b: "*"}}\n  b: {install_dir: /b, depends_on: {c: "*"}}\n  c: {install_dir: /c, depends_on: {a: "*"}}\n', ['4:36 components depend on each other in a circle (a -> b -> c -> a)']],
    ['a circle through a group', '  a: {install_dir: /a}\n  b: {install_dir: /b, depends_on: {a: "*"}}\n  c: {install_dir: /c, depends_on: {b: "*"}}\ntogether: [[a, c]]\n', ['6:36 components depend on each other in a circle (a + c -> b -> a + c); what moves together (+) is one place']],
    ['a range that is none', '  a: {install_dir: /a, depends_on: {b: "newest"}}\n  b: {install_dir: /b}\n', ['4:40 components.a.depends_on.b must be a version or a semver range like "~1.4" or ">=2.1 <3"']],
    ['a range without a version', '  a: {install_dir: /a, depends_on: {b: ">=2.1 <2"}}\n  b: {install_dir: /b}\n', ['4:40 a needs b >=2.1 <2, but no version can be that']],
    ['ranges that exclude each other', '  a: {install_dir: /a, depends_on: {c: ">=2.1"}}\n  b: {install_dir: /b, depends_on: {c: "<2"}}\n  c: {install_dir: /c}\n', ['5:40 no version of c fits all that is asked of it: a needs c >=2.1; b needs c <2']],
    ['a pin against a range', '  a: {install_dir: /a, depends_on: {b: ">=2.1"}}\n  b: {install_dir: /b, pin: "2.0.5"}\n', ['5:29 no version of b fits all that is asked of it: a needs b >=2.1; b is pinned to 2.0.5']],
    ['one folder', '  a: {install_dir: /opt/x}\n  b: {install_dir: /opt/x, managed_paths: [other]}\n', ['5:20 the paths of a and b overlap: both /opt/x']],
    ['a folder inside what another replaces', '  a: {install_dir: /opt/a}\n  b: {install_dir: /opt/a/src/plugin}\n', ['5:20 the paths of a and b overlap: /opt/a/src and /opt/a/src/plugin/.holdline']],
    ['a folder inside the house of another', '  a: {install_dir: /opt/a}\n  b: {install_dir: /opt/a/.holdline/x}\n', ['5:20 the paths of a and b overlap: /opt/a/.holdline and /opt/a/.holdline/x/.holdline']],
    ['the same file of the same releases', '  a: {install_dir: /a, asset: "x-*.tar.gz"}\n  b: {install_dir: /b, asset: "x-*.tar.gz", tag_prefix: a}\n', ['5:3 a and b have the same releases (tags a-v1.2.3 of acme/plant) and the same asset x-*.tar.gz']],
    ['the same service', '  a: {install_dir: /a, services: [{unit: x.service}]}\n  b: {install_dir: /b, services: [{unit: x.service, name: y}]}\n', ['5:35 the service y belongs to a and to b']],
    ['a member of two groups', '  a: {install_dir: /a}\n  b: {install_dir: /b}\n  c: {install_dir: /c}\ntogether: [[a, b], [c, a]]\n', ['7:20 a is in together more than once']],
    ['half a group that is off', '  a: {install_dir: /a, enabled: false}\n  b: {install_dir: /b}\ntogether: [[a, b]]\n', ['6:12 a is not enabled, so b could never move together with it']],
    ['no folder', '  a: {channel: beta}\n', ['4:6 components.a.install_dir is missing']],
    ['an unknown key', '  a: {install_dir: /a, chanel: beta}\n', ['4:24 unknown key "chanel" in components.a, did you mean "channel"?']],
    ['an unknown kind', '  a: {install_dir: /a, kind: deb}\n', ['4:30 components.a.kind must be one of tree, module']],
    ['a service without a form', '  a: {install_dir: /a, services: [{nme: x}]}\n', ['4:36 unknown key "nme" in components.a.services[0], did you mean "name"?']],
    ['its own mistake', '  a: {install_dir: /a, preserve: ["data/**"]}\n', ['4:35 preserve "data/**" lies in no managed path (src, config, VERSION), so there is nothing to preserve']],
    ['a bad name', '  1.2.0: {install_dir: /a}\n', ['4:3 components.1.2.0 is not a name for a component: it must begin with a letter and hold only letters, digits, "_" and "-"']],
    ['nothing', '  # a: {install_dir: /a}\n', []],
  ])('%s is refused at its place', (_name, text, expected) => {
    if (expected.length === 0) expect(load(`${HEAD}components:\n${text}`).components).toBeNull();
    else expect(mistakesOf(`${HEAD}components:\n${text}`)).toEqual(expected);
  });

  it('refuses at the top level what must say of which component it is', () => {
    expect(mistakesOf(`${HEAD}install_dir: /opt/app\nservices: [{unit: a.service}]\ncomponents:\n  a: {install_dir: /a}\n`)).toEqual([
      '3:1 install_dir stands beside components: it must say of which one it is', '4:1 services stands beside components: it must say of which one it is',
    ]);
    expect(mistakesOf(`${HEAD}together: [[a, b]]\n`)).toEqual(['3:1 together names components, but there are none']);
    expect(mistakesOf(`${HEAD}components: {}\n`)).toEqual(['3:1 components names no component']);
  });

  it('tells the mistake of a default once, not once for each component', () => {
    expect(mistakesOf(`${HEAD}preserve: ["data/**"]\ncomponents:\n  a: {install_dir: /a}\n  b: {install_dir: /b}\n`)).toHaveLength(1);
  });
});

describe('isSatisfiable', () => {
  const versions = [0, 1, 2, 3].flatMap((major) => [0, 1, 2].flatMap((minor) => [0, 1].map((patch) => `${major}.${minor}.${patch}`)));
  const range = fc.array(fc.array(fc.tuple(fc.constantFrom('>=', '<=', '<', '>', '^', '~', ''), fc.constantFrom(...versions)).map(([how, version]) => how + version), { minLength: 1, maxLength: 2 }).map((parts) => parts.join(' ')), { minLength: 1, maxLength: 2 }).map((sides) => sides.join(' || '));
  it('says no only where no version is in all of the ranges', () => {
    fc.assert(fc.property(fc.array(range, { minLength: 1, maxLength: 3 }), fc.constantFrom(...versions), (ranges, version) => {
      if (ranges.every((one) => semver.satisfies(version, one))) expect(isSatisfiable(ranges)).toBe(true);
    }), { numRuns: 500 });
  });
  it.each([[['>=2.1', '<2']], [['1 || 2', '3 || 4']], [['>1.0.0 <1.0.1-0']]])('%j: no', (ranges) => { expect(isSatisfiable(ranges)).toBe(false); });
});
