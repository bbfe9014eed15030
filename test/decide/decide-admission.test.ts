import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideAdmission, type AdmissionRequest, type Gate } from '../../src/decide/decide-admission.js';
import { NO_WINDOWS, policyOf } from '../support/policy.js';

const NOW = new Date('2026-11-21T09:30:00.000Z');
const request = (changes: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  asker: 'daemon', release: { tag: 'v2.0.0', version: '2.0.0', type: 'major', publishedAt: '2026-11-20T09:30:00Z' }, now: NOW,
  policy: policyOf('auto'), windows: NO_WINDOWS, timeZone: 'UTC', estimate: 960, approval: null, holds: [], ...changes,
});
const SUNDAYS = { ...NO_WINDOWS, when: [{ kind: 'weekly', text: 'Sun 02:00-05:00', days: [0], from: 120, to: 300 }] } as const;
const approved = { version: '2.0.0', verdict: 'approved', by: 'alice', reason: 'seen it', at: '2026-11-20T12:00:00.000Z' } as const;
const rejected = { ...approved, verdict: 'rejected' } as const;
const hold = { kind: 'hold', id: 'm1', owner: 'measurement', reason: 'night run', since: null, until: '2026-11-21T11:30:00.000Z' } as const;
const lock = { kind: 'lock-file', id: null, owner: 'pid 12', reason: null, since: null, until: null } as const;

/** `go`, `refused by RULE`, or `RULE until WHEN`. */
function short(changes: Partial<AdmissionRequest>): string {
  const admission = decideAdmission(request(changes));
  if (admission.go) return 'go';
  const first = admission.rulings.find(({ verdict }) => verdict !== 'pass');
  return admission.waiting === null ? `refused by ${first?.rule ?? ''}` : `${admission.waiting.reason} until ${admission.waiting.until ?? 'somebody acts'}`;
}

describe('who asks, and what the policy says', () => {
  it.each<[string, Partial<AdmissionRequest>, { daemon: string; person: string; named: string }]>([
    ['auto', {}, { daemon: 'go', person: 'go', named: 'go' }],
    ['auto with windows', { windows: SUNDAYS }, { daemon: 'go', person: 'go', named: 'go' }],
    ['window, none set', { policy: policyOf('window') }, { daemon: 'go', person: 'go', named: 'go' }],
    ['window, closed', { policy: policyOf('window'), windows: SUNDAYS }, { daemon: 'window until 2026-11-22T02:00:00.000Z', person: 'go', named: 'go' }],
    ['window, open', { policy: policyOf('window'), windows: SUNDAYS, now: new Date('2026-11-22T02:00:00Z') }, { daemon: 'go', person: 'go', named: 'go' }],
    ['approve', { policy: policyOf('approve') }, { daemon: 'approval until somebody acts', person: 'go', named: 'go' }],
    ['approve, approved', { policy: policyOf('approve'), approval: approved }, { daemon: 'go', person: 'go', named: 'go' }],
    ['approve, approved, in a window', { policy: policyOf('approve'), approval: approved, windows: SUNDAYS }, { daemon: 'window until 2026-11-22T02:00:00.000Z', person: 'go', named: 'go' }],
    ['auto, rejected', { approval: rejected }, { daemon: 'refused by approval', person: 'refused by approval', named: 'go' }],
    ['never', { policy: policyOf('never') }, { daemon: 'refused by policy', person: 'refused by policy', named: 'go' }],
    ['never, approved', { policy: policyOf('never'), approval: approved }, { daemon: 'refused by policy', person: 'refused by policy', named: 'go' }],
    ['too young', { policy: policyOf('auto', { minimumAge: 2 * 86_400 }) }, { daemon: 'age until 2026-11-22T09:30:00.000Z', person: 'go', named: 'go' }],
    ['just old enough', { policy: policyOf('auto', { minimumAge: 86_400 }) }, { daemon: 'go', person: 'go', named: 'go' }],
    ['without a date', { policy: policyOf('auto', { minimumAge: 60 }), release: { ...request().release, publishedAt: '' } }, { daemon: 'age until somebody acts', person: 'go', named: 'go' }],
    ['held', { holds: [hold] }, { daemon: 'hold until 2026-11-21T11:30:00.000Z', person: 'hold until 2026-11-21T11:30:00.000Z', named: 'hold until 2026-11-21T11:30:00.000Z' }],
    ['held without an end', { holds: [hold, lock] }, { daemon: 'hold until somebody acts', person: 'hold until somebody acts', named: 'hold until somebody acts' }],
  ])('%s', (_name, changes, expected) => {
    for (const asker of ['daemon', 'person', 'named'] as const) expect(`${asker}: ${short({ ...changes, asker })}`).toBe(`${asker}: ${expected[asker]}`);
  });
  it('lets security and hotfix pass windows, never holds', () => {
    for (const type of ['security', 'hotfix', 'patch'] as const) {
      const release = { ...request().release, type };
      expect(short({ release, policy: policyOf('window'), windows: SUNDAYS })).toBe(type === 'patch' ? 'window until 2026-11-22T02:00:00.000Z' : 'go');
      expect(short({ release, holds: [lock] })).toBe('hold until somebody acts');
    }
  });
  it('names who holds, why, and how to end it', () => {
    const admission = decideAdmission(request({ holds: [hold] }));
    expect(admission.go ? '' : admission.waiting?.detail).toBe('held by measurement (night run) until 2026-11-21T11:30:00.000Z; to end it: holdline release-hold m1 --force');
  });
});

describe('all gates are heard', () => {
  it('and the first that does not pass decides', () => {
    const admission = decideAdmission(request({ policy: policyOf('approve', { minimumAge: 10 * 86_400 }), holds: [hold] }));
    expect(admission.rulings.map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual(['age wait', 'policy pass', 'approval wait', 'window pass', 'hold wait']);
    expect(admission).toMatchObject({ go: false, waiting: { reason: 'age' } });
  });
  it('a refusal behind a wait does not count yet', () => {
    const wait: Gate = () => ({ rule: 'age', verdict: 'wait', detail: 'young', waiting: { reason: 'age', detail: 'young', until: null } });
    const refuse: Gate = () => ({ rule: 'policy', verdict: 'refuse', detail: 'no' });
    expect(decideAdmission(request(), [wait, refuse])).toMatchObject({ waiting: { reason: 'age' } });
    expect(decideAdmission(request(), [refuse, wait])).toMatchObject({ waiting: null });
    expect(decideAdmission(request(), [])).toEqual({ go: true, rulings: [] });
  });
});

describe('whatever the settings and the moment', () => {
  const word = fc.constantFrom('auto', 'window', 'approve', 'never' as const);
  const asked = fc.record({
    asker: fc.constantFrom('daemon', 'person', 'named' as const), types: fc.record({ patch: word, minor: word, major: word, security: word, hotfix: word }),
    type: fc.constantFrom('patch', 'minor', 'major', 'security', 'hotfix' as const), minimumAge: fc.constantFrom(0, 3600, 86_400, 10 * 86_400), age: fc.integer({ min: -3600, max: 20 * 86_400 }),
    windows: fc.boolean(), later: fc.integer({ min: 0, max: 14 * 86_400 }), said: fc.constantFrom(null, approved, rejected), holds: fc.subarray([hold, lock]), estimate: fc.integer({ min: 1, max: 3 * 3600 }),
  }).map((one): AdmissionRequest => {
    const now = new Date(NOW.getTime() + one.later * 1000);
    // A hold that is over does not stand.
    const holds = one.holds.filter(({ until }) => until === null || Date.parse(until) > now.getTime());
    return request({
      asker: one.asker, now, policy: policyOf('auto', { types: one.types, minimumAge: one.minimumAge }), windows: one.windows ? SUNDAYS : NO_WINDOWS, approval: one.said, holds, estimate: one.estimate,
      release: { tag: 'v2.0.0', version: '2.0.0', type: one.type, publishedAt: new Date(now.getTime() - one.age * 1000).toISOString() },
    });
  });
  it('it goes on only when every gate lets it; nobody passes a hold; a person waits for nothing else', () => {
    fc.assert(fc.property(asked, (given) => {
      const admission = decideAdmission(given);
      expect(admission.go).toBe(admission.rulings.every(({ verdict }) => verdict === 'pass'));
      if (given.holds.length > 0) expect(admission.go).toBe(false);
      if (given.asker !== 'daemon' && !admission.go && admission.waiting !== null) expect(admission.waiting.reason).toBe('hold');
      if (given.asker === 'named' && given.holds.length === 0) expect(admission.go).toBe(true);
      if (given.asker !== 'named' && (given.policy.types[given.release.type] === 'never' || given.approval?.verdict === 'rejected')) expect(admission.go).toBe(false);
    }), { numRuns: 1000 });
  });
  it('what is waited for lies ahead, and is over when it says', () => {
    fc.assert(fc.property(asked, (given) => {
      const admission = decideAdmission(given);
      for (const ruling of admission.rulings) {
        if (ruling.verdict !== 'wait' || ruling.waiting.until === null) continue;
        const then = new Date(ruling.waiting.until);
        expect(then.getTime()).toBeGreaterThan(given.now.getTime());
        const holds = given.holds.filter(({ until }) => until === null || Date.parse(until) > then.getTime());
        expect(decideAdmission({ ...given, now: then, holds }).rulings.find(({ rule }) => rule === ruling.rule)?.verdict).toBe('pass');
      }
    }), { numRuns: 1000 });
  });
  it('a person never waits where the daemon would go on', () => {
    fc.assert(fc.property(asked, (given) => {
      if (decideAdmission({ ...given, asker: 'daemon' }).go) expect(decideAdmission({ ...given, asker: 'person' }).go).toBe(true);
      if (decideAdmission({ ...given, asker: 'person' }).go) expect(decideAdmission({ ...given, asker: 'named' }).go).toBe(true);
    }));
  });
});
