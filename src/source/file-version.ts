// The version a payload's file name says, for a folder without a manifest: `NAME-1.2.3.tar.gz`, `v1.2.3-rc.1.tgz`. Pure.
import { parseTag } from './parse-tag.js';

/** The first place where a version can start: what follows up to the extension must be one, or the name says none. */
export function versionInFileName(name: string): { readonly tag: string; readonly version: string } | undefined {
  const stem = /^(.*)\.(?:tar\.gz|tgz)$/i.exec(name)?.[1];
  if (stem === undefined) return undefined;
  for (const match of stem.matchAll(/(?:^|[-_])(?=v?\d+\.\d+\.\d+)/g)) {
    const tag = stem.slice(match.index + match[0].length);
    const version = parseTag(tag, null);
    if (version !== undefined) return { tag, version };
  }
  return undefined;
}

export const isPayloadName = (name: string): boolean => /\.(?:tar\.gz|tgz)$/i.test(name);
