// The broker is asked by someone it cannot trust: what lies outside of what was granted stays as it is, whatever is asked.
import fc from 'fast-check';
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEffectBroker, type EffectBroker, type Grant } from '../../src/platform/effect-broker.js';
import { encodeCall, encodeHead, FrameCutter, type EffectAnswer } from '../../src/platform/effect-frames.js';
import { nodeSystemCalls } from '../../src/platform/node-system-calls.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const [WRONLY, CREAT, EXCL, TRUNC, APPEND] = [1, 0o100, 0o200, 0o1000, 0o2000];
const [EXCLUSIVE, TRUNCATE, APPENDING] = [WRONLY | CREAT | EXCL, WRONLY | CREAT | TRUNC, WRONLY | CREAT | APPEND];
const FILE = 1_000_001;

let root: string;
let broker: EffectBroker;
const GRANT = (): Grant => ({ folders: [at('staging/tree')], files: [at('state/cache.json')], linkFrom: at('live') });
const at = (path: string): string => join(root, path);
beforeEach(() => {
  root = makeTempFolder('broker');
  for (const folder of ['staging/tree', 'live/src', 'state']) mkdirSync(at(folder), { recursive: true });
  for (const file of ['live/src/main.js', 'state/journal', 'state/cache.json', 'staging/other']) writeFileSync(at(file), `content of ${file}`);
  broker = createEffectBroker(nodeSystemCalls(), 1000);
  broker.grant(GRANT());
});
afterEach(() => { broker.close(); removeTempFolder(root); });

type Ask = readonly [call: string, args: readonly (string | number)[], bytes?: string];
function ask([call, args, bytes = '']: Ask, answer = true): string {
  const answers = broker.receive(Buffer.concat([encodeCall(call, answer, args, Buffer.byteLength(bytes)), Buffer.from(bytes)]));
  const [first] = answers.length === 0 ? [] : [...new FrameCutter().push(answers[0] ?? Buffer.alloc(0))];
  const told = first?.head as EffectAnswer | undefined;
  return told === undefined ? 'no answer' : told.ok ? 'done' : told.error.code;
}

it('a frame that was taken is not handed out again', () => {
  const cutter = new FrameCutter();
  const first = (bytes: Buffer): unknown => { for (const { head } of cutter.push(bytes)) return head; return undefined; };
  expect([first(encodeHead('one', 0)), first(encodeHead('two', 0))]).toEqual(['one', 'two']);
});

describe('what is granted', () => {
  it('a tree is written: folders, files with their modes, links, second names', () => {
    expect([
      ask(['mkdir', [at('staging/tree/src'), 0o755]]), ask(['openWrite', [FILE, at('staging/tree/src/a'), EXCLUSIVE, 0o4755]]), ask(['write', [FILE], 'text']), ask(['fsync', [FILE]]), ask(['close', [FILE]]),
      ask(['symlink', ['../../../live', at('staging/tree/out')]]), ask(['link', [at('live/src/main.js'), at('staging/tree/src/main.js')]]), ask(['chmod', [at('staging/tree/src/a'), 0o4700]]), ask(['rename', [at('staging/tree/src/a'), at('staging/tree/b')]]),
    ]).toEqual(Array.from({ length: 9 }, () => 'done'));
    expect([readFileSync(at('staging/tree/b'), 'utf8'), lstatSync(at('staging/tree/b')).mode & 0o7777]).toEqual(['text', 0o700]);
  });

  it.each(['EMLINK', 'EPERM', 'EXDEV'])('a second name that the filesystem refuses with %s is a file of its own, counted as written', (code) => {
    const link = (): never => { throw Object.assign(new Error(code), { code }); };
    broker = createEffectBroker({ ...nodeSystemCalls(), link }, 50);
    broker.grant(GRANT());
    const [from, to] = [at('live/src/main.js'), at('staging/tree/main.js')];
    chmodSync(from, 0o555);
    expect([ask(['link', [from, to]], false), ask(['settle', []])]).toEqual(['no answer', 'done']);
    expect([readFileSync(to, 'utf8'), lstatSync(to).mode & 0o777, lstatSync(to).nlink, broker.written()]).toEqual([readFileSync(from, 'utf8'), 0o555, 1, 27]);
    expect(ask(['link', [from, to]])).toBe('EEXIST');
    expect(ask(['link', [from, at('staging/tree/second.js')]])).toBe('EDQUOT');
  });

  it('a named file is written by its durable write, and its neighbours are not', () => {
    const temporary = at('state/.cache.json.tmp-17-1');
    expect([ask(['openWrite', [FILE, temporary, EXCLUSIVE, 0o600]]), ask(['write', [FILE], 'new']), ask(['close', [FILE]]), ask(['rename', [temporary, at('state/cache.json')]])]).toEqual(['done', 'done', 'done', 'done']);
    expect(readFileSync(at('state/cache.json'), 'utf8')).toBe('new');
    expect(ask(['rename', [at('state/cache.json'), at('state/journal')]])).toBe('EACCES');
  });

  it('what nobody waits for fails with the next that is waited for; nothing is done in between, but closing', () => {
    expect([ask(['openWrite', [FILE, at('staging/tree/x'), EXCLUSIVE, 0o644]], false), ask(['openWrite', [FILE + 1, at('live/y'), EXCLUSIVE, 0o644]], false), ask(['write', [FILE], 'lost'], false), ask(['close', [FILE]], false)]).toEqual(Array.from({ length: 4 }, () => 'no answer'));
    expect(ask(['settle', []])).toBe('EACCES');
    expect(ask(['settle', []])).toBe('done');
    expect(readFileSync(at('staging/tree/x'), 'utf8')).toBe('');
    expect(ask(['fsync', [FILE]])).toBe('EBADF');
  });

  it('no more bytes than the settings allow, and no more open files than anyone needs', () => {
    ask(['openWrite', [FILE, at('staging/tree/x'), EXCLUSIVE, 0o644]]);
    expect([ask(['write', [FILE], 'a'.repeat(1000)]), ask(['write', [FILE], 'a'])]).toEqual(['done', 'EDQUOT']);
    const opened = Array.from({ length: 40 }, (_, index) => ask(['openWrite', [FILE + 1 + index, at(`staging/tree/f${index}`), EXCLUSIVE, 0o644]]));
    expect(opened.filter((answer) => answer === 'EMFILE')).toHaveLength(9);
  });
});

const OUTSIDE: readonly (readonly [what: string, ask: Ask, code: string])[] = [
  ['a file of the live tree', ['openWrite', [FILE, 'live/src/main.js', TRUNCATE, 0o644]], 'EACCES'],
  ['one reached by ..', ['openWrite', [FILE, 'staging/tree/../../live/src/main.js', TRUNCATE, 0o644]], 'EINVAL'],
  ['one beside the granted folder', ['openWrite', [FILE, 'staging/tree2', EXCLUSIVE, 0o644]], 'EACCES'],
  ['the journal', ['openWrite', [FILE, 'state/journal', APPENDING, 0o644]], 'EACCES'],
  ['its removal', ['unlink', ['state/journal']], 'EACCES'],
  ['a name after a NUL', ['unlink', ['staging/tree/\0../../live/src/main.js']], 'EINVAL'],
  ['the live tree moved in', ['rename', ['live/src', 'staging/tree/src']], 'EACCES'],
  ['a folder moved out', ['rename', ['staging/tree', 'live/tree']], 'EACCES'],
  ['modes of the live tree', ['chmod', ['live/src/main.js', 0o777]], 'EACCES'],
  ['a second name for the journal', ['link', ['state/journal', 'staging/tree/j']], 'EACCES'],
  ['a second name in the live tree', ['link', ['live/src/main.js', 'live/src/second.js']], 'EACCES'],
  ['a second name for a folder', ['link', ['live/src', 'staging/tree/src']], 'EACCES'],
  ['a link in the live tree', ['symlink', ['/etc/passwd', 'live/src/l']], 'EACCES'],
  ['a folder in the live tree', ['mkdir', ['live/src/new', 0o777]], 'EACCES'],
  ['reading and writing', ['openWrite', [FILE, 'staging/tree/x', 2, 0o644]], 'EPERM'],
];

describe('what is not', () => {
  it.each(OUTSIDE)('%s', (_what, [call, args], code) => {
    const before = snapshotFolder(root);
    // Joined by text: join() would take the `..` away.
    expect(ask([call, args.map((value) => (typeof value === 'string' && !value.startsWith('/') ? `${root}/${value}` : value))])).toBe(code);
    expect(snapshotFolder(root)).toEqual(before);
  });

  it('a link made before leads nowhere', () => {
    ask(['symlink', [at('live/src'), at('staging/tree/way')]]);
    const before = snapshotFolder(root);
    expect([
      ask(['openWrite', [FILE, at('staging/tree/way/main.js'), TRUNCATE, 0o644]]), ask(['openWrite', [FILE, at('staging/tree/way/new.js'), EXCLUSIVE, 0o644]]), ask(['unlink', [at('staging/tree/way/main.js')]]), ask(['chmod', [at('staging/tree/way'), 0o700]]),
      ask(['link', [at('staging/tree/way/main.js'), at('staging/tree/x')]]), ask(['mkdir', [at('staging/tree/way/d'), 0o755]]),
    ]).toEqual(Array.from({ length: 6 }, () => 'EACCES'));
    expect(snapshotFolder(root)).toEqual(before);
  });

  it('a link in the place of a folder that was real before', () => {
    ask(['mkdir', [at('staging/tree/d'), 0o755]]);
    expect(ask(['openWrite', [FILE, at('staging/tree/d/ok'), EXCLUSIVE, 0o644]])).toBe('done');
    expect([ask(['rename', [at('staging/tree/d'), at('staging/tree/e')]]), ask(['symlink', [at('live/src'), at('staging/tree/d')]])]).toEqual(['done', 'done']);
    expect(ask(['openWrite', [FILE + 1, at('staging/tree/d/evil.js'), EXCLUSIVE, 0o644]])).toBe('EACCES');
    expect(existsSync(at('live/src/evil.js'))).toBe(false);
  });

  it('the granted folder itself replaced by a link', () => {
    ask(['rmdir', [at('staging/tree')]]);
    expect(ask(['symlink', [at('live'), at('staging/tree')]])).toBe('done');
    expect([ask(['openWrite', [FILE, at('staging/tree/src/evil.js'), EXCLUSIVE, 0o644]]), ask(['chmod', [at('staging/tree'), 0]])]).toEqual(['EACCES', 'EACCES']);
  });

  it.each([['emptied', ['openWrite', [FILE, 'TREE/m', TRUNCATE, 0o644]]], ['appended to', ['openWrite', [FILE, 'TREE/m', APPENDING, 0o644]]], ['cut', ['truncate', ['TREE/m', 0]]], ['opened to all', ['chmod', ['TREE/m', 0o777]]]] as const)('a file shared with the running version, %s through its second name', (_how, [call, args]) => {
    linkSync(at('live/src/main.js'), at('staging/tree/m'));
    const before = snapshotFolder(root);
    expect(ask([call, args.map((value) => (typeof value === 'string' ? value.replace('TREE', at('staging/tree')) : value))])).toBe('EACCES');
    expect(snapshotFolder(root)).toEqual(before);
  });

  it('after the grant has ended', () => {
    broker.grant({ folders: [], files: [], linkFrom: null });
    expect(ask(['mkdir', [at('staging/tree/late'), 0o755]])).toBe('EACCES');
  });

  it.each([['an unknown call', encodeCall('exchange', true, ['a', 'b'], 0)], ['a length that cannot be', Buffer.alloc(8, 0xff)], ['a head that is none', encodeCall('mkdir', true, [1, 2], 0)], ['no JSON', Buffer.from('0600000002000000{]', 'latin1')]])('%s ends the conversation', (_what, bytes) => {
    expect(() => broker.receive(bytes)).toThrow();
  });

  it('no sequence of calls changes anything outside', () => {
    const name = fc.oneof(
      { arbitrary: fc.constantFrom('staging/tree/a', 'staging/tree/b', 'staging/tree/a/c', 'staging/tree/a/d', 'staging/tree/link', 'state/cache.json'), weight: 3 },
      { arbitrary: fc.constantFrom('staging/tree', 'staging/tree/link/src/main.js', 'staging/tree/../other', 'live/src/main.js', 'live/src', 'state/journal', 'state/.cache.json.tmp-1-1', 'state/.journal.tmp-1-1', 'staging', 'staging/other'), weight: 2 },
    );
    const path = name.map((text) => `${root}/${text}`);
    const file = fc.integer({ min: FILE, max: FILE + 3 });
    const call = fc.oneof(
      fc.tuple(fc.constant('mkdir'), fc.tuple(path, fc.constant(0o755))), fc.tuple(fc.constantFrom('unlink', 'rmdir'), fc.tuple(path)), fc.tuple(fc.constantFrom('rename', 'link', 'symlink'), fc.tuple(path, path)),
      fc.tuple(fc.constantFrom('chmod', 'truncate'), fc.tuple(path, fc.constant(0o17))), fc.tuple(fc.constant('openWrite'), fc.tuple(file, path, fc.constantFrom(EXCLUSIVE, TRUNCATE, APPENDING), fc.constant(0o777))),
      fc.tuple(fc.constantFrom('write', 'close', 'fsync'), fc.tuple(file)),
    ) as fc.Arbitrary<readonly [string, readonly (string | number)[]]>;
    const outside = (): unknown => snapshotFolder(root, ['staging/tree', 'state/cache.json', ...readdirSync(at('state')).filter((entry) => entry.startsWith('.cache.json.tmp-')).map((entry) => `state/${entry}`)]);
    const before = outside();
    let done = 0;
    fc.assert(fc.property(fc.array(fc.tuple(call, fc.integer({ max: 3, min: 0 }).map((number) => number > 0)), { minLength: 15, maxLength: 30 }), (calls) => {
      broker.close();
      broker = createEffectBroker(nodeSystemCalls(), 1000);
      broker.grant(GRANT());
      rmSync(at('staging/tree'), { recursive: true, force: true });
      mkdirSync(at('staging/tree/a'), { recursive: true });
      symlinkSync(at('live'), at('staging/tree/link'));
      for (const [[name, args], answer] of calls) if (ask([name, args, 'x'], answer) === 'done') done += 1;
      ask(['settle', []]);
      expect(outside()).toEqual(before);
    }), { numRuns: 150 });
    expect(done).toBeGreaterThan(50);
  }, 180_000);
});
