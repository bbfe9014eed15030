// Policies for tests: everything may come at any time, unless a test says otherwise.
import type { HoldWorld } from '../../src/engine/parts.js';
import type { HoldSettings, PolicySettings, PolicyWord, WindowSettings } from '../../src/domain/policy.js';

const all = (word: PolicyWord): PolicySettings['types'] => ({ patch: word, minor: word, major: word, security: word, hotfix: word });
export const policyOf = (word: PolicyWord, changes: Partial<PolicySettings> = {}): PolicySettings => ({ types: all(word), hardware: 'never', minimumAge: 0, range: null, pin: null, ...changes });
export const NO_WINDOWS: WindowSettings = { when: [], timeZone: 'UTC', pass: ['security', 'hotfix'], margin: 600 };
export const holdsOf = (lockFile: string): HoldSettings => ({ limit: 604_800, lockFile, gate: null, gateTimeout: 10 });

/** Nobody lives, nothing is locked, no gate is asked. */
export const quietWorld = (changes: Partial<HoldWorld> = {}): HoldWorld => ({
  bootId: 'boot', uptime: () => 1000, startTimeOf: () => undefined, isLocked: () => false, runGate: () => Promise.reject(new Error('no gate')), ...changes,
});
