// Everything below a folder as data, read with node:fs and nothing of ours: to prove from outside that nothing else has changed.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export type Snapshot = Readonly<Record<string, string>>;

export function snapshotFolder(root: string, skip: readonly string[] = []): Snapshot {
  const found: Record<string, string> = {};
  const walk = (below: string): void => {
    for (const name of readdirSync(join(root, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      if (skip.includes(path)) continue;
      const stat = lstatSync(join(root, path));
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isDirectory()) {
        found[path] = `directory ${mode}`;
        walk(path);
      } else if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(join(root, path))}`;
      else if (stat.isFile()) found[path] = `file ${mode} ${createHash('sha256').update(readFileSync(join(root, path))).digest('hex')}`;
      else found[path] = `other ${mode}`;
    }
  };
  walk('');
  return found;
}
