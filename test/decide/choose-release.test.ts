// Which release is next: one table of worlds, and properties over made-up ones.
import * as fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { chooseRelease, isOfChannel, type Choice, type ChooseRequest } from '../../src/decide/choose-release.js';
import type { Asset, Release } from '../../src/domain/release.js';
import { codeOf } from '../support/code-of.js';

const NOW = new Date('2026-11-21T09:00:00Z');
const asset = (name: string, uploaded = true): Asset => ({ name, size: 1, sha256: null, uploaded, url: `x:${name}` });
const SIGNED = ['app.tar.gz', 'holdline.json', 'holdline.json.minisig'];
const release = (tag: string, assets: readonly (string | Asset)[] = SIGNED, change: Partial<Release> = {}): Release => ({
  tag, version: semver.valid(tag) ?? '0.0.0', prerelease: false, publishedAt: '2026-11-20T00:00:00.000Z', url: '', notes: '',
  assets: assets.map((one) => (typeof one === 'string' ? asset(one) : one)), sourceTarball: asset('source.tar.gz'), ...change,
});
const request = (releases: readonly Release[], change: Partial<ChooseRequest> = {}): ChooseRequest => ({
  releases, current: '1.0.0', floor: '1.0.0', blocked: [], channel: 'stable', named: null, trust: 'signature', asset: null, now: NOW, incompleteSince: {}, incompleteWait: 3600, ...change,
});
const short = (choice: Choice): string => (choice.kind === 'candidate' || choice.kind === 'waiting' ? `${choice.kind} ${choice.release.tag}` : choice.kind);
const blocked = (version: string): { version: string; reason: string; at: string } => ({ version, reason: 'probe web failed', at: NOW.toISOString() });
const HALF = ['app.tar.gz', 'holdline.json'];
const HOUR_AGO = '2026-11-21T08:00:00.000Z';

describe('chooseRelease', () => {
  it.each<[string, ChooseRequest, string, string | null]>([
    ['no releases', request([]), 'none', null],
    ['nothing newer', request([release('v1.0.0'), release('v0.9.0')]), 'current', '1.0.0'],
    ['by semver, not by order or date', request([release('v1.9.0'), release('v1.10.0'), release('v1.2.0', SIGNED, { publishedAt: '2026-11-21T00:00:00.000Z' })]), 'candidate v1.10.0', '1.10.0'],
    ['device ahead of all', request([release('v1.1.0')], { current: '2.0.0' }), 'current', '1.1.0'],
    ['a device with nothing', request([release('v1.1.0'), release('v0.1.0')], { current: null, floor: null }), 'candidate v1.1.0', '1.1.0'],
    ['stable takes no prerelease', request([release('v1.1.0-rc.1'), release('v1.2.0', SIGNED, { prerelease: true })]), 'none', null],
    ['its own channel', request([release('v1.1.0-beta.2'), release('v1.2.0-alpha.1')], { channel: 'beta' }), 'candidate v1.1.0-beta.2', '1.1.0-beta.2'],
    ['a channel takes stable ones too', request([release('v1.1.0-beta.2'), release('v1.1.0')], { channel: 'beta' }), 'candidate v1.1.0', '1.1.0'],
    ['blocked is passed over', request([release('v1.2.0'), release('v1.1.0')], { blocked: [blocked('1.2.0')] }), 'candidate v1.1.0', '1.2.0'],
    ['all newer ones blocked', request([release('v1.2.0'), release('v1.0.0')], { blocked: [blocked('1.2.0')] }), 'current', '1.2.0'],
    ['below the floor', request([release('v1.1.0')], { floor: '1.2.0' }), 'current', '1.1.0'],
    ['the floor itself', request([release('v1.2.0')], { floor: '1.2.0' }), 'candidate v1.2.0', '1.2.0'],
    ['skipped for a stepping stone', request([release('v3.0.0'), release('v2.0.0')], { skip: new Set(['3.0.0']) }), 'candidate v2.0.0', '3.0.0'],
    ['others\' only: the next lower one', request([release('v1.2.0'), release('v1.1.0')], { foreign: new Map([['v1.2.0', 'it carries app']]) }), 'candidate v1.1.0', '1.1.0'],
    ['others\' only: nothing else', request([release('v1.2.0')], { foreign: new Map([['v1.2.0', 'it carries app']]) }), 'none', null],
    ['others\' only, and incomplete: nobody waits for it', request([release('v1.2.0', HALF), release('v1.0.0')], { foreign: new Map([['v1.2.0', 'it carries app']]) }), 'current', '1.0.0'],
    ['others\' only, by name: it is looked at', request([release('v1.2.0')], { named: '1.2.0', foreign: new Map([['v1.2.0', 'it carries app']]) }), 'candidate v1.2.0', null],
    ['older by name', request([release('v0.9.0'), release('v1.1.0')], { named: '0.9.0' }), 'candidate v0.9.0', '1.1.0'],
    ['by tag', request([release('v1.1.0')], { named: 'v1.1.0' }), 'candidate v1.1.0', '1.1.0'],
    ['a prerelease by name', request([release('v1.1.0-rc.1')], { named: '1.1.0-rc.1' }), 'candidate v1.1.0-rc.1', null],
    ['blocked by name', request([release('v1.2.0')], { named: '1.2.0', blocked: [blocked('1.2.0')] }), 'candidate v1.2.0', '1.2.0'],
    ['what runs, by name', request([release('v1.0.0')], { named: '1.0.0' }), 'current', '1.0.0'],
    ['two tags of one version: the later one', request([release('1.1.0'), release('v1.1.0', SIGNED, { publishedAt: '2026-11-21T00:00:00.000Z' })]), 'candidate v1.1.0', '1.1.0'],
    ['incomplete: first waits', request([release('v1.2.0', HALF), release('v1.1.0')]), 'waiting v1.2.0', '1.2.0'],
    ['incomplete: still waits', request([release('v1.2.0', HALF)], { incompleteSince: { 'v1.2.0': '2026-11-21T08:00:01.000Z' } }), 'waiting v1.2.0', '1.2.0'],
    ['incomplete: then the next lower', request([release('v1.2.0', HALF), release('v1.1.0')], { incompleteSince: { 'v1.2.0': HOUR_AGO } }), 'candidate v1.1.0', '1.2.0'],
    ['incomplete: nothing lower', request([release('v1.2.0', HALF)], { incompleteSince: { 'v1.2.0': HOUR_AGO } }), 'current', '1.2.0'],
    ['an incomplete lower one does not hold up a higher one', request([release('v1.2.0'), release('v1.1.0', HALF)]), 'candidate v1.2.0', '1.2.0'],
    ['incomplete by name waits without end', request([release('v1.2.0', HALF), release('v1.1.0')], { named: '1.2.0', incompleteSince: { 'v1.2.0': HOUR_AGO } }), 'waiting v1.2.0', '1.2.0'],
  ])('%s', (_name, given, kind, latest) => {
    const choice = chooseRelease(given);
    expect([short(choice), choice.latest]).toEqual([kind, latest]);
    expect(choice.seen).toHaveLength(given.releases.length);
  });

  it.each<[string, readonly (string | Asset)[], Partial<ChooseRequest>, boolean]>([
    ['signed and whole', SIGNED, {}, true],
    ['an asset still uploading', [...SIGNED, asset('big.bin', false)], {}, false],
    ['no signature', HALF, {}, false],
    ['no signature, and none asked for', HALF, { trust: 'none' }, true],
    ['a manifest and no payload', SIGNED.slice(1), {}, false],
    ['nothing', [], {}, false],
    ['nothing, but the source tarball will do', [], { trust: 'none' }, true],
    ['a source tarball nobody vouches for', [], { trust: 'checksum' }, false],
    ['a payload alone is for the trust to judge', ['app.tgz'], {}, true],
    ['the named asset', ['app-linux.zip'], { trust: 'none', asset: 'app-*.zip' }, true],
    ['not the named asset', ['app.tar.gz'], { trust: 'none', asset: 'app-*.zip' }, false],
  ])('%s: complete %s', (_name, assets, change, complete) => {
    expect(chooseRelease(request([release('v1.1.0', assets)], change)).kind).toBe(complete ? 'candidate' : 'waiting');
  });

  it('no source tarball for who attaches payloads to other releases', () => {
    expect(short(chooseRelease(request([release('v1.2.0', []), release('v1.1.0', ['app.tar.gz'])], { trust: 'none' })))).toBe('waiting v1.2.0');
  });

  it('says until when it waits, remembers since when, and forgets what is whole', () => {
    const choice = chooseRelease(request([release('v1.2.0', HALF), release('v1.1.0')], { incompleteSince: { 'v1.2.0': '2026-11-21T08:30:00.000Z', 'v1.1.0': HOUR_AGO, 'v9': HOUR_AGO } }));
    expect(choice).toMatchObject({ waiting: { reason: 'incomplete-release', until: '2026-11-21T09:30:00.000Z' }, incompleteSince: { 'v1.2.0': '2026-11-21T08:30:00.000Z' } });
    expect(Object.keys(choice.incompleteSince)).toEqual(['v1.2.0']);
    // The clock jumped back: the wait starts anew instead of lasting for months.
    expect(chooseRelease(request([release('v1.2.0', HALF)], { incompleteSince: { 'v1.2.0': '2027-01-01T00:00:00.000Z' } }))).toMatchObject({ incompleteSince: { 'v1.2.0': NOW.toISOString() } });
  });

  it('says that it passes over a newer one', () => {
    const choice = chooseRelease(request([release('v1.2.0', HALF), release('v1.1.0')], { incompleteSince: { 'v1.2.0': HOUR_AGO } }));
    expect(choice.notes).toEqual([expect.stringContaining('v1.1.0 is taken instead')]);
    expect(choice.seen.map((seen) => seen.why)).toEqual(['incomplete', null]);
  });

  it.each(['9.9.9', 'nonsense', '', '../x'])('an unknown name %j is an error that names near ones', (named) => {
    expect(codeOf(() => chooseRelease(request([release('v1.1.0')], { named })))).toBe('version-unknown');
    expect(codeOf(() => chooseRelease(request([], { named })))).toBe('version-unknown');
  });

  it('near ones are those around the wanted one', () => {
    const many = Array.from({ length: 20 }, (_, minor) => release(`v1.${minor}.0`));
    expect(() => chooseRelease(request(many, { named: '1.7.5' }))).toThrowError(expect.objectContaining({ context: { named: '1.7.5', near: '1.9.0 1.8.0 1.7.0 1.6.0 1.5.0' } }));
    expect(() => chooseRelease(request(many, { named: '99.0.0' }))).toThrowError(expect.objectContaining({ context: { named: '99.0.0', near: '1.19.0 1.18.0 1.17.0 1.16.0 1.15.0' } }));
  });

  it('never goes down, below the floor, to a blocked or half release by itself, whatever the order', () => {
    const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom('', '-beta.1', '-rc.2')).map(([a, b, c, pre]) => `${a}.${b}.${c}${pre}`);
    const some = fc.array(fc.tuple(version, fc.constantFrom(SIGNED, HALF, [])), { maxLength: 12 });
    fc.assert(fc.property(some, version, version, fc.array(version, { maxLength: 4 }), fc.constantFrom('stable', 'beta'), (given, current, floor, bad, channel) => {
      const releases = given.map(([text, assets], index) => release(`v${text}`, assets, { tag: `v${text}+${index}`, version: text }));
      const asked = request(releases, { current, floor, channel, blocked: bad.map(blocked) });
      const choice = chooseRelease(asked);
      expect(short(chooseRelease({ ...asked, releases: [...releases].reverse() }))).toBe(short(choice));
      if (choice.kind !== 'candidate') return;
      expect(semver.gt(choice.release.version, current) && semver.gte(choice.release.version, floor)).toBe(true);
      expect(bad).not.toContain(choice.release.version);
      expect(choice.release.assets).toHaveLength(3);
      expect(isOfChannel(choice.release, channel)).toBe(true);
    }));
  });
});

it.each([['1.0.0', 'beta', true], ['1.0.0-beta.1', 'beta', true], ['1.0.0-beta2', 'beta', true], ['1.0.0-beta-3', 'beta', true], ['1.0.0-betamax.1', 'beta', false], ['1.0.0-1', 'beta', false], ['1.0.0-rc.beta', 'beta', false], ['1.0.0-1', 'stable', false]])(
  '%s on the channel %s: %s', (version, channel, expected) => { expect(isOfChannel(release(`v${version}`), channel)).toBe(expected); },
);
