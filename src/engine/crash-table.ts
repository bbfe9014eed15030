// What happens to a transaction found after a crash, by the state it was in. recovery/ holds its own copy; a test compares them.
import type { CrashAnswer } from '../domain/journal.js';
import type { JournalledState } from '../domain/state.js';

export const CRASH_TABLE = {
  staging: 'revert',
  preparing: 'revert',
  ready: 'revert',
  switching: 'revert',
  probing: 'resume',
  reverting: 'finish',
  committed: 'finish',
  discarded: 'nothing',
  reverted: 'nothing',
  broken: 'nothing',
} as const satisfies Record<JournalledState, CrashAnswer>;
