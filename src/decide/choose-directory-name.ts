// The name of a new version directory. Pure. Never the current one's: the running tree is not touched, not even to be written again.
import { versionDirectoryName } from '../domain/tree.js';

export function chooseDirectoryName(version: string, digest: string, current: string | undefined): string {
  const base = versionDirectoryName(version, digest);
  let name = base;
  for (let number = 2; name === current; number += 1) name = `${base}-${number}`;
  return name;
}
