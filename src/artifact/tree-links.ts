// Where the symbolic links of a tree lead, through other links of the same tree. Pure.
// Must never let one lead out of the tree: as root, one such link is a way to write anywhere.
import { createHash } from 'node:crypto';
import type { TreeEntry } from '../domain/tree.js';
import { forbiddenEntry } from './archive-errors.js';
import { parentOf } from './archive-names.js';

const MAX_HOPS = 40;
const MAX_TARGET_BYTES = 1024;

export function linkEntry(path: string, target: string): TreeEntry {
  return { path, mode: 'link', size: Buffer.byteLength(target), sha256: createHash('sha256').update(target).digest('hex') };
}

/** What can be said of one link without knowing the others. */
export function checkLinkTarget(path: string, target: string): void {
  if (target === '') throw forbiddenEntry(path, 'is a link to nothing');
  if (/\p{Cc}/u.test(target) || target.includes('\\') || target.includes('\uFFFD')) throw forbiddenEntry(path, 'is a link whose target has a forbidden character');
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) throw forbiddenEntry(path, 'is a link to an absolute path');
  if (Buffer.byteLength(target) > MAX_TARGET_BYTES) throw forbiddenEntry(path, 'is a link whose target is too long');
}

/** A link may dangle; it may not leave. */
export function checkLinks(links: ReadonlyMap<string, string>): void {
  for (const [path, target] of links) {
    const verdict = followLink(path, target, links);
    if (verdict === 'outside') throw forbiddenEntry(path, 'is a link that leads out of the tree');
    if (verdict === 'loop') throw forbiddenEntry(path, 'is a link that leads back to itself');
  }
}

/** Follows as the kernel does: a `..` after a link is the parent of where the link leads. */
export function followLink(path: string, target: string, links: ReadonlyMap<string, string>): 'inside' | 'outside' | 'loop' {
  const place = parentOf(path) === '' ? [] : parentOf(path).split('/');
  const waiting = target.split('/').reverse();
  let hops = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (place.pop() === undefined) return 'outside';
      continue;
    }
    const next = links.get([...place, part].join('/'));
    if (next === undefined) {
      place.push(part);
      continue;
    }
    hops += 1;
    if (hops > MAX_HOPS) return 'loop';
    waiting.push(...next.split('/').reverse());
  }
  return 'inside';
}
