// The demo's proof: looks at the folder as anybody could, with none of holdline's own code.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Path -> hash of every file below a folder, links not followed. */
export function hashFolder(directory: string, below = ''): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const name of readdirSync(join(directory, below)).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const stat = lstatSync(join(directory, path));
    if (stat.isDirectory()) for (const [inner, hash] of hashFolder(directory, path)) hashes.set(inner, hash);
    else hashes.set(path, stat.isSymbolicLink() ? `-> ${readlinkSync(join(directory, path))}` : sha256(readFileSync(join(directory, path))));
  }
  return hashes;
}

/** The tree digest by its published rule: sha256 over the sorted `mode size sha256 path` lines. `instead`: files as shipped where edited here. */
export function digestFolder(directory: string, instead: Readonly<Record<string, string>>): string {
  const lines: [string, string][] = [];
  for (const path of hashFolder(directory).keys()) {
    const shipped = instead[path];
    const bytes = shipped === undefined ? readFileSync(join(directory, path)) : Buffer.from(shipped);
    const executable = (lstatSync(join(directory, path)).mode & 0o100) !== 0;
    lines.push([path, `${executable ? '0755' : '0644'} ${bytes.length} ${sha256(bytes)} ${path}\n`]);
  }
  lines.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return createHash('sha256').update(lines.map(([, line]) => line).join('')).digest('hex');
}
