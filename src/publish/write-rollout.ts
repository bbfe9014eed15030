// A rollout statement as two files, ready to be committed or uploaded. What devices would refuse is neither taken as the one before nor written.
import { dirname, join } from 'node:path';
import { errnoOf, HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import { rolloutPath, type RolloutStatement, type SignedRollout } from '../domain/rollout.js';
import type { TrustKey } from '../domain/settings.js';
import { pinnedRing } from '../artifact/keys/key-ring.js';
import { MAX_SIGNATURE_BYTES } from '../artifact/minisign.js';
import { proveRollout } from '../artifact/rollout/prove-rollout.js';
import { MAX_ROLLOUT_BYTES, parseRolloutStatement, rolloutComment } from '../artifact/rollout/rollout-statement.js';
import type { RolloutScope } from './change-rollout.js';
import type { SecretKey } from './secret-key.js';
import { signMessage } from './sign-message.js';

/** @param key null: devices ask for no signature */
export function signRollout(statement: RolloutStatement, key: SecretKey | null): SignedRollout {
  const text = `${JSON.stringify(statement, undefined, 2)}\n`;
  parseRolloutStatement(text);
  return { text, signature: key === null ? null : signMessage(key, Buffer.from(text), rolloutComment(statement)) };
}

/** The one before goes on in the next: what somebody slipped in must not be signed along. @param keys null: no signature is asked for */
export function readBefore(signed: SignedRollout | null, scope: RolloutScope, keys: readonly TrustKey[] | null, now: Date): RolloutStatement | null {
  if (signed === null) return null;
  try {
    return proveRollout({ ...scope, ring: keys === null ? null : pinnedRing(scope.repo, keys) }, signed, now);
  } catch (cause) {
    if (!(cause instanceof HoldlineError)) throw cause;
    throw new HoldlineError('usage', `cannot go on from the statement that is there: ${cause.message}`, { cause, hint: 'If another key of yours signed it, name its public key with --trust. If nobody of you did, look who changed it, and put the last good one back first.' });
  }
}

export function readRolloutFiles(fs: Filesystem, folder: string, scope: RolloutScope): SignedRollout | null {
  const path = join(folder, rolloutPath(scope.channel, scope.component));
  const read = (file: string, most: number): string | null => {
    try { return fs.readText(file, most); } catch (thrown) {
      if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return null;
      throw new HoldlineError('usage', `cannot read ${file}: ${errnoOf(thrown) ?? String(thrown)}`, { cause: thrown, hint: 'Check --dir.' });
    }
  };
  const text = read(path, MAX_ROLLOUT_BYTES);
  return text === null ? null : { text, signature: read(`${path}.minisig`, MAX_SIGNATURE_BYTES) };
}

/** The signature first: a statement never stands there without its own. */
export function writeRolloutFiles(fs: Filesystem, folder: string, scope: RolloutScope, { text, signature }: SignedRollout): readonly string[] {
  const path = join(folder, rolloutPath(scope.channel, scope.component));
  fs.makeDirectory(dirname(path));
  if (signature === null) fs.remove(`${path}.minisig`); else fs.writeDurably(`${path}.minisig`, signature, 0o644);
  fs.writeDurably(path, text, 0o644);
  return signature === null ? [path] : [path, `${path}.minisig`];
}
