import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { isMap, parse, parseDocument } from 'yaml';
import { loadSettings } from '../../src/settings/load-settings.js';
import { settingsSchema } from '../../src/settings/schema.js';
import { settingsJsonSchema } from '../../src/settings/settings-json-schema.js';

const example = readFileSync(new URL('../../config/holdline.yaml', import.meta.url), 'utf8');
const sources = { file: '/etc/holdline/holdline.yaml', env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' };

describe('config/holdline.schema.json', () => {
  // Written anew by: npx vitest run --project unit test/settings -u
  it('is what the settings say today', async () => {
    await expect(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../config/holdline.schema.json');
  });
  it('describes every key of every section', () => {
    const describeAll = (schema: unknown, name: string): string[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const missing = Object.entries((schema as { properties?: Record<string, { description?: string }> }).properties ?? {}).filter(([, inner]) => inner.description === undefined).map(([key]) => `${name}.${key}`);
      return [...missing, ...Object.entries(schema).flatMap(([key, inner]) => describeAll(inner, `${name}/${key}`))];
    };
    const missing = describeAll(settingsJsonSchema(), '').filter((key) => !key.includes('/properties/trust/properties/keys'));
    expect(missing).toEqual([]);
  });
  it('accepts the example and refuses what the settings refuse', () => {
    const validate = new Ajv({ strict: false }).compile(settingsJsonSchema());
    expect(validate(parse(example)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ github_repo: 'a/b', check_interval: '${SECONDS}' })).toBe(true);
    for (const wrong of [{}, { github_repo: 'a/b', chek_interval: 5 }, { github_repo: 'a/b', check_interval: 'often' }, { github_repo: 'a/b', services: [{}] }]) expect(validate(wrong)).toBe(false);
  });
});

describe('config/holdline.yaml', () => {
  it('names every key, in use or commented out', () => {
    for (const key of Object.keys(settingsSchema.shape)) expect(example).toMatch(new RegExp(`^(?:# )?${key}:`, 'mu'));
    for (const [section, keys] of Object.entries({ trust: ['require', 'keys', 'max_major_jump', 'attestation'], freshness: ['alarm_after'], probation: ['seconds', 'interval', 'failures'], archive: ['links'], limits: ['payload_bytes', 'unpacked_bytes', 'entries', 'depth', 'ratio'], requirements: ['disk_margin_mb', 'memory_mb', 'max_temperature', 'under_voltage', 'max_load'], network: ['metered', 'daily_bytes', 'bandwidth', 'pass'], regression: ['rss_percent', 'cpu_percent', 'restarts', 'interval'] })) {
      const node = parseDocument(example).get(section);
      expect(isMap(node) ? node.items.map(({ key }) => String(key)) : []).toEqual(keys);
    }
  });
  it('loads, and states the defaults: without its values the settings are the same', () => {
    expect(loadSettings({ ...sources, text: example })).toEqual(loadSettings({ ...sources, text: 'github_repo: owner/name\n' }));
  });
  it('names every key of trust, in use or commented out', () => {
    const { shape } = settingsSchema.shape.trust.def.innerType;
    for (const key of Object.keys(shape)) expect(example).toMatch(new RegExp(`^  (?:# )?${key}:`, 'mu'));
    const uncommented = example.replaceAll(/^ {2}# (?=(?:repository_id|owner_id|attestation_\w+):)/gmu, '  ').replace('attestation: off', 'attestation: required');
    expect(loadSettings({ ...sources, text: uncommented }).trust.attestation).toEqual({
      kind: 'provenance', rootFile: '/etc/holdline/trusted_root.jsonl', issuer: 'https://token.actions.githubusercontent.com', server: 'https://github.com',
      workflow: '.github/workflows/release.yml', repositoryId: '123456789', ownerId: '1234567',
    });
  });
  it('has components in its comments that load as they stand', () => {
    const block = /^# components:\n(?:# {3}.*\n)+/mu.exec(example)?.[0].replaceAll(/^# ?/gmu, '') ?? '';
    const settings = loadSettings({ ...sources, text: `github_repo: owner/name\n${block}together: [[app, database]]\n` });
    expect(settings.components?.map(({ component, tagPrefix }) => [component.name, tagPrefix])).toEqual([['database', 'database'], ['app', 'app'], ['dashboard', null]]);
    expect(new Ajv({ strict: false }).compile(settingsJsonSchema())(parse(`github_repo: owner/name\n${block}`))).toBe(true);
  });
  it('has comments that load too', () => {
    const uncommented = example.split('\n').map((line) => line.replace(/^# (?=(?:asset|install_dir|app|state_dir|runtime_dir|backup_path):)/u, '').replace(/^#(?= {2}(?:- (?:unit|\{(?:name|http|tcp|command|service|bridge):)| {2}\w+:))/u, '').replace(/^(services|health): \[\]/u, '$1:')).join('\n');
    const settings = loadSettings({ ...sources, text: uncommented.replace(/^.*(?:RWQ\.\.\.|spare\.pub).*$/gmu, '').replace('depends_on: []', 'depends_on: [web]') });
    expect(settings.services.map(({ name }) => name)).toEqual(['monitoring', 'web', 'meter', 'app@1', 'app@2', 'app@3', 'app@4']);
    expect(settings.health).toHaveLength(5);
    expect(settings).toMatchObject({ installDir: '/opt/monitoring', backupPath: '/mnt/usb/backups', asset: 'monitoring-*.tar.gz' });
  });
});
