// The config of a tree as the merge sees it: small regular files by content, links and big files by identity. Writes a merged one.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Filesystem } from '../domain/ports.js';
import type { ConfigFile } from '../decide/merge-config.js';
import { CONFIG } from '../decide/writable-paths.js';
import { clear, copyEntry, makeDirectoryLike, type Entry } from './copy-entry.js';
import { walkPath } from './walk-tree.js';

/** Bigger files are not read into memory and are merged as a whole. */
export const BIG_CONFIG_BYTES = 4 * 1024 * 1024;

/** A link, or a file too big to merge by content. */
export interface OpaqueFile extends Entry { readonly identity: string }

export interface ConfigSide {
  readonly files: ReadonlyMap<string, ConfigFile>;
  readonly opaque: ReadonlyMap<string, OpaqueFile>;
  readonly folders: ReadonlyMap<string, Entry>;
}

export const EMPTY_SIDE: ConfigSide = { files: new Map(), opaque: new Map(), folders: new Map() };

/** `root/config` and all below it; `.new` files of earlier merges and whatever `skip` names are left out. */
export function readConfig(fs: Filesystem, root: string, skip: (path: string) => boolean): ConfigSide {
  const files = new Map<string, ConfigFile>();
  const opaque = new Map<string, OpaqueFile>();
  const folders = new Map<string, Entry>();
  for (const { path, full, stat } of walkPath(fs, root, CONFIG)) {
    if (skip(path)) continue;
    if (stat.kind === 'directory') folders.set(path, { full, stat });
    else if (stat.kind === 'link') opaque.set(path, { full, stat, identity: `link ${fs.readLink(full)}` });
    else if (stat.kind === 'file' && stat.size > BIG_CONFIG_BYTES) opaque.set(path, { full, stat, identity: fs.hash(full) });
    else if (stat.kind === 'file') files.set(path, { content: fs.readBytes(full, BIG_CONFIG_BYTES * 2), mode: stat.mode });
  }
  return { files, opaque, folders };
}

/** What the config is now, cheaply: content of small files, size and time of big ones. */
export function fingerprintConfig(fs: Filesystem, root: string, skip: (path: string) => boolean): string {
  const hash = createHash('sha256');
  for (const { path, full, stat } of walkPath(fs, root, CONFIG)) {
    if (skip(path)) continue;
    const content = stat.kind === 'link' ? fs.readLink(full)
      : stat.kind !== 'file' ? ''
      : stat.size > BIG_CONFIG_BYTES ? `${stat.size} ${stat.mtimeMs} ${stat.inode}`
      : fs.hash(full);
    hash.update(JSON.stringify([path, stat.kind, stat.mode, content]));
  }
  return hash.digest('hex');
}

export const identityOf = (side: ConfigSide, path: string): string | undefined => {
  const file = side.files.get(path);
  return file === undefined ? side.opaque.get(path)?.identity : createHash('sha256').update(file.content).digest('hex');
};

export interface ConfigToWrite {
  readonly files: ReadonlyMap<string, ConfigFile>;
  readonly opaque: ReadonlyMap<string, Entry>;
  readonly folders: ReadonlyMap<string, Entry>;
}

/** Replaces `tree/config` by this, except what `keep` names. Owners as on the device (`live`). Returns the bytes written. */
export function writeConfig(fs: Filesystem, tree: string, config: ConfigToWrite, live: string | null, keep: (path: string) => boolean): number {
  const wanted = new Set([...config.files.keys(), ...config.opaque.keys(), ...config.folders.keys()]);
  const stands = [...walkPath(fs, tree, CONFIG)].reverse();
  const kept = stands.filter(({ path }) => keep(path)).map(({ path }) => path);
  for (const { path, full, stat } of stands) {
    if (keep(path) || (stat.kind === 'directory' && (wanted.has(path) || kept.some((below) => below.startsWith(`${path}/`))))) continue;
    fs.remove(full);
  }
  for (const [path, entry] of config.folders) makeDirectoryLike(fs, entry, join(tree, path));
  let bytesWritten = 0;
  for (const [path, entry] of config.opaque) bytesWritten += copyEntry(fs, entry, join(tree, path));
  for (const [path, file] of config.files) bytesWritten += writeConfigFile(fs, join(tree, path), file, ownerFor(fs, live, path));
  return bytesWritten;
}

function writeConfigFile(fs: Filesystem, at: string, { content, mode }: ConfigFile, owner: string | undefined): number {
  clear(fs, at);
  // Opened with its final mode: a password in a config file is never readable by others.
  const file = fs.open(at, 'exclusive', mode & 0o777);
  try {
    file.write(content);
  } finally {
    file.close();
  }
  if (fs.stat(at)?.mode !== mode) fs.chmod(at, mode);
  if (owner !== undefined) fs.copyOwner(owner, at);
  return content.length;
}

/** The device's own file, else the nearest of its folders: the app that writes there must be able to write the new file too. */
function ownerFor(fs: Filesystem, live: string | null, path: string): string | undefined {
  if (live === null) return undefined;
  for (let at = path; at !== '.' && at !== ''; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
    if (fs.stat(join(live, at)) !== undefined) return join(live, at);
  }
  return undefined;
}
