// The trust section. A key file that cannot be used is kept as a problem, not thrown: `--status` works without it.
import { errnoOf, type Mistake } from '../domain/errors.js';
import type { TrustKey, TrustSettings } from '../domain/settings.js';
import type { Finding } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';
import { isPublicKey, readKeyId } from './value-rules.js';

/** The text of a key file; throws the system's error. */
export type ReadKeyFile = (path: string) => string;

export function completeTrust(input: SettingsInput['trust'], absolute: (path: string) => string, readKeyFile: ReadKeyFile, findings: Finding[]): TrustSettings {
  const keys: TrustKey[] = [];
  const problems: Mistake[] = [];
  for (const [index, entry] of input.keys.entries()) {
    if (typeof entry === 'string') {
      keys.push({ name: readKeyId(entry), publicKey: entry });
      continue;
    }
    const read = 'key' in entry ? entry.key : readPublicKey(absolute(entry.file), readKeyFile);
    if (typeof read === 'string') keys.push(describeKey(read, entry));
    else problems.push(read);
    if (entry.not_before !== undefined && entry.not_after !== undefined && Date.parse(entry.not_after) <= Date.parse(entry.not_before)) {
      findings.push({ path: ['trust', 'keys', index, 'not_after'], at: 'value', message: 'the key ends before it begins', hint: 'not_after must be later than not_before.' });
    }
  }
  return { require: input.require, keys, maxMajorJump: input.max_major_jump, ...(problems.length === 0 ? {} : { problems }) };
}

type DescribedKey = Exclude<SettingsInput['trust']['keys'][number], string>;

/** Only what was said: a plain key stays a plain key. */
function describeKey(publicKey: string, { name, purpose, not_before: from, not_after: until }: DescribedKey): TrustKey {
  return {
    name: name ?? readKeyId(publicKey), publicKey, ...(purpose === 'spare' ? { purpose } : {}),
    ...(from === undefined ? {} : { notBefore: new Date(from).toISOString() }), ...(until === undefined ? {} : { notAfter: new Date(until).toISOString() }),
  };
}

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
