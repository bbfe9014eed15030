// The publisher's file of requirements: what is misspelt or malformed is said, with the file's name.
import { expect, it } from 'vitest';
import { readRequires } from '../../src/publish/read-requires.js';

const read = (text: string): unknown => readRequires({ readText: () => text }, '/etc/requires.json');

it('is taken as it stands; its values are judged with the manifest', () => {
  expect(read('{"node": ">=20.19", "os": {"debian": ">=12"}, "components": {"bridge": ">=2"}}')).toEqual({ node: '>=20.19', os: { debian: '>=12' }, components: { bridge: '>=2' } });
});

it.each([
  ['', /requires\.json is not JSON/u], ['{"node": ">=20",}', /requires\.json is not JSON/u], ['[]', /holds no object/u], ['null', /holds no object/u],
  ['{"memory": 512}', /unknown key "memory"/u], ['{"memry_mb": 512}', /unknown key "memry_mb", did you mean "memory_mb"\?/u],
])('refuses %s', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

it('says so when the file is not there', () => {
  const missing = { readText: () => { throw Object.assign(new Error('no such file'), { code: 'ENOENT' }); } };
  expect(() => readRequires(missing, '/nowhere.json')).toThrow(/cannot publish: \/nowhere\.json cannot be read/u);
});
