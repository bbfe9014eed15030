// Recognises a minisign secret key by its content, so that none is ever packed into a release.
import type { Filesystem } from '../domain/ports.js';

const KEY_FILE_BYTES = { min: 220, max: 1400 } as const;

export function isMinisignSecret(fs: Filesystem, path: string, size: number): boolean {
  if (size < KEY_FILE_BYTES.min || size > KEY_FILE_BYTES.max) return false;
  const [comment, key] = fs.readText(path, KEY_FILE_BYTES.max).split('\n');
  if (comment?.startsWith('untrusted comment:') !== true || key === undefined) return false;
  const bytes = Buffer.from(key, 'base64');
  return bytes.length === 158 && bytes.toString('latin1', 0, 2) === 'Ed';
}
