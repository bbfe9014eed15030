// A release with payload, files list, manifest, signature and SHA256SUMS, put together from its parts so that each can be wrong.
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { formatFilesList } from '../../src/artifact/files-list.js';
import { formatPublicKey, formatSignature, globalMessage, prehash } from '../../src/artifact/minisign.js';
import { formatTrustedComment } from '../../src/artifact/trusted-comment.js';
import type { TrustKey } from '../../src/domain/settings.js';
import { sortTree, treeDigest, type Tree } from '../../src/domain/tree.js';
import { sha256 } from './fake-source.js';

export interface TestKey extends TrustKey { readonly privateKey: KeyObject; readonly keyId: Buffer }

export function makeTestKey(name: string, keyId = Buffer.from('0102030405060708', 'hex')): TestKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { name, privateKey, keyId, publicKey: formatPublicKey({ keyId, key: raw }) };
}

export function signAs(key: TestKey, content: Uint8Array, trustedComment: string): Buffer {
  const signature = sign(null, prehash(content), key.privateKey);
  return Buffer.from(formatSignature({
    untrustedComment: 'test', trustedComment, keyId: key.keyId, signature, globalSignature: sign(null, globalMessage(signature, trustedComment), key.privateKey),
  }));
}

export interface ReleaseParts {
  readonly repo: string;
  readonly tag: string;
  readonly payload: Buffer;
  readonly tree: Tree;
  readonly key: TestKey;
  /** Changes the manifest before it is signed. */
  readonly change?: (manifest: Record<string, unknown>) => Record<string, unknown>;
}

export const SAMPLE_TREE: Tree = sortTree([{ path: 'VERSION', mode: '0644', size: 6, sha256: sha256(Buffer.from('1.2.0\n')) }]);

/** Asset name -> content. */
export function makeSignedRelease(parts: ReleaseParts): Record<string, Buffer> {
  const version = parts.tag.replace(/^v/, '');
  const asset = `app-${version}.tar.gz`;
  const files = gzipSync(formatFilesList(parts.tree));
  const plain = {
    format: 1, repo: parts.repo, tag: parts.tag, version, channel: 'stable', type: 'minor',
    payload: { asset, size: parts.payload.length, sha256: sha256(parts.payload), unpacked_size: 100 },
    tree_digest: treeDigest(parts.tree), files: { name: 'holdline.files.json.gz', size: files.length, sha256: sha256(files) }, created: '2026-11-01T00:00:00Z',
  };
  const manifest = Buffer.from(JSON.stringify(parts.change?.(plain) ?? plain));
  return {
    [asset]: parts.payload, 'holdline.json': manifest, 'holdline.files.json.gz': files,
    'holdline.json.minisig': signAs(parts.key, manifest, formatTrustedComment(parts)),
    'SHA256SUMS': Buffer.from(`${sha256(parts.payload)}  ${asset}\n`),
  };
}

export interface PartOfSeveral { readonly payload: Buffer; readonly tree: Tree; readonly requires?: Readonly<Record<string, string>> }

/** One release of several components: asset name -> content. */
export function makeReleaseOfSeveral({ repo, tag, key, parts, change }: Pick<ReleaseParts, 'repo' | 'tag' | 'key' | 'change'> & { readonly parts: Readonly<Record<string, PartOfSeveral>> }): Record<string, Buffer> {
  const version = tag.replace(/^v/, '');
  const assets: Record<string, Buffer> = {};
  const components = Object.fromEntries(Object.entries(parts).map(([name, { payload, tree, requires }]) => {
    const [asset, list] = [`${name}-${version}.tar.gz`, `holdline.${name}.files.json.gz`];
    // Stored, so that lists of like trees are of one length.
    const files = gzipSync(formatFilesList(tree), { level: 0 });
    Object.assign(assets, { [asset]: payload, [list]: files });
    return [name, {
      payload: { asset, size: payload.length, sha256: sha256(payload), unpacked_size: 100 }, tree_digest: treeDigest(tree), files: { name: list, size: files.length, sha256: sha256(files) },
      ...(requires === undefined ? {} : { requires: { components: requires } }),
    }];
  }));
  const plain = { format: 1, repo, tag, version, channel: 'stable', type: 'minor', components, created: '2026-11-01T00:00:00Z' };
  const manifest = Buffer.from(JSON.stringify(change?.(plain) ?? plain));
  return { ...assets, 'holdline.json': manifest, 'holdline.json.minisig': signAs(key, manifest, formatTrustedComment({ repo, tag })) };
}
