// A public key as somebody names it on the command line.
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { errnoOf, HoldlineError } from '../../domain/errors.js';

/** A .pub file, or the line itself. */
export function readPublicKey(given: string): { readonly name: string; readonly key: string } {
  if (/^RW[A-Za-z0-9+/]{54}$/u.test(given)) return { name: given.slice(0, 12), key: given };
  const key = readText(resolve(given)).split('\n').map((line) => line.trim()).find((line) => line.startsWith('RW'));
  if (key === undefined) throw new HoldlineError('usage', `cannot use ${given}: it holds no public key`, { hint: 'Give a .pub file or its RW… line.' });
  return { name: basename(given).replace(/\.pub$/u, ''), key };
}

function readText(path: string): string {
  try { return readFileSync(path, 'utf8'); } catch (cause) { throw new HoldlineError('usage', `cannot read ${path}: ${errnoOf(cause) ?? 'unknown error'}`, { cause, hint: 'Check the path.' }); }
}
