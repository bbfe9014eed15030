import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/domain/plan.js';
import { EMPTY_STATE, type DeviceState } from '../../src/domain/state.js';
import { nextState, type Books } from '../../src/engine/close-books.js';

const AT = '2026-11-21T09:00:00Z';

function books(kind: Plan['kind'], from: string | null, to: string, end: Partial<Books>): Books {
  const reference = (version: string) => ({ version, directory: `${version}-0123456789ab` });
  const plan: Plan = { kind, from: from === null ? null : reference(from), to: reference(to), steps: [], services: [], probation: { seconds: 0, interval: 1, failures: 1, max_restarts: 3 } };
  return {
    journal: { begin: { type: 'begin', format: 1, transaction: 't', app: 'a', install_dir: '/i', state_dir: '/s', at: AT, actor: 'test', plan } },
    outcome: 'committed', code: null, reason: null, by: 'engine', downtimeMs: null, durationMs: 1, bytesDownloaded: 0, bytesWritten: 0, ...end,
  };
}
const blocked = (version: string, reason = 'x') => ({ version, reason, at: AT });
const state = (over: Partial<DeviceState>): DeviceState => ({ ...EMPTY_STATE, ...over });

describe('nextState', () => {
  it.each<readonly [string, DeviceState, Books, Partial<DeviceState>]>([
    ['a commit raises the floor', state({ highest_version: '1.0.0' }), books('update', '1.0.0', '1.10.0', {}), { highest_version: '1.10.0', last_update: AT }],
    ['1.9.0 after 1.10.0 does not lower it', state({ highest_version: '1.10.0' }), books('update', '1.10.0', '1.9.0', {}), { highest_version: '1.10.0' }],
    ['a commit forgets blocks below it and keeps those above', state({ blocked: [blocked('1.1.0'), blocked('1.3.0')] }), books('update', '1.0.0', '1.2.0', {}), { blocked: [blocked('1.3.0')] }],
    ['a failed probe blocks the version', state({}), books('update', '1.0.0', '1.1.0', { outcome: 'reverted', code: 'health-failed', reason: 'probe' }), { blocked: [blocked('1.1.0', 'probe')], highest_version: null }],
    ['a service that does not start blocks it', state({}), books('update', '1.0.0', '1.1.0', { outcome: 'reverted', code: 'service-start', reason: 'exit 1' }), { blocked: [blocked('1.1.0', 'exit 1')] }],
    ['a full disk does not', state({}), books('update', '1.0.0', '1.1.0', { outcome: 'reverted', code: 'disk-full', reason: 'full' }), { blocked: [] }],
    ['a rollback by hand blocks what was left', state({ highest_version: '1.1.0' }), books('rollback', '1.1.0', '1.0.0', {}), { blocked: [blocked('1.1.0', 'rolled back by hand')], highest_version: '1.1.0' }],
    ['a rollback to a backup of the same version blocks nothing', state({}), books('rollback', '1.1.0', '1.1.0', {}), { blocked: [] }],
    ['a reverted rollback blocks nothing', state({}), books('rollback', '1.1.0', '1.0.0', { outcome: 'reverted', code: 'health-failed', reason: 'probe' }), { blocked: [] }],
    ['a power cut is counted', state({}), books('update', '1.0.0', '1.1.0', { outcome: 'discarded', by: 'recovery', reason: 'cut' }), { blocked: [], interrupted: { '1.1.0': 1 } }],
    ['the third one blocks', state({ interrupted: { '1.1.0': 2 } }), books('update', '1.0.0', '1.1.0', { outcome: 'reverted', by: 'recovery', reason: 'cut' }), { blocked: [blocked('1.1.0', 'interrupted 3 times without a verdict (power cuts or kills)')] }],
    ['a commit forgets the count', state({ interrupted: { '1.1.0': 2 } }), books('update', '1.0.0', '1.1.0', {}), { interrupted: {} }],
    ['a stop by a person is not counted', state({}), books('update', '1.0.0', '1.1.0', { outcome: 'discarded', code: 'interrupted', reason: 'stop' }), { interrupted: {} }],
  ])('%s', (_name, before, ended, wanted) => { expect(nextState(before, ended, AT)).toMatchObject(wanted); });

  it('an adoption changes nothing but the history', () => {
    const before = state({ highest_version: '1.0.0', blocked: [blocked('0.9.0')] });
    expect(nextState(before, books('adopt', null, '1.0.0', {}), AT)).toEqual(before);
  });
});
