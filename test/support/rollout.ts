// Rollout statements for tests: as the publisher's command writes them, or changed before they are signed.
import type { RolloutStatement, SignedRollout } from '../../src/domain/rollout.js';
import { rolloutComment } from '../../src/artifact/rollout/rollout-statement.js';
import { signAs, type TestKey } from './signed-release.js';

export const ROLLOUT: RolloutStatement = {
  format: 1, repo: 'acme/app', channel: 'stable', component: null, serial: 3, version: '1.3.0', start: '2026-11-20T00:00:00.000Z', percent: 10, add_percent: 0, every_s: 0,
  salt: 'pepper', groups: [], exclude: [], paused: false, withdrawn: [], expires: null,
};

export const rolloutOf = (changes: Partial<RolloutStatement> = {}): RolloutStatement => ({ ...ROLLOUT, ...changes });

/** @param comment another one than what is signed */
export function signRollout(key: TestKey, statement: object, comment = rolloutComment(statement as RolloutStatement)): SignedRollout {
  const text = `${JSON.stringify(statement, undefined, 2)}\n`;
  return { text, signature: signAs(key, Buffer.from(text), comment).toString() };
}
