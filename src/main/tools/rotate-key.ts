// `holdline rotate-key`: writes the signed statement by which devices change the keys they trust. Sends nothing anywhere.
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { errnoOf, HoldlineError } from '../../domain/errors.js';
import { KEYS_ASSET } from '../../domain/release.js';
import type { MadeReport, RotateKeyRequest } from '../../interface/app.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { makeStatement, type NamedSecret } from '../../publish/make-statement.js';
import { readPublicKey } from './read-public-key.js';
import { readSecretKey } from './read-secret-key.js';

export async function rotateKey(request: RotateKeyRequest): Promise<MadeReport> {
  const repo = request.repo ?? process.env['GITHUB_REPOSITORY'];
  if (repo === undefined || !/^[^/\s]+\/[^/\s]+$/u.test(repo)) throw usage('no repository', 'Give --repo OWNER/NAME.');
  if (request.by.length === 0) throw usage('no key vouches for the change', 'Give --by with a secret key that devices trust now, or with their spare.');
  const out = resolve(request.out);
  const made = makeStatement(createFilesystem(), {
    repo, out, by: await readSecrets(request.by), add: await readSecrets(request.add), keep: request.keep.map(readPublicKey), revoke: request.revoke.map(readPublicKey),
    reason: request.reason ?? 'replaced', notAfter: request.notAfter === undefined ? null : isoOf(request.notAfter), created: systemClock.now().toISOString(),
    previous: request.previous === undefined ? null : readText(resolve(request.previous)), serial: request.serial === undefined ? null : Number(request.serial),
  });
  const statement = join(out, KEYS_ASSET);
  return {
    files: made.files,
    facts: { serial: made.statement.serial, 'release keys': made.statement.keys.map(({ name }) => name).join(', ') || 'those of the settings', revoked: made.statement.revoked.length },
    next: [
      `carry it in this and every later release:  holdline publish DIRECTORY --keys ${statement} …`,
      'a device takes it when it next looks; holdline keys shows it there',
      'pin the new key in the settings of new devices, and keep this file for the next change (--previous)',
    ],
  };
}

async function readSecrets(files: readonly string[]): Promise<NamedSecret[]> {
  const secrets: NamedSecret[] = [];
  for (const file of files) secrets.push({ name: basename(file).replace(/\.key$/u, ''), secret: await readSecretKey(file) });
  return secrets;
}

function readText(path: string): string {
  try { return readFileSync(path, 'utf8'); } catch (cause) { throw usage(`${path} cannot be read (${errnoOf(cause) ?? 'unknown error'})`, 'Check the path.', cause); }
}

function isoOf(text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usage(`--not-after ${text} is no date`, 'Give a date like 2028-12-31.');
  return new Date(at).toISOString();
}

function usage(why: string, hint: string, cause?: unknown): HoldlineError {
  return new HoldlineError('usage', `cannot change the signing keys: ${why}`, { hint, cause });
}
