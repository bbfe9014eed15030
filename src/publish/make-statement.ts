// A change of signing keys as files: holdline.keys.json and one signature for each signer. Reads one back for a release to carry.
// Nothing that devices would refuse for its form is written.
import { basename, dirname, join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { KeyStatement, RevokedKey, StatementKey } from '../domain/keys.js';
import type { Filesystem } from '../domain/ports.js';
import { KEYS_ASSET, KEYS_SIGNATURE, keysSignatureAsset } from '../domain/release.js';
import { MAX_STATEMENT_BYTES, MAX_STATEMENT_SIGNATURES, parseKeyStatement, statementComment } from '../artifact/keys/key-statement.js';
import { formatKeyId, formatPublicKey, MAX_SIGNATURE_BYTES } from '../artifact/minisign.js';
import type { SecretKey } from './secret-key.js';
import { signMessage } from './sign-message.js';

export interface NamedSecret { readonly name: string; readonly secret: SecretKey }
export interface NamedPublic { readonly name: string; readonly key: string }

export interface StatementRequest {
  readonly repo: string;
  /** Folder for the files; made when missing. */
  readonly out: string;
  /** Keys that devices trust now, or their spare. */
  readonly by: readonly NamedSecret[];
  /** Keys that sign releases from now on; a spare that takes over stands in both. */
  readonly add: readonly NamedSecret[];
  /** Further release keys, that devices know from an earlier statement. */
  readonly keep: readonly NamedPublic[];
  readonly revoke: readonly NamedPublic[];
  readonly reason: string;
  /** ISO 8601 UTC: until when the added keys sign. */
  readonly notAfter: string | null;
  readonly created: string;
  /** Text of the statement before this one. */
  readonly previous: string | null;
  readonly serial: number | null;
}

export interface MadeStatement { readonly files: readonly string[]; readonly statement: KeyStatement }

const SECRET_PUBLIC_OFFSET = 32;

export function makeStatement(fs: Filesystem, request: StatementRequest): MadeStatement {
  const before = request.previous === null ? null : parseKeyStatement(request.previous);
  if (before !== null && before.repo.toLowerCase() !== request.repo.toLowerCase()) throw usage(`the previous statement is for ${before.repo}`);
  const signers = [...new Map([...request.by, ...request.add].map(({ secret }) => [publicKeyOf(secret), secret])).values()];
  if (signers.length > MAX_STATEMENT_SIGNATURES) throw usage(`${signers.length} keys sign it, devices read ${MAX_STATEMENT_SIGNATURES} signatures`);
  const revoked: RevokedKey[] = [...before?.revoked ?? [], ...request.revoke.filter(({ key }) => before?.revoked.every((one) => one.key !== key) ?? true).map(({ key }) => ({ key, reason: request.reason }))];
  const added = request.add.map(({ name, secret }): StatementKey => ({ name, key: publicKeyOf(secret), not_before: null, not_after: request.notAfter }));
  const statement: KeyStatement = {
    format: 1, repo: request.repo, serial: request.serial ?? (before?.serial ?? 0) + 1, created: request.created,
    keys: [...added, ...keptKeys(request, before, added)], revoked,
  };
  if (before !== null && statement.serial <= before.serial) throw usage(`the serial ${statement.serial} is not above the previous one, ${before.serial}`);
  const text = `${JSON.stringify(statement, undefined, 2)}\n`;
  // What a device would refuse must not be signed.
  parseKeyStatement(text);
  fs.makeDirectory(request.out);
  // Signatures of an earlier statement must not stand beside this one.
  for (const name of fs.list(request.out).filter((one) => KEYS_SIGNATURE.test(one))) fs.remove(join(request.out, name));
  const contents = [[KEYS_ASSET, text] as const, ...signers.map((secret) => [keysSignatureAsset(formatKeyId(secret.keyId)), signMessage(secret, Buffer.from(text), statementComment(statement))] as const)];
  for (const [name, content] of contents) fs.writeDurably(join(request.out, name), content, 0o644);
  return { files: contents.map(([name]) => join(request.out, name)), statement };
}

/** The assets a release carries. Throws `usage` where the statement is another repository's or nobody has signed it. */
export function readStatementFiles(fs: Filesystem, path: string, repo: string): ReadonlyMap<string, Buffer> {
  const directory = dirname(path);
  if (basename(path) !== KEYS_ASSET || fs.stat(path)?.kind !== 'file') throw usage(`${path} is no ${KEYS_ASSET}`);
  const content = Buffer.from(fs.readBytes(path, MAX_STATEMENT_BYTES));
  const statement = parseKeyStatement(content.toString('utf8'));
  if (statement.repo.toLowerCase() !== repo.toLowerCase()) throw usage(`${path} is for ${statement.repo}, not for ${repo}`);
  const names = fs.list(directory).filter((name) => KEYS_SIGNATURE.test(name));
  if (names.length === 0) throw usage(`no signature (holdline.keys.….minisig) stands beside ${path}`);
  return new Map([[KEYS_ASSET, content], ...names.map((name) => [name, Buffer.from(fs.readBytes(join(directory, name), MAX_SIGNATURE_BYTES))] as const)]);
}

/** What the previous statement named goes on, unless it is revoked or added anew. */
function keptKeys({ keep, revoke }: StatementRequest, before: KeyStatement | null, added: readonly StatementKey[]): StatementKey[] {
  const gone = new Set([...revoke, ...added].map(({ key }) => key));
  const kept = [...before?.keys ?? [], ...keep.map(({ name, key }): StatementKey => ({ name, key, not_before: null, not_after: null }))];
  return [...new Map(kept.filter(({ key }) => !gone.has(key)).map((key) => [key.key, key])).values()];
}

export function publicKeyOf({ keyId, secret }: SecretKey): string {
  return formatPublicKey({ keyId, key: secret.subarray(SECRET_PUBLIC_OFFSET) });
}

function usage(why: string): HoldlineError {
  return new HoldlineError('usage', `cannot change the signing keys: ${why}`, { hint: 'See holdline rotate-key --help.' });
}
