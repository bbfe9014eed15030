// A manifest of several components: what of it is read, what is refused, and which part of it is whose.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePart } from '../../src/artifact/choose-part.js';
import { parseManifest } from '../../src/artifact/manifest.js';
import { whyForeign } from '../../src/domain/carried-components.js';
import { isOfSeveral } from '../../src/domain/manifest.js';
import { codeOf } from '../support/code-of.js';

const limits = { payloadBytes: 1e9, unpackedBytes: 2e9, entries: 1000, depth: 64, ratio: 200 };
const hex = (digit: string): string => digit.repeat(64);
const part = (name: string, digit = 'a') => ({
  payload: { asset: `${name}-1.2.0.tar.gz`, size: 1000, sha256: hex(digit), unpacked_size: 5000 }, tree_digest: hex(digit), files: { name: `holdline.${name}.files.json.gz`, size: 10, sha256: hex(digit) },
});
const head = { format: 1, repo: 'acme/suite', tag: 'v1.2.0', version: '1.2.0', channel: 'stable', type: 'minor', created: '2026-11-01T00:00:00Z' };
const [app, database] = [part('app', 'a'), part('database', 'b')];
const suite = { ...head, components: { app, database } };
const filled = { patches: [], requires: {}, processes: [], hooks: {} };
const parse = (value: unknown) => parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), limits);
const component = (name: string, ...tagMates: string[]) => ({ name, tagMates });

describe('parseManifest, of several', () => {
  it('fills what may be left out, in each part', () => {
    expect(parse(suite)).toEqual({ ...head, rollout: null, expires: null, notes: '', components: { app: { ...app, ...filled }, database: { ...database, ...filled } } });
  });

  it.each<[string, unknown, string?]>([
    ['parts and a payload beside them', { ...suite, payload: app.payload }], ['parts and a tree digest beside them', { ...suite, tree_digest: hex('a') }],
    ['parts and requirements beside them', { ...suite, requires: {} }], ['parts and processes beside them', { ...suite, processes: [] }], ['parts, and files of null beside them', { ...suite, files: null }],
    ['no part at all', { ...head, components: {} }], ['a list of parts', { ...head, components: [app] }], ['null for parts', { ...head, components: null }],
    ['a part without a payload', { ...head, components: { app: { ...app, payload: undefined } } }], ['a part that is null', { ...head, components: { app: null } }], ['a part without a tree digest', { ...head, components: { app, database: { ...database, tree_digest: undefined } } }],
    ['a name that is none', { ...head, components: { '../app': app } }], ['a name like a version', { ...head, components: { '1.2.0': app } }], ['an empty name', { ...head, components: { '': app } }],
    ['a name of nobody', `${JSON.stringify(head).slice(0, -1)},"components":{"__proto__":${JSON.stringify(app)}}}`],
    ['two parts with one payload', { ...head, components: { app, database: { ...database, payload: app.payload } } }], ['two parts with one list of files', { ...head, components: { app, database: { ...database, files: app.files } } }],
    ['one part\'s payload as the other\'s list of files', { ...head, components: { app, database: { ...database, files: { ...database.files, name: app.payload.asset } } } }],
    ['one part\'s payload as the other\'s patch', { ...head, components: { app, database: { ...database, patches: [{ from: hex('c'), asset: app.payload.asset, size: 1, sha256: hex('a') }] } } }],
    ['a path as an asset', { ...head, components: { app: { ...app, payload: { ...app.payload, asset: '../x' } } } }], ['a bad range in a part', { ...head, components: { app: { ...app, requires: { node: 'twenty' } } } }],
    ['more than anybody has', { ...head, components: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`c${at}`, part(`c${at}`)])) }],
    ['what is the device\'s to say, in a part', { ...head, components: { app, database: { ...database, units: ['sshd.service'] } } }, 'manifest-forbidden'],
    ['what is the device\'s to say, beside the parts', { ...suite, trust: { require: 'none' } }, 'manifest-forbidden'],
  ])('refuses %s', (_, value, code = 'manifest-invalid') => { expect(codeOf(() => parse(value))).toBe(code); });

  it('says where', () => {
    expect(() => parse({ ...head, components: { app: { ...app, tree_digest: 'x' } } })).toThrow(/components\.app\.tree_digest: is not 64/);
    expect(() => parse({ ...head, components: { app, database: { ...database, payload: app.payload } } })).toThrow(/components\.database: the asset app-1\.2\.0\.tar\.gz belongs to app already/);
  });

  it('knows what must be understood', () => {
    expect(codeOf(() => parse({ ...suite, critical: ['components', 'requires.node'] }))).toBe('accepted');
    expect(() => parse({ ...suite, critical: ['components.app.gpu'] })).toThrow(/needs "components\.app\.gpu"/);
  });
});

describe('choosePart', () => {
  const stated = parse(suite);
  it('is the head and the part of that name', () => {
    expect(choosePart(stated, component('database'))).toEqual({ kind: 'part', manifest: { ...head, rollout: null, expires: null, notes: '', ...database, ...filled } });
  });

  it('takes a release of one payload as it is, unless others have the same releases', () => {
    const one = parse({ ...head, ...app });
    for (const whose of [null, component('database')]) expect(choosePart(one, whose)).toEqual({ kind: 'part', manifest: one });
    expect(choosePart(one, component('database', 'app'))).toMatchObject({ kind: 'foreign', foreign: { carries: [], why: 'it is one payload and does not say whether it is database or app' } });
  });

  it('says of a release without its part what it carries', () => {
    expect(choosePart(stated, component('cache', 'app'))).toEqual({ kind: 'foreign', foreign: { carries: ['app', 'database'], expires: null, why: 'it carries app and database, and nothing for cache' } });
    expect(choosePart(stated, component('toString'))).toMatchObject({ kind: 'foreign' });
  });

  it('refuses it where the settings know no components, and says what to do', () => {
    expect(codeOf(() => choosePart(stated, null))).toBe('manifest-component');
    expect(() => choosePart(stated, null)).toThrow(/v1\.2\.0: it carries app and database, and the settings of this device name no components/);
  });

  it('tells who of the same release needs what of it', () => {
    const both = parse({ ...head, components: { app: { ...app, requires: { components: { database: '>=1.2' } } }, database: { ...database, requires: { components: { app: '^1.2' } } }, web: { ...part('web'), requires: { components: { database: '*', toString: '*' } } } } });
    expect(choosePart(both, component('database'))).toMatchObject({ manifest: { needed_by: { app: '>=1.2', web: '*' } } });
    expect(choosePart(both, component('web'))).not.toHaveProperty('manifest.needed_by');
  });

  it('gives each its own, whatever they are called and in whatever order they stand', () => {
    const names = fc.uniqueArray(fc.oneof(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,12}$/u), fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'valueOf')), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(names, fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 8, maxLength: 8 }), (all, ranks) => {
      const entries = all.map((name, at) => [name, part(name, (at % 16).toString(16))] as const);
      const shuffled = [...entries].sort(([a], [b]) => (ranks[all.indexOf(a)] ?? 0) - (ranks[all.indexOf(b)] ?? 0));
      const read = parse({ ...head, components: Object.fromEntries(shuffled) });
      expect(isOfSeveral(read)).toBe(true);
      for (const [name, own] of entries) expect(choosePart(read, component(name))).toMatchObject({ kind: 'part', manifest: { ...own, tag: 'v1.2.0' } });
      expect(choosePart(read, component('nobody-here-is-called-so')).kind).toBe('foreign');
    }), { numRuns: 60 });
  });
});

it.each<[readonly string[], ReturnType<typeof component>, string | undefined]>([
  [['app'], component('app'), undefined], [[], component('app'), undefined], [['app'], component('web'), 'it carries app, and nothing for web'],
  [[], component('a', 'b', 'c'), 'it is one payload and does not say whether it is a or b or c'], [['a', 'b', 'c', 'd', 'e', 'f', 'g'], component('x'), 'it carries a, b, c, d, e and 2 more, and nothing for x'],
])('of %j, for %j: %s', (carries, whose, why) => { expect(whyForeign(carries, whose)).toBe(why); });
