// Is this rollout statement the publisher's, for this repository and channel, and not an old one? Pure.
// It must never take one that no trusted release key signed (where signatures are asked for), nor one with a lower serial.
import type { RolloutStatement, SignedRollout } from '../../domain/rollout.js';
import { admittedKeys } from '../keys/admitted-keys.js';
import type { KeyRing } from '../keys/key-ring.js';
import { verifySignature } from '../minisign.js';
import { badRollout, parseRolloutStatement, rolloutComment } from './rollout-statement.js';

export interface RolloutTrust {
  /** Null: the settings ask for no signature, so none is looked at. */
  readonly ring: KeyRing | null;
  readonly repo: string;
  readonly channel: string;
  readonly component: string | null;
}

/** Throws `rollout-invalid`, `signature-…`. @param at when it is judged: the time of the signing key */
export function proveRollout(trust: RolloutTrust, { text, signature }: SignedRollout, at: Date): RolloutStatement {
  if (trust.ring === null) return bound(trust, parseRolloutStatement(text));
  if (signature === null) throw badRollout('it has no signature');
  const bytes = Buffer.from(signature);
  // Proven first: nothing of it is read before.
  const { trustedComment } = verifySignature(Buffer.from(text), bytes, admittedKeys(trust.ring, bytes, at));
  const statement = bound(trust, parseRolloutStatement(text));
  if (trustedComment !== rolloutComment(statement)) throw badRollout(`its signature was made for something else (${JSON.stringify(trustedComment)})`);
  return statement;
}

/** Throws `rollout-invalid` for an older one, and for another one with the same number. */
export function assertNotOlder(known: { readonly statement: RolloutStatement; readonly text: string } | null, news: { readonly statement: RolloutStatement; readonly text: string }): void {
  if (known === null || known.text === news.text || news.statement.serial > known.statement.serial) return;
  const again = news.statement.serial === known.statement.serial ? ' with other content' : '';
  throw badRollout(`its serial number is ${news.statement.serial}${again}, and ${known.statement.serial} is known already: an older statement is never taken back`);
}

function bound({ repo, channel, component }: RolloutTrust, statement: RolloutStatement): RolloutStatement {
  if (statement.repo.toLowerCase() !== repo.toLowerCase()) throw badRollout(`it is for ${statement.repo}, not for ${repo}`);
  if (statement.channel !== channel) throw badRollout(`it is for the channel ${statement.channel}, not for ${channel}`);
  if (statement.component !== component) throw badRollout(`it is for ${statement.component === null ? 'the whole app' : `the component ${statement.component}`}, not for ${component ?? 'the whole app'}`);
  return statement;
}
