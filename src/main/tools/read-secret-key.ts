// A secret key from its file, its password asked for where it has one. Must never show either.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, HoldlineError } from '../../domain/errors.js';
import { isEncrypted, parseSecretKey, type SecretKey } from '../../publish/secret-key.js';
import { askPassword } from './ask-password.js';

export async function readSecretKey(file: string): Promise<SecretKey> {
  let text: string;
  try { text = readFileSync(resolve(file), 'utf8'); } catch (cause) {
    throw new HoldlineError('usage', `cannot read the key ${resolve(file)}: ${errnoOf(cause) ?? 'unknown error'}`, { cause, hint: 'Give the file holdline keygen wrote (NAME.key).' });
  }
  return openSecretKey(text, file);
}

export async function openSecretKey(text: string, name: string): Promise<SecretKey> {
  return parseSecretKey(text, isEncrypted(text) ? await askPassword(`password of ${name}: `, false) : null);
}
