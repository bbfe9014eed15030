// What is disturbed: each way the product changes a device.
import type { Scenario } from './bench.js';

const ADOPT = ['adopt'];
const update = (version: string): string[] => ['update', '--from', `release:${version}`];

export const SCENARIOS = {
  adoption: { name: 'adoption', before: [], command: ADOPT, exit: 0, ends: 'NEW' },
  update: { name: 'update', before: [ADOPT], command: update('1.1.0'), exit: 0, ends: 'NEW' },
  revert: { name: 'revert', before: [ADOPT], command: update('1.1.0'), settings: { health: [{ command: ['/bin/false'] }] }, exit: 20, ends: 'OLD' },
  rollback: { name: 'rollback', before: [ADOPT, update('1.1.0')], command: ['rollback'], exit: 0, ends: 'NEW' },
  prune: { name: 'prune', before: [ADOPT, update('1.1.0')], command: update('1.2.0'), settings: { max_backups: 1 }, exit: 0, ends: 'NEW' },
} as const satisfies Record<string, Scenario>;

export const EVERY_SCENARIO: readonly Scenario[] = Object.values(SCENARIOS);
