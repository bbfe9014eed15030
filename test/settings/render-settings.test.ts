import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/settings/load-settings.js';
import { renderSettings, type InitialSettings } from '../../src/settings/render-settings.js';

const load = (text: string) => loadSettings({ text, file: '/etc/holdline/holdline.yaml', env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const KEY = `RWQ${'a'.repeat(53)}`;

describe('renderSettings', () => {
  it.each<[string, InitialSettings, object]>([
    ['nothing found', { repo: 'a/b', installDir: null, services: [], keys: [] }, { githubRepo: 'a/b', installDir: '/opt/app', services: [], trust: { require: 'signature', keys: [] } }],
    ['a unit', { repo: 'a/b', installDir: '/opt/b', services: [{ unit: 'b.service' }], keys: [KEY] }, { installDir: '/opt/b', services: [{ unit: 'b.service' }], trust: { keys: [{ publicKey: KEY }] } }],
    ['odd names', { repo: 'a/b', installDir: '/opt/my "app" ${X} ä: #1', stateDir: '/var/x', services: [{ name: 'b', command: ['node', 'a b.js', '${Y}', '# c'] }], keys: [] },
      { installDir: '/opt/my "app" ${X} ä: #1', stateDir: '/var/x', services: [{ command: ['node', 'a b.js', '${Y}', '# c'] }] }],
  ])('with %s loads as it was meant', (_name, initial, expected) => {
    expect(load(renderSettings(initial))).toMatchObject(expected);
  });
});
