import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOnlyUri, readUtf8String } from '../../../src/artifact/attestation/read-der.js';

const element = (tag: number, content: Buffer): Buffer => {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const text = (value: string): Buffer => element(0x0c, Buffer.from(value));
const names = (...uris: Buffer[]): Buffer => element(0x30, Buffer.concat(uris));
const uri = (value: string): Buffer => element(0x86, Buffer.from(value, 'latin1'));

describe('readUtf8String', () => {
  it('gives back any text of any length', () => {
    fc.assert(fc.property(fc.string({ maxLength: 400, unit: 'grapheme' }), (value) => { expect(readUtf8String(text(value))).toBe(Buffer.from(value).toString()); }));
  });
  it.each([
    ['nothing', Buffer.alloc(0)], ['a tag alone', Buffer.from([0x0c])], ['bare bytes', Buffer.from('https://token.actions.githubusercontent.com')], ['another string type', element(0x16, Buffer.from('a'))],
    ['bytes behind it', Buffer.concat([text('a'), Buffer.from('b')])], ['too few bytes', text('abc').subarray(0, -1)], ['a length of its own choice', Buffer.from([0x0c, 0x80, 0x61, 0, 0])],
    ['a length written longer than needed', Buffer.from([0x0c, 0x81, 0x01, 0x61])], ['the same with two bytes', Buffer.concat([Buffer.from([0x0c, 0x82, 0, 0x80]), Buffer.alloc(128, 97)])],
    ['a length of four bytes', Buffer.from([0x0c, 0x84, 0, 0, 0, 1, 0x61])], ['no UTF-8', element(0x0c, Buffer.from([0xff]))], ['two strings', Buffer.concat([text('a'), text('b')])],
  ])('refuses %s', (_, der) => { expect(readUtf8String(der)).toBeUndefined(); });
});

describe('readOnlyUri', () => {
  it('reads the one URI', () => { expect(readOnlyUri(names(uri('https://a.test/b@refs/tags/v1.2.3')))).toBe('https://a.test/b@refs/tags/v1.2.3'); });
  it.each([
    ['no name', names()], ['two names', names(uri('https://a.test'), uri('https://b.test'))], ['an e-mail address', names(element(0x81, Buffer.from('a@b.test')))],
    // The library drops the high bit: these bytes would read as `https://a.test`.
    ['bytes that are ours but for the high bit', names(element(0x86, Buffer.from(Buffer.from('https://a.test').map((byte) => byte | 0x80))))],
    ['a line break', names(uri('https://a.test\n'))], ['a space', names(uri('https://a.test/ b'))], ['a NUL', names(uri('https://a.test\0.evil'))], ['no sequence', uri('https://a.test')],
  ])('refuses %s', (_, der) => { expect(readOnlyUri(der)).toBeUndefined(); });
  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => { readOnlyUri(bytes); readUtf8String(bytes); }));
  });
});
