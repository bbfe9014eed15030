// What `holdline publish` makes of its flags: one folder or several components, tags and prefixes; mistakes end before anything is built.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { ManifestOfSeveral } from '../../src/domain/manifest.js';
import type { PublishRequest } from '../../src/interface/app.js';
import { publish } from '../../src/main/tools/publish.js';
import { writeFiles } from '../support/device-world.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let root: string;
const at = (...path: string[]): string => join(root, ...path);
beforeEach(() => {
  root = makeTempFolder('publish ü');
  for (const name of ['app', 'database']) writeFiles(at(name), { 'VERSION': '1.3.0\n', 'src/main.js': `of ${name}\n`, 'config/x.yaml': 'a: 1\n' });
  writeFileSync(at('needs.json'), '{"components": {"database": ">=1.3"}}');
  for (const name of ['GITHUB_REPOSITORY', 'GITHUB_REF_NAME', 'GITHUB_TOKEN', 'HOLDLINE_KEY', 'SOURCE_DATE_EPOCH']) vi.stubEnv(name, undefined);
});
afterEach(() => { vi.unstubAllEnvs(); removeTempFolder(root); });

type Flags = Partial<Omit<PublishRequest, 'parts' | 'requires'>> & { readonly parts?: readonly string[]; readonly requires?: readonly string[] };
const make = async ({ parts = [], ...flags }: Flags): Promise<ManifestOfSeveral> => {
  await publish({
    component: undefined, directory: undefined, repo: 'acme/suite', tag: undefined, tagPrefix: undefined, out: at('out'), key: undefined, name: undefined, channel: undefined, type: undefined, notes: undefined,
    minVersion: undefined, requires: [], expires: undefined, exclude: [], upload: false, keys: undefined, parts: parts.map((component) => ({ component, directory: at(component) })), ...flags,
  });
  return JSON.parse(readFileSync(at('out/holdline.json'), 'utf8')) as ManifestOfSeveral;
};
const BOTH = ['app', 'database'];

it('of several components: each with what it requires, the lowest version for all of them', async () => {
  const manifest = await make({ parts: BOTH, requires: [`app=${at('needs.json')}`], minVersion: '1.2.0' });
  expect(manifest).toMatchObject({ tag: 'v1.3.0', version: '1.3.0', components: { app: { requires: { components: { database: '>=1.3' }, min_version: '1.2.0' } }, database: { requires: { min_version: '1.2.0' } } } });
  expect(manifest.components['database']?.requires).not.toHaveProperty('components');
});

it.each<[Flags, string]>([
  [{ parts: BOTH, tagPrefix: 'suite' }, 'suite-v1.3.0'], [{ parts: BOTH, tagPrefix: 'suite', tag: 'suite-v1.3.0-20261127' }, 'suite-v1.3.0-20261127'], [{ parts: BOTH, tag: 'v1.3.0' }, 'v1.3.0'], [{ parts: ['app'] }, 'v1.3.0'],
])('with %j the tag is %s, and the version 1.3.0', async (flags, tag) => {
  expect(await make(flags)).toMatchObject({ tag, version: '1.3.0' });
});

it('of one folder: as ever, also of one component', async () => {
  expect(await make({ directory: at('app'), requires: [at('needs.json')] })).toMatchObject({ tag: 'v1.3.0', payload: { asset: 'suite-1.3.0.tar.gz' }, requires: { components: { database: '>=1.3' } } });
  const one = await make({ directory: at('app'), component: 'app' });
  expect(one).toMatchObject({ tag: 'app-v1.3.0', version: '1.3.0', payload: { asset: 'app-1.3.0.tar.gz' } });
  expect(one).not.toHaveProperty('components');
});

it.each<[string, Flags, RegExp]>([
  ['no folder at all', {}, /no folder/], ['a folder beside them', { directory: '/x', parts: BOTH }, /have folders of their own/], ['one of them twice', { parts: ['app', 'app'] }, /app is given twice/],
  ['one without a name', { parts: [''] }, /cannot understand --component =/], ['a name for the payload', { parts: BOTH, name: 'x' }, /--name is of one payload/],
  ['requirements of nobody', { parts: BOTH, requires: ['needs.json'] }, /--requires needs\.json: it does not say of which component/], ['requirements of a third', { parts: BOTH, requires: ['web=needs.json'] }, /does not say of which component/],
  ['two files of requirements for one', { parts: BOTH, requires: ['app=a.json', 'app=b.json'] }, /cannot read both a\.json and b\.json/], ['two files of requirements', { directory: '/x', tag: 'v1.3.0', requires: ['a', 'b'] }, /cannot read both a and b/],
  ['a tag of another prefix', { parts: BOTH, tagPrefix: 'suite', tag: 'v1.3.0' }, /the tag v1\.3\.0 is none of its releases/], ['a tag with a prefix that is not said', { parts: BOTH, tag: 'suite-v1.3.0' }, /is not a semver version/],
])('refuses %s before anything is written', async (_, flags, words) => {
  mkdirSync(at('empty'));
  const refused = await make(flags).then(() => undefined, (thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(HoldlineError);
  expect(refused).toMatchObject({ code: 'usage', message: expect.stringMatching(words) as unknown });
  expect(readdirSync(root)).not.toContain('out');
});
