import { describe, expect, it } from 'vitest';
import { pinnedRing } from '../../../src/artifact/keys/key-ring.js';
import { assertNotOlder, proveRollout, type RolloutTrust } from '../../../src/artifact/rollout/prove-rollout.js';
import { parseRolloutStatement, rolloutComment } from '../../../src/artifact/rollout/rollout-statement.js';
import type { SignedRollout } from '../../../src/domain/rollout.js';
import { codeOf } from '../../support/code-of.js';
import { ROLLOUT, rolloutOf, signRollout } from '../../support/rollout.js';
import { makeTestKey } from '../../support/signed-release.js';

const AT = new Date('2026-11-21T00:00:00Z');
const key = makeTestKey('main');
const stranger = makeTestKey('stranger', Buffer.from('ffffffffffffffff', 'hex'));
const TRUST: RolloutTrust = { ring: pinnedRing('acme/app', [key]), repo: 'acme/app', channel: 'stable', component: null };
const unsigned: RolloutTrust = { ...TRUST, ring: null };

describe('a rollout statement', () => {
  it('is what was written, with defaults for what was left out', () => {
    const { format, repo, channel, serial, version, start, percent, salt } = ROLLOUT;
    expect(parseRolloutStatement(JSON.stringify({ format, repo, channel, serial, version, start, percent, salt }))).toEqual(ROLLOUT);
    expect(parseRolloutStatement(JSON.stringify(ROLLOUT))).toEqual(ROLLOUT);
  });

  it.each<[string, object | string, RegExp]>([
    ['no JSON', 'percent: 5', /not JSON/u], ['another format', { format: 2 }, /format/u], ['below 0 percent', { percent: -1 }, /percent: is not between 0 and 100/u],
    ['above 100 percent', { percent: 100.01 }, /percent: is not between 0 and 100/u], ['thousandths', { percent: 0.001 }, /more than two decimals/u], ['percent as text', { percent: '5' }, /percent/u],
    ['a step below 0', { add_percent: -5 }, /add_percent/u], ['a step without its time', { add_percent: 5 }, /every_s/u], ['a step for ever', { every_s: 1e12 }, /every_s/u],
    ['a version that is none', { version: 'v1.3.0' }, /version/u], ['withdrawn that is none', { withdrawn: ['1.3'] }, /withdrawn/u], ['a start that is none', { start: 'tomorrow' }, /start/u],
    ['serial 0', { serial: 0 }, /serial/u], ['a serial beyond numbers', { serial: 1e300 }, /serial/u], ['an empty salt', { salt: '' }, /salt/u], ['a group that is none', { groups: ['a b'] }, /groups/u],
    ['an unknown word', { pecrent: 5 }, /pecrent/u], ['a channel with a path', { channel: '../x' }, /channel/u], ['a list', '[]', /it:/u], ['too long', 'x'.repeat(70_000), /bytes/u],
    ['too many left out', { exclude: Array.from({ length: 1001 }, (_, n) => `d${n}`) }, /exclude/u],
  ])('%s is refused', (_name, changed, why) => {
    const text = typeof changed === 'string' ? changed : JSON.stringify({ ...ROLLOUT, ...changed });
    expect(codeOf(() => parseRolloutStatement(text))).toBe('rollout-invalid');
    expect(() => parseRolloutStatement(text)).toThrow(why);
  });

  it('says in its signature which repository, channel, component and serial it is', () => {
    expect(rolloutComment(ROLLOUT)).toBe('repo:acme/app rollout:stable serial:3');
    expect(rolloutComment({ ...ROLLOUT, component: 'db' })).toBe('repo:acme/app rollout:stable component:db serial:3');
  });
});

describe('proveRollout', () => {
  it('takes what a trusted key signed for this repository and channel', () => {
    expect(proveRollout(TRUST, signRollout(key, ROLLOUT), AT)).toEqual(ROLLOUT);
    expect(proveRollout(unsigned, { text: JSON.stringify(ROLLOUT), signature: null }, AT)).toEqual(ROLLOUT);
  });

  const signed = signRollout(key, ROLLOUT);
  it.each<[string, RolloutTrust, SignedRollout, string]>([
    ['no signature', TRUST, { ...signed, signature: null }, 'rollout-invalid'],
    ['a stranger', TRUST, signRollout(stranger, ROLLOUT), 'signature-key'],
    ['a changed percentage', TRUST, { ...signed, text: signed.text.replace('"percent": 10', '"percent": 99') }, 'signature-invalid'],
    ['a signature of a release', TRUST, signRollout(key, ROLLOUT, 'repo:acme/app tag:v1.3.0'), 'rollout-invalid'],
    ['a comment of another channel', TRUST, signRollout(key, ROLLOUT, 'repo:acme/app rollout:beta serial:3'), 'rollout-invalid'],
    ['a comment of another serial', TRUST, signRollout(key, ROLLOUT, 'repo:acme/app rollout:stable serial:9'), 'rollout-invalid'],
    ['another repository', TRUST, signRollout(key, rolloutOf({ repo: 'acme/other' })), 'rollout-invalid'],
    ['another channel', TRUST, signRollout(key, rolloutOf({ channel: 'beta' })), 'rollout-invalid'],
    ['another component', TRUST, signRollout(key, rolloutOf({ component: 'db' })), 'rollout-invalid'],
    ['a revoked key', { ...TRUST, ring: { ...pinnedRing('acme/app', [key]), revoked: new Map([[key.publicKey, { reason: 'stolen', serial: 1 }]]) } }, signed, 'signature-key'],
    ['a spare key', { ...TRUST, ring: pinnedRing('acme/app', [{ ...key, purpose: 'spare' }]) }, signed, 'signature-key'],
    ['malformed, unsigned', unsigned, { text: '{}', signature: null }, 'rollout-invalid'],
    ['another repository, unsigned', unsigned, { text: JSON.stringify(rolloutOf({ repo: 'acme/other' })), signature: null }, 'rollout-invalid'],
  ])('%s is refused', (_name, trust, statement, code) => { expect(codeOf(() => proveRollout(trust, statement, AT))).toBe(code); });

  it.each<[string, number, boolean, boolean]>([['an older serial', 2, false, false], ['the same with other content', 3, false, false], ['the same again', 3, true, true], ['a newer one', 4, false, true]])('%s', (_name, serial, same, taken) => {
    const known = { statement: ROLLOUT, text: 'known' };
    const news = { statement: rolloutOf({ serial }), text: same ? 'known' : 'other' };
    expect(codeOf(() => assertNotOlder(known, news))).toBe(taken ? 'accepted' : 'rollout-invalid');
    expect(codeOf(() => assertNotOlder(null, news))).toBe('accepted');
  });
});
