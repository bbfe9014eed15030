import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreeOnDigest, assertCovered, parseChecksums } from '../../src/artifact/checksums.js';
import { codeOf } from '../support/code-of.js';

const a = 'ab'.repeat(32);
const b = 'cd'.repeat(32);

describe('parseChecksums', () => {
  it.each<[string, string, Record<string, string>]>([
    ['text mode', `${a}  app.tar.gz\n${b}  other\n`, { 'app.tar.gz': a, other: b }],
    ['binary mode', `${a} *app.tar.gz\n`, { 'app.tar.gz': a }],
    ['CRLF and no last line break', `${a}  app.tar.gz\r\n${b} *o`, { 'app.tar.gz': a, o: b }],
    ['names with spaces, stars and unicode', `${a}  my app (1) *ü.tar.gz\n`, { 'my app (1) *ü.tar.gz': a }],
    ['a leading ./', `${a}  ./app.tar.gz\n`, { 'app.tar.gz': a }],
    ['folders are kept', `${a}  dist/app.tar.gz\n`, { 'dist/app.tar.gz': a }],
    ['upper-case digits', `${a.toUpperCase()}  x\n`, { x: a }],
    ['BSD style', `SHA256 (a (b).tar.gz) = ${a}\n`, { 'a (b).tar.gz': a }],
    ['escaped names', `\\${a}  a\\\\b\\nc\n`, { 'a\\b\nc': a }],
    ['comments and empty lines', `# made by hand\n\n${a}  x\n`, { x: a }],
    ['the same line twice', `${a}  x\n${a}  x\n`, { x: a }],
    ['a byte order mark', `\uFEFF${a}  x\n`, { x: a }],
    ['nothing', '', {}],
    ['an odd name', `${a}  __proto__\n`, JSON.parse(`{"__proto__":"${a}"}`) as Record<string, string>],
  ])('%s', (_, text, expected) => expect([...parseChecksums(Buffer.from(text))]).toEqual(Object.entries(expected)));

  it.each<[string, string | Buffer]>([
    ['two digests for one name', `${a}  x\n${b}  x\n`], ['two digests, one with ./', `${a}  x\n${b}  ./x\n`], ['a short digest', `${a.slice(1)}  x\n`], ['an md5', `${'ab'.repeat(16)}  x\n`],
    ['no name', `${a}\n`], ['one space', `${a} x\n`], ['a web page', '<html></html>'], ['not UTF-8', Buffer.from([0xff, 0xfe])], ['too much', Buffer.alloc(1024 * 1024 + 1, '#')],
  ])('refuses %s', (_, text) => expect(codeOf(() => parseChecksums(Buffer.from(text)))).toBe('manifest-invalid'));

  it('gives only coded errors', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
    expect(codeOf(() => parseChecksums(content))).toMatch(/^(accepted|manifest-invalid)$/);
  })));
});

it.each<[readonly (string | null | undefined)[], string | null]>([
  [[], null], [[null, undefined], null], [[a, null], a], [[null, a], a], [[a, a.toUpperCase(), a], a], [[a, b], 'artifact-digest'], [[a, null, b], 'artifact-digest'],
])('%j agree on %s', (stated, expected) => {
  const agree = () => agreeOnDigest('x', stated.map((sha256, index) => ({ by: `source ${index}`, sha256 })));
  if (expected === 'artifact-digest') expect(codeOf(agree)).toBe(expected);
  else expect(agree()).toBe(expected);
});

it('wants a digest where checksums are the trust', () => {
  expect(assertCovered('x', a)).toBe(a);
  expect(codeOf(() => assertCovered('x', null))).toBe('artifact-not-covered');
});
