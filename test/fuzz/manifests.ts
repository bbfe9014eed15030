// Manifests for the fuzzer: a release of two components, and what must hold of any manifest that was taken.
import { isDeepStrictEqual } from 'node:util';
import { choosePart } from '../../src/artifact/choose-part.js';
import { isOfSeveral, type Manifest, type ManifestOfSeveral } from '../../src/domain/manifest.js';

/** Made of two releases of one payload. */
export function manifestOfSeveral(single: readonly Buffer[]): Buffer {
  const [one, other] = single.map((bytes) => JSON.parse(bytes.toString()) as Record<string, unknown>);
  const part = (whole: Record<string, unknown> | undefined, name: string, more: object): object => ({ payload: whole?.['payload'], tree_digest: whole?.['tree_digest'], files: { ...one?.['files'] as object, name }, ...more });
  const { payload: _payload, tree_digest: _tree, files: _files, requires: _requires, patches: _patches, hooks: _hooks, ...head } = other ?? {};
  return Buffer.from(JSON.stringify({
    ...head, components: { app: part(one, 'a.json.gz', { requires: { components: { database: '>=1.3' } } }), database: part(other, 'd.json.gz', { processes: [{ name: 'db' }] }) },
  }));
}

export function whyWronglyTaken(stated: Manifest | ManifestOfSeveral, payloadBytes: number): string | undefined {
  const parts = isOfSeveral(stated) ? Object.values(stated.components) : [stated];
  if (parts.some(({ payload }) => /[/\\]|\p{Cc}/u.test(payload.asset))) return 'a manifest that names a path was taken';
  if (new Set(parts.map(({ payload }) => payload.asset)).size < parts.length) return 'two components with one payload were taken';
  return isOfSeveral(stated) ? whyWronglyChosen(stated) : stated.payload.size > payloadBytes ? 'a manifest beyond the limits was taken' : undefined;
}

/** What is chosen is the part of that name, whole and nothing else. */
function whyWronglyChosen(stated: ManifestOfSeveral): string | undefined {
  const other = Object.entries(stated.components).find(([name, part]) => {
    const choice = choosePart(stated, { name, tagMates: [] });
    return choice.kind !== 'part' || !isDeepStrictEqual({ ...choice.manifest, ...part }, choice.manifest);
  });
  if (other !== undefined) return `another part than that of ${other[0]} was chosen for it`;
  return choosePart(stated, { name: 'nobody of these', tagMates: [] }).kind === 'part' ? 'a part was chosen for a component that it does not carry' : undefined;
}
