// The payload of a release: an ordinary tar.gz whose bytes depend on the tree only, proved with the device's own reading rules.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Filesystem, Logger } from '../domain/ports.js';
import type { ArchiveLimits } from '../domain/settings.js';
import { sortTree, treeDigest, type Tree, type TreeEntry } from '../domain/tree.js';
import { listPayload } from '../artifact/extract.js';
import { linkEntry } from '../artifact/tree-links.js';
import { TAR_END, tarHeader, tarPadding, type TarItem } from './tar-blocks.js';
import { writeGzip, type WrittenFile } from './write-gzip.js';

export interface BuiltPayload extends WrittenFile { readonly tree: Tree; readonly unpackedSize: number }

/** What a device accepts unless its settings say otherwise. */
const DEVICE_LIMITS: ArchiveLimits = { payloadBytes: 2 * 2 ** 30, unpackedBytes: 8 * 2 ** 30, entries: 100_000, depth: 64, ratio: 200 };

/** @param to the tar.gz; replaced only when it is complete and passes */
export async function buildPayload(deps: { readonly fs: Filesystem; readonly log: Logger }, directory: string, items: readonly TarItem[], to: string): Promise<BuiltPayload> {
  const { fs } = deps;
  const partial = `${to}.partial`;
  const entries: TreeEntry[] = [];
  try {
    const written = await writeGzip(fs, partial, packTar(fs, directory, items, entries));
    const tree = sortTree(entries);
    await assertUnpackable(deps, partial, items, tree);
    fs.rename(partial, to);
    return { ...written, tree, unpackedSize: tree.reduce((sum, entry) => sum + (entry.mode === 'link' ? 0 : entry.size), 0) };
  } catch (thrown) {
    fs.remove(partial);
    throw explainFsError(thrown, `build the payload ${to}`);
  }
}

function* packTar(fs: Filesystem, directory: string, items: readonly TarItem[], entries: TreeEntry[]): Generator<Buffer> {
  for (const item of items) {
    yield tarHeader(item);
    if (item.type === 'link') entries.push(linkEntry(item.path, item.target));
    if (item.type !== 'file') continue;
    const hash = createHash('sha256');
    let size = 0;
    for (const chunk of fs.readChunks(join(directory, item.path), Math.min(256 * 1024, item.size + 1))) {
      const bytes = Buffer.from(chunk);
      hash.update(bytes);
      size += bytes.length;
      if (size > item.size) break;
      yield bytes;
    }
    if (size !== item.size) {
      throw new HoldlineError('step-failed', `cannot publish: ${JSON.stringify(item.path)} changed while it was read`, { hint: 'Publish when nothing else works in the folder.' });
    }
    yield tarPadding(size);
    entries.push({ path: item.path, mode: item.executable ? '0755' : '0644', size, sha256: hash.digest('hex') });
  }
  yield TAR_END;
}

/** Read back as a device would: nothing that a device refuses is published. */
async function assertUnpackable(deps: { readonly fs: Filesystem; readonly log: Logger }, payload: string, items: readonly TarItem[], tree: Tree): Promise<void> {
  const tops = [...new Set(items.map(({ path }) => path.split('/')[0] ?? path))];
  const request = { payload, strip: 'auto', managedPaths: tops, limits: DEVICE_LIMITS, links: 'inside' } as const;
  try {
    const listing = await listPayload({ ...deps, report: () => undefined }, request, new AbortController().signal);
    if (treeDigest(listing.tree) !== treeDigest(tree)) throw new HoldlineError('internal', 'the payload reads back differently');
  } catch (thrown) {
    if (!(thrown instanceof HoldlineError)) throw thrown;
    throw new HoldlineError(thrown.code, `cannot publish: no device would take it: ${thrown.message.replace(/^cannot unpack the release: /, '')}`, {
      hint: 'Change or leave out (--exclude) what is named; devices refuse it.', cause: thrown, context: thrown.context,
    });
  }
}
