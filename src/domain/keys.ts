// Which keys a device trusts, and the signed statements that change it (`holdline.keys.json`). Data only.
// The settings' keys are the root: a statement counts only as far as they vouch for it, directly or through an earlier one.

export const KEY_STATEMENT_FORMAT = 1;

/** A release key the publisher signs with from now on. */
export interface StatementKey {
  readonly name: string;
  /** minisign public key, base64. */
  readonly key: string;
  /** ISO 8601 UTC. */
  readonly not_before: string | null;
  readonly not_after: string | null;
}

export interface RevokedKey { readonly key: string; readonly reason: string }

/**
 * `holdline.keys.json`. `keys` is the whole list of release keys beside those of the settings: an earlier statement's that is not
 * named again is dropped. `revoked` only ever grows: a device forgets none.
 */
export interface KeyStatement {
  readonly format: 1;
  /** `owner/name`. */
  readonly repo: string;
  /** Higher than the one before; a device takes no lower one. */
  readonly serial: number;
  /** ISO 8601 UTC. */
  readonly created: string;
  readonly keys: readonly StatementKey[];
  readonly revoked: readonly RevokedKey[];
}

/** As it came: the exact text that was signed, and the texts of the signatures. */
export interface SignedStatement { readonly text: string; readonly signatures: readonly string[] }

/** One that was proven here. `at`: when (ISO 8601 UTC), for the validity of the keys that vouched. */
export interface AcceptedStatement extends SignedStatement { readonly at: string; readonly tag: string }

/** `<state_dir>/keys.json`: proven again at each use, so that it can never trust more than the settings' keys vouch for. */
export interface KeyStore { readonly format: 1; readonly statements: readonly AcceptedStatement[] }

export type KeyStatus = 'trusted' | 'spare' | 'not-yet' | 'expired' | 'revoked';

/** One line of `holdline keys`. */
export interface KnownKey {
  readonly name: string;
  /** As minisign prints it. */
  readonly key_id: string;
  readonly public_key: string;
  readonly status: KeyStatus;
  /** `settings`, or `statement 3`. */
  readonly from: string;
  /** One sentence: why it is trusted, or why not. */
  readonly why: string;
  readonly not_before: string | null;
  readonly not_after: string | null;
}

export interface KeysReport {
  readonly require: 'signature' | 'checksum' | 'none';
  /** Of the newest statement; 0 for none. */
  readonly serial: number;
  readonly keys: readonly KnownKey[];
  readonly statements: readonly { readonly serial: number; readonly at: string; readonly tag: string; readonly vouched_by: readonly string[]; readonly note: string | null }[];
}
