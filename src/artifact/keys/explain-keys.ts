// `holdline keys`: every key this device knows, whether it counts now, and why. Pure.
import { HoldlineError } from '../../domain/errors.js';
import type { AcceptedStatement, KeysReport, KeyStatus, KnownKey } from '../../domain/keys.js';
import type { TrustSettings } from '../../domain/settings.js';
import { formatKeyId, parsePublicKey } from '../minisign.js';
import { buildKeyRing, timeOf, type KeyRing, type RingKey } from './key-ring.js';
import { parseKeyStatement } from './key-statement.js';

export function explainKeys(repo: string, trust: TrustSettings, accepted: readonly AcceptedStatement[], now: Date): KeysReport {
  const statements: KeysReport['statements'][number][] = [];
  const vouchers = new Map<number, readonly string[]>();
  const ring = buildKeyRing(repo, trust.keys, accepted, ({ at, tag, text }, admitted) => {
    const left = admitted instanceof HoldlineError;
    const { serial } = left ? tryParse(text) : admitted.statement;
    if (!left) vouchers.set(serial, admitted.vouchedBy);
    statements.push({ serial, at, tag, vouched_by: left ? [] : admitted.vouchedBy, note: left ? `counts for nothing under these settings: ${admitted.message}` : null });
  });
  const gone = [...ring.revoked].filter(([key]) => !ring.keys.some(({ publicKey }) => publicKey === key))
    .map(([publicKey]): RingKey => ({ name: idOf(publicKey), publicKey, purpose: 'release', from: ring.revoked.get(publicKey)?.serial ?? 0 }));
  return { require: trust.require, serial: ring.serial, keys: [...ring.keys, ...gone].map((key) => describe(key, ring, vouchers, now)), statements };
}

function describe(key: RingKey, ring: KeyRing, vouchers: ReadonlyMap<number, readonly string[]>, now: Date): KnownKey {
  const [status, why] = judge(key, ring, vouchers, now);
  return {
    name: key.name, key_id: idOf(key.publicKey), public_key: key.publicKey, status, from: key.from === null ? 'settings' : `statement ${key.from}`, why,
    not_before: key.notBefore ?? null, not_after: key.notAfter ?? null,
  };
}

function judge(key: RingKey, ring: KeyRing, vouchers: ReadonlyMap<number, readonly string[]>, now: Date): readonly [KeyStatus, string] {
  const revocation = ring.revoked.get(key.publicKey);
  if (revocation !== undefined) return ['revoked', `revoked by statement ${revocation.serial} (vouched for by ${(vouchers.get(revocation.serial) ?? []).join(', ')}): ${revocation.reason}`];
  const time = timeOf(key, now);
  if (time === 'expired') return ['expired', `valid until ${key.notAfter ?? ''}`];
  if (time === 'not-yet') return ['not-yet', `valid from ${key.notBefore ?? ''}`];
  if (key.from !== null) return ['trusted', `named by statement ${key.from}, which ${(vouchers.get(key.from) ?? []).join(', ')} vouched for`];
  return key.purpose === 'spare' ? ['spare', 'pinned in the settings; signs no release, only a change of keys'] : ['trusted', 'pinned in the settings'];
}

const idOf = (publicKey: string): string => formatKeyId(parsePublicKey(publicKey).keyId);

function tryParse(text: string): { readonly serial: number } {
  try { return parseKeyStatement(text); } catch { return { serial: 0 }; }
}
