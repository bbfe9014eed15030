// The trust section. A key file that cannot be used is kept as a problem, not thrown: `--status` works without it.
import { errnoOf, type Mistake } from '../domain/errors.js';
import type { TrustKey, TrustSettings } from '../domain/settings.js';
import type { SettingsInput } from './schema.js';
import { isPublicKey, readKeyId } from './value-rules.js';

/** The text of a key file; throws the system's error. */
export type ReadKeyFile = (path: string) => string;

export function completeTrust(input: SettingsInput['trust'], absolute: (path: string) => string, readKeyFile: ReadKeyFile): TrustSettings {
  const keys: TrustKey[] = [];
  const problems: Mistake[] = [];
  for (const entry of input.keys) {
    if (typeof entry === 'string') {
      keys.push(nameKey(entry, undefined));
    } else if ('key' in entry) {
      keys.push(nameKey(entry.key, entry.name));
    } else {
      const read = readPublicKey(absolute(entry.file), readKeyFile);
      if (typeof read === 'string') keys.push(nameKey(read, entry.name));
      else problems.push(read);
    }
  }
  return { require: input.require, keys, ...(problems.length === 0 ? {} : { problems }) };
}

const nameKey = (publicKey: string, name: string | undefined): TrustKey => ({ name: name ?? readKeyId(publicKey), publicKey });

/** A minisign .pub file: an untrusted comment, then the key. */
function readPublicKey(path: string, readKeyFile: ReadKeyFile): string | Mistake {
  let text: string;
  try {
    text = readKeyFile(path);
  } catch (thrown) {
    const why = errnoOf(thrown) === 'ENOENT' ? 'does not exist' : `cannot be read (${errnoOf(thrown) ?? 'unknown error'})`;
    return { message: `the key file ${path} ${why}`, hint: 'Put the publisher\'s minisign public key there, or write the key itself into trust.keys.' };
  }
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('untrusted comment:'));
  const [key = ''] = lines;
  if (lines.length === 1 && isPublicKey(key)) return key;
  return { message: `the key file ${path} holds no minisign public key`, hint: 'The public key is the .pub file: a comment line, then 56 characters that begin with RW.' };
}
