// Config folders as devices really have them: links, big files, odd kinds, secrets, folders in the way, preserved files inside.
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, updateWorld, type DeviceWorld, type Files } from '../support/device-world.js';

const BIG = 5 * 1024 * 1024;
const base = (version: string, config: Files): Files => ({ 'VERSION': `${version}\n`, 'src/main.js': `// ${version}\n`, ...config });
let world: DeviceWorld;
const at = (path: string): string => join(world.layout.installDir, path);
const text = (path: string): string | undefined => (existsSync(at(path)) && lstatSync(at(path)).isFile() ? readFileSync(at(path), 'utf8') : undefined);

/** A device that runs 1.1.0 with this config as shipped, so that the base of the next merge is known. */
async function shipped(config: Files): Promise<void> {
  world = makeDeviceWorld({ VERSION: '1.0.0\n' });
  await adoptWorld(world);
  await updateWorld(world, undefined, { files: base('1.1.0', config) });
}
const next = async (config: Files) => updateWorld(world, undefined, { version: '1.2.0', files: base('1.2.0', config) });
afterEach(() => destroyDeviceWorld(world));

describe('files of the release', () => {
  beforeEach(() => shipped({ 'config/a.yaml': 'a: 1\n', 'config/b.txt': 'one\n', 'config/gone.txt': 'x\n', 'config/sub/deep.json': '{"k": 1}\n' }));
  it('follow it while untouched, also out of existence', async () => {
    const end = await next({ 'config/a.yaml': 'a: 2\n', 'config/b.txt': 'two\n', 'config/sub/deep.json': '{"k": 2}\n', 'config/new.txt': 'n\n' });
    expect(end.results.configConflicts).toEqual([]);
    expect(['a.yaml', 'b.txt', 'gone.txt', 'sub/deep.json', 'new.txt'].map((name) => text(`config/${name}`))).toEqual(['a: 2\n', 'two\n', undefined, '{"k": 2}\n', 'n\n']);
  });
  it('stay as edited, with the release\'s own beside it where both changed', async () => {
    writeFileSync(at('config/b.txt'), 'mine\n');
    const end = await next({ 'config/a.yaml': 'a: 1\n', 'config/b.txt': 'two\n' });
    expect(text('config/b.txt')).toBe('mine\n');
    expect(text('config/b.txt.new')).toBe('two\n');
    expect(end.results.configConflicts).toContainEqual(expect.objectContaining({ path: 'config/b.txt' }));
    await updateWorld(world, undefined, { version: '1.3.0', files: base('1.3.0', { 'config/a.yaml': 'a: 1\n', 'config/b.txt': 'two\n' }) });
    expect([text('config/b.txt'), text('config/b.txt.new')]).toEqual(['mine\n', undefined]);
  });
  it('keep a secret\'s mode, and one the user added', async () => {
    writeFileSync(at('config/secret.env'), 'TOKEN=x\n');
    chmodSync(at('config/secret.env'), 0o600);
    chmodSync(at('config/a.yaml'), 0o640);
    await next({ 'config/a.yaml': 'a: 2\n' });
    expect([statSync(at('config/secret.env')).mode & 0o777, statSync(at('config/a.yaml')).mode & 0o777]).toEqual([0o600, 0o640]);
    expect(text('config/secret.env')).toBe('TOKEN=x\n');
  });
  it('give way where the user has a folder of that name, and the other way round', async () => {
    mkdirSync(at('config/thing'));
    writeFileSync(at('config/thing/own.txt'), 'own\n');
    writeFileSync(at('config/plug'), 'own\n');
    const end = await next({ 'config/a.yaml': 'a: 1\n', 'config/thing': 'file\n', 'config/plug/x.txt': 'x\n' });
    expect(end.outcome).toBe('committed');
    expect([text('config/thing/own.txt'), text('config/plug')]).toEqual(['own\n', 'own\n']);
    expect(end.results.configConflicts.map(({ path }) => path)).toEqual(expect.arrayContaining(['config/thing', 'config/plug/x.txt']));
  });
});

describe('links and big files', () => {
  it('are merged as wholes', async () => {
    await shipped({ 'config/link': '-> a', 'config/other': '-> a', 'config/big.bin': 'b'.repeat(BIG), 'config/mine.bin': 'm'.repeat(BIG) });
    rmSync(at('config/link'));
    symlinkSync('mine', at('config/link'));
    truncateSync(at('config/mine.bin'), BIG + 1);
    writeFileSync(at('config/added.bin'), Buffer.alloc(BIG + 7));
    const end = await next({ 'config/link': '-> b', 'config/other': '-> b', 'config/big.bin': 'c'.repeat(BIG), 'config/mine.bin': 'n'.repeat(BIG) });
    expect([readlinkSync(at('config/link')), readlinkSync(at('config/link.new')), readlinkSync(at('config/other'))]).toEqual(['mine', 'b', 'b']);
    expect(readFileSync(at('config/big.bin'), 'latin1').startsWith('ccc')).toBe(true);
    expect([statSync(at('config/mine.bin')).size, statSync(at('config/mine.bin.new')).size, statSync(at('config/added.bin')).size]).toEqual([BIG + 1, BIG, BIG + 7]);
    expect(end.results.configConflicts.map(({ path }) => path).sort()).toEqual(['config/link', 'config/mine.bin']);
  });
});

it('preserved files inside config are the device\'s, not merged', async () => {
  await shipped({ 'config/a.yaml': 'a: 1\n' });
  world.settings = { ...world.settings, preserve: ['config/*.db'] };
  writeFileSync(at('config/state.db'), 'rows\n');
  world.hooks.onStop = () => writeFileSync(at('config/state.db'), 'more rows\n');
  const end = await next({ 'config/a.yaml': 'a: 2\n', 'config/state.db': 'shipped\n' });
  expect([text('config/state.db'), text('config/a.yaml'), existsSync(at('config/state.db.new'))]).toEqual(['more rows\n', 'a: 2\n', false]);
  expect(end.results.configConflicts).toEqual([]);
});

it('names a device invents (`__proto__`, spaces, unicode) survive', async () => {
  await shipped({ 'config/a.yaml': 'a: 1\n' });
  const odd = ['__proto__', 'con structor', 'ünï\u0301.yaml', '-rf', 'a\nb'];
  for (const name of odd) writeFileSync(at(`config/${name}`), `${name}\n`);
  mkdirSync(at('config/empty'));
  await next({ 'config/a.yaml': 'a: 2\n' });
  expect(odd.map((name) => text(`config/${name}`))).toEqual(odd.map((name) => `${name}\n`));
  expect(statSync(at('config/empty')).isDirectory()).toBe(true);
});
