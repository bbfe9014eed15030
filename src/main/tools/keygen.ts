// `holdline keygen`: minisign key files. The secret one is encrypted unless told otherwise.
import { HoldlineError } from '../../domain/errors.js';
import { resolve } from 'node:path';
import type { MadeReport } from '../../interface/app.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { makeKey } from '../../publish/make-key.js';
import { askPassword } from './ask-password.js';

export async function makeKeys(request: { readonly out: string; readonly plain: boolean }): Promise<MadeReport> {
  if (request.out === '' || request.out.endsWith('/')) throw new HoldlineError('usage', `cannot use ${JSON.stringify(request.out)} as a name for key files`, { hint: 'Give a path without ending, like keys/monitoring.' });
  const base = resolve(request.out);
  const password = request.plain ? null : await askPassword('password for the new key: ', true);
  const made = makeKey(createFilesystem(), { secretFile: `${base}.key`, publicFile: `${base}.pub`, password });
  return {
    files: made.files, facts: { 'key id': made.keyId, 'public key': made.publicKey, 'secret key': request.plain ? 'NOT encrypted' : 'encrypted' },
    next: [
      `on each device, in the settings:  trust: {keys: ["${made.publicKey}"]}`,
      `keep ${base}.key off the devices and out of the repository; a copy in a safe place saves the fleet when the laptop is lost`,
      `publish with it:  holdline publish DIRECTORY --repo OWNER/NAME --key ${base}.key`,
    ],
  };
}
