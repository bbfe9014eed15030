// Key statements put together from their parts, so that each can be wrong.
import { formatKeyId } from '../../src/artifact/minisign.js';
import { statementComment } from '../../src/artifact/keys/key-statement.js';
import type { AcceptedStatement, KeyStatement } from '../../src/domain/keys.js';
import { makeTestKey, signAs, type TestKey } from './signed-release.js';

export const KEY_REPO = 'acme/monitoring';

/** Each with an id of its own. */
export const makeKeyNamed = (name: string, digit: string): TestKey => makeTestKey(name, Buffer.from(digit.repeat(16), 'hex'));

export interface StatementParts {
  readonly serial?: number;
  readonly keys?: readonly TestKey[];
  readonly revoked?: readonly TestKey[];
  readonly by: readonly TestKey[];
  readonly change?: (statement: KeyStatement) => unknown;
  readonly comment?: string;
  readonly at?: string;
}

export function makeTestStatement(parts: StatementParts): AcceptedStatement {
  const statement: KeyStatement = {
    format: 1, repo: KEY_REPO, serial: parts.serial ?? 1, created: '2026-11-01T00:00:00Z',
    keys: (parts.keys ?? []).map(({ name, publicKey }) => ({ name, key: publicKey, not_before: null, not_after: null })),
    revoked: (parts.revoked ?? []).map(({ publicKey }) => ({ key: publicKey, reason: 'stolen' })),
  };
  const text = JSON.stringify(parts.change?.(statement) ?? statement);
  return { text, signatures: parts.by.map((key) => signAs(key, Buffer.from(text), parts.comment ?? statementComment(statement)).toString()), at: parts.at ?? '2026-11-21T00:00:00.000Z', tag: 'v1.2.0' };
}

/** As a release carries it. */
export function statementAssets(statement: AcceptedStatement, signers: readonly TestKey[]): Record<string, Buffer> {
  return Object.fromEntries([
    ['holdline.keys.json', Buffer.from(statement.text)] as const,
    ...signers.map((key, index) => [`holdline.keys.${formatKeyId(key.keyId)}.minisig`, Buffer.from(statement.signatures[index] ?? '')] as const),
  ]);
}
