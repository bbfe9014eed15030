import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertAboveFloor, assertNotExpired, checkManifest, judgeManifestTime } from '../../src/artifact/check-manifest.js';
import { parseManifest } from '../../src/artifact/manifest.js';
import { isPlainName } from '../../src/artifact/plain-name.js';
import { formatTrustedComment, parseTrustedComment } from '../../src/artifact/trusted-comment.js';
import { codeOf } from '../support/code-of.js';

const limits = { payloadBytes: 1e9, unpackedBytes: 2e9, entries: 1000, depth: 64, ratio: 200 };
const hex = 'ab'.repeat(32);
const plain = {
  format: 1, repo: 'acme/monitoring', tag: 'v1.2.0', version: '1.2.0', channel: 'stable', type: 'minor',
  payload: { asset: 'monitoring-1.2.0.tar.gz', size: 1000, sha256: hex, unpacked_size: 5000 }, tree_digest: hex,
  files: { name: 'holdline.files.json.gz', size: 10, sha256: hex }, created: '2026-11-01T00:00:00Z',
};
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (value: unknown) => parseManifest(bytes(value), limits);

describe('parseManifest', () => {
  it('fills what may be left out', () => {
    expect(parse(plain)).toEqual({ ...plain, patches: [], requires: {}, processes: [], hooks: {}, rollout: null, expires: null, notes: '' });
  });

  it('takes the versions of operating systems as they write them', () => {
    expect(parse({ ...plain, requires: { os: { debian: '>=12', ubuntu: '>=24.04 <25', arch: '*' } } })).toMatchObject({ requires: { os: { debian: '>=12', ubuntu: '>=24.04 <25', arch: '*' } } });
  });

  it('tolerates what it does not know, unless the manifest says that it must not', () => {
    expect(parse({ ...plain, later: { a: 1 }, payload: { ...plain.payload, dictionary: 'x' } })).not.toHaveProperty('later');
    expect(codeOf(() => parse({ ...plain, critical: ['expires', 'requires.node'] }))).toBe('accepted');
    expect(() => parse({ ...plain, later: {}, critical: ['expires', 'later'] })).toThrow(/needs "later"/);
    expect(() => parse({ ...plain, critical: ['toString'] })).toThrow(/needs "toString"/);
  });

  it.each<[string, unknown, string?]>([
    ['what is the device\'s to say: trust', { ...plain, trust: { require: 'none' } }, 'manifest-forbidden'], ['units', { ...plain, units: ['sshd.service'] }, 'manifest-forbidden'], ['paths', { ...plain, managed_paths: ['/'] }, 'manifest-forbidden'],
    ['not JSON', '{'], ['empty', ''], ['null', 'null'], ['a list', '[]'], ['no format', { ...plain, format: undefined }], ['another format', { ...plain, format: 2 }], ['a format as text', { ...plain, format: '1' }],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])], ['too large', ' '.repeat(1024 * 1024 + 1)], ['deeply nested', '['.repeat(400_000)],
    ['a repo without owner', { ...plain, repo: 'monitoring' }], ['a repo with more parts', { ...plain, repo: 'a/b/c' }],
    ['a loose version', { ...plain, version: 'v1.2.0' }], ['a version of four parts', { ...plain, version: '1.2.0.1' }], ['a version with build data', { ...plain, version: '1.2.0+5' }],
    ['a tag with a space', { ...plain, tag: 'v1 2' }], ['an unknown type', { ...plain, type: 'big' }],
    ['a path as asset', { ...plain, payload: { ...plain.payload, asset: '../x.tar.gz' } }], ['an absolute asset', { ...plain, files: { ...plain.files, name: '/etc/passwd' } }],
    ['an asset with a line break', { ...plain, payload: { ...plain.payload, asset: 'a\nb' } }],
    ['a short digest', { ...plain, tree_digest: 'abcd' }], ['an upper-case digest', { ...plain, tree_digest: hex.toUpperCase() }],
    ['a negative size', { ...plain, payload: { ...plain.payload, size: -1 } }], ['a size that is no whole number', { ...plain, payload: { ...plain.payload, size: 1.5 } }],
    ['a huge size', JSON.stringify(plain).replace('1000', '1e300')], ['an empty payload', { ...plain, payload: { ...plain.payload, size: 0 } }],
    ['a bad range of an operating system', { ...plain, requires: { os: { debian: 'bookworm' } } }], ['an operating system without a range', { ...plain, requires: { os: ['debian'] } }], ['a bad range of node', { ...plain, requires: { node: 'twenty' } }], ['a bad min_version', { ...plain, requires: { min_version: '1.2' } }],
    ['a local time', { ...plain, created: '2026-11-01T00:00:00' }], ['no time', { ...plain, created: 'yesterday' }], ['the 45th of a month', { ...plain, created: '2026-11-45T00:00:00Z' }],
    ['an expiry before its creation', { ...plain, expires: '2026-10-01T00:00:00Z' }],
    ['a payload above the limit', { ...plain, payload: { ...plain.payload, size: 1e9 + 1 } }, 'artifact-too-large'],
    ['a tree above the limit', { ...plain, payload: { ...plain.payload, unpacked_size: 2e9 + 1 } }, 'artifact-too-large'],
  ])('refuses %s', (_, value, code = 'manifest-invalid') => {
    expect(codeOf(() => (Buffer.isBuffer(value) ? parseManifest(value, limits) : parse(value)))).toBe(code);
  });

  it('says where', () => expect(() => parse({ ...plain, payload: { ...plain.payload, sha256: 'x' } })).toThrow(/payload\.sha256: is not 64/));

  it('gives only coded errors, whatever the bytes', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.uint8Array()), (value) => {
      expect(codeOf(() => parseManifest(Buffer.from(value), limits))).toMatch(/^manifest-invalid$/);
    }));
    fc.assert(fc.property(fc.constantFrom(...Object.keys(plain)), fc.jsonValue(), (key, value) => {
      expect(codeOf(() => parse({ ...plain, [key]: value }))).toMatch(/^(accepted|manifest-invalid|artifact-too-large)$/);
    }));
  });
});

describe('checkManifest', () => {
  const asked = { repo: 'acme/monitoring', tag: 'v1.2.0', version: '1.2.0', trustedComment: 'repo:acme/monitoring tag:v1.2.0' };
  it.each<[string, object, string, RegExp?]>([
    ['the same', {}, 'accepted'], ['a repo in other letters, as GitHub sees it', { repo: 'Acme/Monitoring' }, 'accepted'], ['no signed comment asked for', { trustedComment: null }, 'accepted'],
    ['further words in the comment', { trustedComment: 'tag:v1.2.0 built:today repo:acme/monitoring' }, 'accepted'],
    ['another repo', { repo: 'acme/other' }, 'manifest-mismatch', /"acme\/monitoring".*"acme\/other"/],
    ['another tag', { tag: 'v1.3.0' }, 'manifest-mismatch', /"v1\.2\.0".*"v1\.3\.0"/],
    ['another version', { version: '1.3.0' }, 'manifest-mismatch', /"1\.2\.0".*"1\.3\.0"/],
    ['the comment of another tag', { trustedComment: 'repo:acme/monitoring tag:v1.1.0' }, 'manifest-mismatch', /"v1\.1\.0"/],
    ['the comment of another repo', { trustedComment: 'repo:evil/monitoring tag:v1.2.0' }, 'manifest-mismatch', /evil/],
    ['a comment with two tags', { trustedComment: 'repo:acme/monitoring tag:v1.2.0 tag:v1.3.0' }, 'manifest-mismatch'],
    ['a comment without a tag', { trustedComment: 'repo:acme/monitoring tag:' }, 'manifest-mismatch'],
    ['minisign\'s default comment', { trustedComment: 'timestamp:1 file:holdline.json hashed' }, 'manifest-mismatch'],
  ])('%s: %s', (_, change, code, message) => {
    expect(codeOf(() => checkManifest(parse(plain), { ...asked, ...change }))).toBe(code);
    if (message !== undefined) expect(() => checkManifest(parse(plain), { ...asked, ...change })).toThrow(message);
  });

  it('reads the comment it writes', () => {
    expect(parseTrustedComment(formatTrustedComment({ repo: 'a/b', tag: 'v1' }, 'x:y'))).toEqual({ repo: 'a/b', tag: 'v1' });
  });
});

describe('time', () => {
  const dated = parse({ ...plain, expires: '2027-01-01T00:00:00Z' });
  it.each([
    ['2026-11-21T00:00:00Z', 'valid'], ['2027-01-01T00:00:00Z', 'expired'], ['2030-01-01T00:00:00Z', 'expired'],
    ['1970-01-01T00:00:00Z', 'clock'], ['2025-12-31T23:59:59Z', 'clock'], ['2026-06-01T00:00:00Z', 'clock'], ['2026-10-31T23:00:00Z', 'valid'],
  ])('at %s: %s', (now, verdict) => {
    expect(judgeManifestTime(dated, new Date(now))).toBe(verdict);
    expect(codeOf(() => assertNotExpired(dated, new Date(now)))).toBe(verdict === 'expired' ? 'manifest-expired' : 'accepted');
    expect(judgeManifestTime(parse(plain), new Date(now))).toBe('valid');
  });
});

it.each<[string, string | null, string | null, string]>([
  ['1.2.0', null, null, 'accepted'], ['1.2.0', '1.2.0', null, 'accepted'], ['1.10.0', '1.9.0', null, 'accepted'], ['1.9.0', '1.10.0', null, 'version-floor'],
  ['1.2.0-rc.1', '1.2.0', null, 'version-floor'], ['1.2.0', '1.2.0-rc.1', null, 'accepted'], ['1.1.0', '1.2.0', '1.1.0', 'accepted'], ['1.1.0', '1.2.0', '1.1.1', 'version-floor'],
])('%s above floor %s, named %s: %s', (version, floor, named, code) => expect(codeOf(() => assertAboveFloor(version, floor, named))).toBe(code));

it.each([
  ['app-1.2.0.tar.gz', true], ['a b (1).tar.gz', true], ['ünïcode', true], ['..a', true], ['', false], ['.', false], ['..', false], ['a/b', false], ['a\\b', false],
  [' a', false], ['a ', false], ['a\0', false], ['a\u001b[0m', false], ['\u202Egnp.exe', false], ['\uD800', false], ['a\u2028b', false], ['x'.repeat(201), false],
])('%j is a plain name: %s', (name, plainName) => expect(isPlainName(name)).toBe(plainName));
