// The fetcher reads what strangers wrote. Here it is theirs: whatever it answers and asks for, the device keeps running what it ran, and
// nothing that the pinned key did not sign is installed.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { makeAttacked, type Attacked } from '../support/attack-device.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { makeKeyNamed } from '../support/key-statement.js';

const key = makeKeyNamed('main', '1');
let programs: string;
let device: Attacked;
const script = (): string => join(programs, 'hostile-fetcher.mjs');

beforeAll(() => {
  mkdirSync('.cache', { recursive: true });
  programs = mkdtempSync(join(process.cwd(), '.cache/hostile-'));
  buildSync({
    entryPoints: [join(import.meta.dirname, '../support/hostile-fetcher.ts')], outfile: script(), bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error',
    define: { HOLDLINE_VERSION: '"test"' },
  });
});
afterAll(() => rmSync(programs, { recursive: true }));
beforeEach(async () => {
  device = await makeAttacked({ key, trust: { keys: [key.publicKey] } });
  expect(await device.update(script())).toBe('installed');
  await device.publish('1.2.0');
});
afterEach(() => { delete process.env['HOSTILE']; device.close(); });

/** What must stay: all but the places it may write in, and what the updater itself notes. */
const kept = (): unknown => snapshotFolder(device.root, ['state/downloads', 'state/source-cache.json', 'state/audit', 'state/state.json', 'state/lock', 'state/journal', 'state/history.jsonl', 'backups', 'app/.holdline/staging', 'run']);

const LIES: readonly (readonly [lie: string, end: string])[] = [
  ['invents a version', 'manifest-mismatch'],
  ['names a folder as version', 'internal'],
  ['changes the manifest', 'signature-invalid'],
  ['names another payload', 'internal'],
  ['changes the list of files', 'internal'],
  ['stages other files', 'tree-digest'],
  ['stages one file more', 'tree-digest'],
  ['stages a link to elsewhere', 'tree-digest'],
  ['speaks another language', 'internal'],
  ['dies', 'internal'],
];

describe('a fetcher that', () => {
  it('is honest installs: each lie below is refused for itself alone', async () => {
    expect(await device.update(script())).toBe('installed');
    expect(device.version()).toBe('1.2.0');
  });

  it.each(LIES)('%s: %s', async (lie, end) => {
    process.env['HOSTILE'] = lie;
    const before = kept();
    expect(await device.update(script())).toBe(end);
    expect(kept()).toEqual(before);
    expect(device.version()).toBe('1.1.0');
  });

  it.each(['attacks the device', 'writes through a second name'])('%s, through the one that writes for it: nothing of it changes, and what is installed is the signed tree', async (lie) => {
    process.env['HOSTILE'] = lie;
    expect(await device.update(script())).toBe('installed');
    expect(device.version()).toBe('1.2.0');
    expect(device.texts()).not.toContain('evil');
  });

  it('says nothing any more: a stop ends it', async () => {
    process.env['HOSTILE'] = 'says nothing';
    const stop = new AbortController();
    const ended = device.update(script(), stop.signal);
    await device.asked('fetching');
    stop.abort(new HoldlineError('interrupted', 'cannot go on: asked to stop'));
    expect(await ended).toBe('interrupted');
    expect(device.version()).toBe('1.1.0');
  });
});
