import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPublicKey, formatPublicKeyFile, formatSignature, globalMessage, parsePublicKey, parseSignature, prehash, verifySignature } from '../../src/artifact/minisign.js';
import { codeOf } from '../support/code-of.js';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/minisign/${name}`, import.meta.url));
const message = fixture('message.json');
const key = { name: 'test', publicKey: fixture('test.pub').toString().split('\n')[1]! };
const other = { name: 'other', publicKey: fixture('other.pub').toString().split('\n')[1]! };
const good = fixture('message.json.minisig');

const edit = (from: string | RegExp, to: string): Buffer => Buffer.from(good.toString().replace(from, to));

describe('what Debian\'s minisign made', () => {
  it('is accepted with its key, alone or among others', () => {
    expect(verifySignature(message, good, [key])).toEqual({ trustedComment: 'repo:acme/monitoring tag:v1.2.0 channel:stable', key });
    expect(verifySignature(message, good, [other, key]).key.name).toBe('test');
    expect(verifySignature(message, fixture('other-key.minisig'), [key, other]).key.name).toBe('other');
  });

  it('keeps its text when it is parsed and formatted again', () => {
    expect(formatSignature(parseSignature(good))).toBe(good.toString());
    expect(formatPublicKeyFile(parsePublicKey(fixture('test.pub').toString()))).toBe(fixture('test.pub').toString());
  });
});

describe('a signature is refused', () => {
  it.each<[string, Buffer, string, Buffer?]>([
    ['of another key', fixture('other-key.minisig'), 'signature-key'],
    ['in the legacy format', fixture('legacy.minisig'), 'signature-invalid'],
    ['with an edited trusted comment', fixture('edited-comment.minisig'), 'signature-invalid'],
    ['with the global signature of another one', fixture('swapped-global.minisig'), 'signature-invalid'],
    ['of another message', fixture('other-message.minisig'), 'signature-invalid'],
    ['of an edited message', good, 'signature-invalid', Buffer.concat([message, Buffer.from(' ')])],
    ['of an empty message', good, 'signature-invalid', Buffer.alloc(0)],
    ['that is empty', Buffer.alloc(0), 'signature-invalid'],
    ['that is not text', Buffer.from([0xff, 0xfe, 0x0a]), 'signature-invalid'],
    ['that is a web page', Buffer.from('<!doctype html>\n<html>\n</html>\n\n'), 'signature-invalid'],
    ['with a fifth line', Buffer.concat([good, Buffer.from('more\n')]), 'signature-invalid'],
    ['with an empty fifth line', Buffer.concat([good, Buffer.from('\n')]), 'signature-invalid'],
    ['with three lines', Buffer.from(good.toString().split('\n').slice(0, 3).join('\n')), 'signature-invalid'],
    ['with CRLF', edit(/\n/g, '\r\n'), 'signature-invalid'],
    ['with a byte order mark', Buffer.concat([Buffer.from('\uFEFF'), good]), 'signature-invalid'],
    ['with spaces in the base64', edit('RUT1', 'RUT1 '), 'signature-invalid'],
    ['with base64 that is not canonical', edit('Gwws=', 'Gwwt='), 'signature-invalid'],
    ['with url-safe base64', edit(/\/(?=.*\n)/, '_'), 'signature-invalid'],
    ['of an unknown algorithm', edit('RUT1', 'RVT1'), 'signature-invalid'],
    ['with a control character', edit('by the test key', 'by\u001b[2J'), 'signature-invalid'],
    ['that is huge', Buffer.alloc(5000, 'a'), 'signature-invalid'],
  ])('%s', (_, signature, code, content = message) => {
    expect(codeOf(() => verifySignature(content, signature, [key]))).toBe(code);
  });

  it('when no key is pinned', () => expect(codeOf(() => verifySignature(message, good, []))).toBe('trust-key-missing'));

  it('and a foreign key is named', () => {
    expect(() => verifySignature(message, fixture('other-key.minisig'), [key])).toThrow(/AAA206E92E508F4B.*1DF1F15D2CDB09F5/);
  });

  it('under a pinned key that took over the id of another', () => {
    const forged = { name: 'forged', publicKey: formatPublicKey({ keyId: parsePublicKey(key.publicKey).keyId, key: parsePublicKey(other.publicKey).key }) };
    expect(codeOf(() => verifySignature(message, good, [forged]))).toBe('signature-invalid');
    expect(verifySignature(message, good, [forged, key]).key.name).toBe('test');
  });
});

describe('parsePublicKey', () => {
  it.each([
    ['', 'settings-invalid'], ['RW', 'settings-invalid'], [key.publicKey.slice(1), 'settings-invalid'], [`${key.publicKey}AAAA`, 'settings-invalid'],
    [key.publicKey.replace('RW', 'RU'), 'settings-invalid'], [`x\n${key.publicKey}`, 'settings-invalid'], [`${key.publicKey}\n${key.publicKey}`, 'settings-invalid'],
    [` ${key.publicKey}\n`, 'accepted'], [fixture('test.pub').toString().replaceAll('\n', '\r\n'), 'accepted'],
  ])('%j -> %s', (text, code) => expect(codeOf(() => parsePublicKey(text))).toBe(code));
});

describe('properties', () => {
  it('no changed signature file, message or key is accepted, and every refusal has a code', () => {
    const files = [good, message, Buffer.from(key.publicKey)] as const;
    fc.assert(fc.property(fc.constantFrom(0, 1, 2), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('flip', 'drop', 'insert', 'cut'), (which, at, by, how) => {
      const changed = files.map((file, index) => (index === which ? mutate(file, at % file.length, by, how) : file));
      const [signature, content, publicKey] = changed as [Buffer, Buffer, Buffer];
      const code = codeOf(() => verifySignature(content, signature, [{ name: 'k', publicKey: publicKey.toString('latin1') }]));
      // Two things are not signed: the untrusted comment, and a missing last newline; a key may have white space around it.
      const sameMeaning = content.equals(message) && publicKey.toString('latin1').trim() === key.publicKey && signature.toString('latin1').split('\n').slice(1, 4).join() === good.toString('latin1').split('\n').slice(1, 4).join();
      if (code === 'accepted') expect(sameMeaning).toBe(true);
      else expect(code).toMatch(/^(signature-invalid|signature-key|settings-invalid)$/);
    }), { numRuns: 600 });
  });

  it('what we sign ourselves is accepted, whatever the comment and message', () => {
    const pair = generateKeyPairSync('ed25519');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 100 }).map((text) => text.replace(/\p{Cc}/gu, '')), (content, comment) => {
      const signed = signWith(pair.privateKey, content, comment);
      expect(verifySignature(content, Buffer.from(signed.text), [signed.key]).trustedComment).toBe(comment);
    }), { numRuns: 50 });
  });
});

function mutate(file: Buffer, at: number, by: number, how: string): Buffer {
  switch (how) {
    case 'flip': return Buffer.concat([file.subarray(0, at), Buffer.from([(file[at] ?? 0) ^ by]), file.subarray(at + 1)]);
    case 'drop': return Buffer.concat([file.subarray(0, at), file.subarray(at + 1)]);
    case 'insert': return Buffer.concat([file.subarray(0, at), Buffer.from([by]), file.subarray(at)]);
    default: return file.subarray(0, at);
  }
}

function signWith(privateKey: KeyObject, content: Uint8Array, trustedComment: string): { text: string; key: { name: string; publicKey: string } } {
  const keyId = Buffer.from('0123456789abcdef', 'hex');
  const signature = sign(null, prehash(content), privateKey);
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const text = formatSignature({ untrustedComment: 'x', trustedComment, keyId, signature, globalSignature: sign(null, globalMessage(signature, trustedComment), privateKey) });
  return { text, key: { name: 'own', publicKey: formatPublicKey({ keyId, key: raw }) } };
}
