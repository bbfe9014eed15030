import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyGroup, chooseGroup } from '../../src/decide/choose-group.js';
import { mayAskMore, nextStretch, type Asking } from '../../src/decide/spare-quota.js';
import { bucketOf } from '../../src/decide/rollout-bucket.js';
import type { GroupSettings } from '../../src/domain/settings.js';

const group = (name: string, percent: number | null, more: Partial<GroupSettings> = {}): GroupSettings => ({ name, channel: null, version: null, percent, ...more });
const GROUPS = [group('lab', null, { channel: 'beta' }), group('canary', 5), group('a', 40), group('b', 40)];

describe('chooseGroup', () => {
  it('is the one that is named', () => expect(chooseGroup({ group: 'lab', groups: GROUPS }, 'any')?.name).toBe('lab'));
  it('deals the percentages, and nobody into a group that has none', () => {
    const counts = new Map<string, number>();
    for (let device = 0; device < 20_000; device += 1) {
      const name = chooseGroup({ group: null, groups: GROUPS }, `device ${device}`)?.name ?? 'none';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['a', 'b', 'canary', 'none']);
    for (const [name, share] of [['canary', 0.05], ['a', 0.4], ['b', 0.4], ['none', 0.15]] as const) expect((counts.get(name) ?? 0) / 20_000).toBeCloseTo(share, 1.5);
  });
  it('is stable: the same at every look, and whoever is in a group stays when one is added behind', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), fc.nat(1500), (id, percent) => {
      const before = chooseGroup({ group: null, groups: GROUPS }, id);
      expect(chooseGroup({ group: null, groups: GROUPS }, id)).toBe(before);
      const after = chooseGroup({ group: null, groups: [...GROUPS, group('late', percent / 100)] }, id);
      if (before !== null) expect(after).toBe(before);
    }));
  });
  it('changes channel and range, and nothing else', () => {
    const settings = { channel: 'stable', policy: { types: { patch: 'auto', minor: 'auto', major: 'auto', security: 'auto', hotfix: 'auto' }, hardware: 'never', minimumAge: 5, range: null, pin: null }, app: 'x' } as const;
    expect(applyGroup(settings, null)).toBe(settings);
    expect(applyGroup(settings, group('lab', null, { channel: 'beta', version: '~1.4' }))).toEqual({ ...settings, channel: 'beta', policy: { ...settings.policy, range: '~1.4' } });
    expect(applyGroup({ ...settings, policy: { ...settings.policy, range: '^1' } }, group('canary', 5))).toMatchObject({ channel: 'stable', policy: { range: '^1' } });
  });
});

describe('the quota of an address', () => {
  const now = new Date('2026-11-21T09:30:00Z');
  const limit = (used: number, minutesLeft: number) => ({ limit: 60, remaining: 60 - used, resetsAt: new Date(now.getTime() + minutesLeft * 60_000).toISOString() });
  /** Neither of them has its hour. */
  const deviceId = ['a', 'b', 'c', 'd'].find((id) => bucketOf(id, `hour ${Math.floor(now.getTime() / 3_600_000)}`) >= 5000) ?? '';
  const inTurn = Array.from({ length: 100 }, (_, n) => `d${n}`).find((id) => bucketOf(id, `hour ${Math.floor(now.getTime() / 3_600_000)}`) < 1250) ?? '';
  it.each<[string, Partial<Asking>, boolean]>([
    ['nobody counts', { limit: null }, true], ['the hour is over', { limit: limit(60, -1) }, true], ['a device alone', { limit: limit(1, 60) }, true], ['half is used at half time', { limit: limit(27, 30) }, true],
    ['more than that would be needed', { limit: limit(30, 30) }, false], ['news leave more for others', { limit: limit(28, 30), purpose: 'news' }, false], ['an update may still', { limit: limit(28, 30), purpose: 'update' }, true],
    ['the same in its own hour', { limit: limit(30, 30), deviceId: inTurn }, true], ['the last few, also in its own hour', { limit: limit(57, 5), deviceId: inTurn }, false], ['used up', { limit: limit(60, 30), deviceId: inTurn }, false],
    ['a person who looks, early in the hour', { limit: limit(20, 59), purpose: 'look' }, true], ['not for the last few', { limit: limit(57, 5), purpose: 'look' }, false],
  ])('%s', (_name, asking, may) => expect(mayAskMore({ limit: null, purpose: 'update', deviceId, now, ...asking })).toBe(may));

  it('slows down where it would not last, in steps and within bounds, and comes back', () => {
    expect(nextStretch(1, limit(27, 30), now)).toBe(1);
    expect(nextStretch(1, limit(36, 30), now)).toBeCloseTo(72 / 54, 5);
    expect(nextStretch(1, limit(60, 30), now)).toBe(1.5);
    expect(nextStretch(2, limit(1, 1), now)).toBeCloseTo(2 / 1.5, 5);
    expect(nextStretch(3, null, now)).toBe(3);
    fc.assert(fc.property(fc.double({ min: 1, max: 4, noNaN: true }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: -5, max: 60 }), (before, used, left) => {
      const after = nextStretch(before, limit(used, left), now);
      expect(after >= 1 && after <= 4).toBe(true);
    }));
  });
});
