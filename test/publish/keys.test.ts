// Keys and signatures against minisign itself (skipped with a message where it is not installed) and against published vectors.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatPublicKey, verifySignature } from '../../src/artifact/minisign.js';
import { blake2b256 } from '../../src/publish/blake2b-256.js';
import { makeKey } from '../../src/publish/make-key.js';
import { isEncrypted, parseSecretKey } from '../../src/publish/secret-key.js';
import { signMessage } from '../../src/publish/sign-message.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const fs = createFilesystem();
const CHEAP = { operations: 32_768, memory: 16 * 2 ** 20 };
const hasMinisign = spawnSync('minisign', ['-v']).status === 0;

let root: string;
const at = (name: string): string => join(root, name);
beforeEach(() => { root = makeTempFolder('keys'); });
afterEach(() => removeTempFolder(root));
const make = (password: string | null) => makeKey(fs, { secretFile: at('k.key'), publicFile: at('k.pub'), password, cost: CHEAP });

it.each([
  ['', '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8'],
  ['abc', 'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319'],
])('blake2b256(%j)', (message, digest) => expect(blake2b256(Buffer.from(message)).toString('hex')).toBe(digest));

it('hashes over block borders as python3 hashlib does', () => {
  for (const length of [127, 128, 129, 256, 1000]) {
    const message = Buffer.alloc(length, 'x');
    const python = spawnSync('python3', ['-c', 'import sys,hashlib;print(hashlib.blake2b(sys.stdin.buffer.read(),digest_size=32).hexdigest())'], { input: message, encoding: 'utf8' });
    if (python.status === 0) expect(blake2b256(message).toString('hex')).toBe(python.stdout.trim());
  }
});

describe('makeKey', () => {
  it('makes a key that signs what the device accepts, and keeps the secret to its owner', () => {
    const made = make(null);
    expect(statSync(at('k.key')).mode & 0o777).toBe(0o600);
    expect(made.publicKey).toMatch(/^RW[A-Za-z0-9+/]{54}$/);
    const key = parseSecretKey(readFileSync(at('k.key'), 'utf8'), null);
    const message = Buffer.from('manifest');
    const text = signMessage(key, message, 'repo:a/b tag:v1.0.0');
    expect(signMessage(key, message, 'repo:a/b tag:v1.0.0')).toBe(text);
    expect(verifySignature(message, Buffer.from(text), [{ name: 'k', publicKey: made.publicKey }]).trustedComment).toBe('repo:a/b tag:v1.0.0');
  });

  it('encrypts with a password', () => {
    make('correct horse');
    const text = readFileSync(at('k.key'), 'utf8');
    expect(isEncrypted(text)).toBe(true);
    const { keyId, secret } = parseSecretKey(text, 'correct horse');
    expect(formatPublicKey({ keyId, key: secret.subarray(32) })).toBe(readFileSync(at('k.pub'), 'utf8').split('\n')[1]);
    for (const wrong of ['', 'correct horse ', 'x']) expect(() => parseSecretKey(text, wrong)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => parseSecretKey(text, null)).toThrow(/needs its password/);
  });

  it.each(['k.key', 'k.pub'])('never overwrites %s and leaves nothing half made', (name) => {
    writeFileSync(at(name), 'precious');
    expect(() => make(null)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(readFileSync(at(name), 'utf8')).toBe('precious');
    expect(fs.list(root)).toEqual([name]);
  });

  it('refuses an empty password', () => expect(() => make('')).toThrow(expect.objectContaining({ code: 'usage' })));
});

describe('parseSecretKey', () => {
  it.each([
    ['nothing', () => ''], ['text', () => 'hello\nworld\n'], ['a public key', () => readFileSync(at('k.pub'), 'utf8')], ['one byte changed', () => damaged(60)], ['key id changed', () => damaged(56)],
    ['unknown encryption', () => damaged(2)], ['short', () => readFileSync(at('k.key'), 'utf8').slice(0, -20)],
  ])('refuses %s', (_name, text) => {
    make(null);
    expect(() => parseSecretKey(text(), null)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('refuses a key that asks for absurd memory', () => {
    make('pw');
    const [comment, line] = readFileSync(at('k.key'), 'utf8').split('\n');
    const bytes = Buffer.from(line!, 'base64');
    bytes.writeBigUInt64LE(2n ** 50n, 46);
    expect(() => parseSecretKey(`${comment}\n${bytes.toString('base64')}\n`, 'pw')).toThrow(/too much memory/);
  });
});

function damaged(at_: number): string {
  const [comment, line] = readFileSync(at('k.key'), 'utf8').split('\n');
  const bytes = Buffer.from(line!, 'base64');
  bytes[at_]! ^= 1;
  return `${comment}\n${bytes.toString('base64')}\n`;
}

describe.skipIf(!hasMinisign)('minisign (skipped where it is not installed: apt-get install minisign)', () => {
  it('verifies our signature with our public key file', () => {
    make(null);
    writeFileSync(at('m'), 'manifest');
    writeFileSync(at('m.minisig'), signMessage(parseSecretKey(readFileSync(at('k.key'), 'utf8'), null), Buffer.from('manifest'), 'repo:a/b tag:v1'));
    expect(execFileSync('minisign', ['-V', '-H', '-p', at('k.pub'), '-m', at('m')], { encoding: 'utf8' })).toContain('repo:a/b tag:v1');
  });

  it.each([['plain', null], ['encrypted', 'pass word']])('signs with our %s secret key, and we accept it', (_name, password) => {
    const made = make(password);
    writeFileSync(at('m'), 'manifest');
    const run = spawnSync('minisign', ['-S', ...(password === null ? ['-W'] : []), '-s', at('k.key'), '-m', at('m'), '-t', 'repo:a/b tag:v1'], { input: `${password ?? ''}\n`, encoding: 'utf8' });
    expect(run.stderr + run.stdout).not.toMatch(/wrong password|error/i);
    expect(verifySignature(Buffer.from('manifest'), readFileSync(at('m.minisig')), [{ name: 'k', publicKey: made.publicKey }]).trustedComment).toBe('repo:a/b tag:v1');
  });

  it.each([['plain', null], ['encrypted', 'pass word']])('makes %s keys that we read', (_name, password) => {
    spawnSync('minisign', ['-G', ...(password === null ? ['-W'] : []), '-p', at('m.pub'), '-s', at('m.key')], { input: `${password ?? ''}\n${password ?? ''}\n` });
    const { keyId, secret } = parseSecretKey(readFileSync(at('m.key'), 'utf8'), password);
    expect(formatPublicKey({ keyId, key: secret.subarray(32) })).toBe(readFileSync(at('m.pub'), 'utf8').split('\n')[1]);
  }, 120_000); // minisign's own cost: 1 GiB and seconds on each side
});
