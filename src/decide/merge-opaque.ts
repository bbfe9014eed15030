// Three-way merge of what cannot be merged by content: links, big files. By identity, whole, the device's side wins. Pure.

export type OpaqueVerdict = { readonly keep: 'ours' | 'theirs' | 'nothing'; readonly conflict: boolean };

export interface OpaqueSides {
  /** Undefined: not there. `baseKnown` false: nobody knows what was shipped. */
  readonly base: string | undefined;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
  readonly baseKnown: boolean;
}

export function mergeOpaque({ base, ours, theirs, baseKnown }: OpaqueSides): OpaqueVerdict {
  const of = (side: 'ours' | 'theirs', value: string | undefined): OpaqueVerdict['keep'] => (value === undefined ? 'nothing' : side);
  if (ours === theirs) return { keep: of('ours', ours), conflict: false };
  if (!baseKnown) return ours === undefined ? { keep: of('theirs', theirs), conflict: false } : { keep: 'ours', conflict: theirs !== undefined };
  if (ours === base) return { keep: of('theirs', theirs), conflict: false };
  if (theirs === base) return { keep: of('ours', ours), conflict: false };
  return { keep: of('ours', ours), conflict: true };
}
