// Archives made to do harm or to be read in two ways: each refused by its code, with nothing changed outside and nothing left inside.
import { gzipSync, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.js';
import type { ExtractRequest } from '../../src/artifact/extract.js';
import { openBench, TEST_LIMITS, type Bench } from '../support/extraction.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { END, file, folder, hardLink, link, paxEntry, paxRecord, rawEntry, rawTar, rawTarGz, type RawEntry } from '../support/tar-builder.js';

interface Case { readonly name: string; readonly code: ErrorCode; readonly payload: Buffer; readonly request?: Partial<ExtractRequest> }

const base = [file('VERSION', '1.0.0\n'), folder('src'), file('src/main.js', 'run()')];
const withEntries = (...entries: RawEntry[]): Buffer => rawTarGz([...base, ...entries]);
const limits = (change: Partial<typeof TEST_LIMITS>): Partial<ExtractRequest> => ({ limits: { ...TEST_LIMITS, ...change } });
const good = rawTarGz(base);
const flipped = (bytes: Buffer, at: number): Buffer => { const copy = Buffer.from(bytes); copy[at < 0 ? copy.length + at : at]! ^= 0xff; return copy; };
const longName = (name: string | Buffer, type = 'L'): RawEntry => ({ name: '././@LongLink', type, body: Buffer.concat([Buffer.from(name as string), Buffer.alloc(1)]) });
const pax = (body: string | Buffer, type = 'x'): RawEntry => ({ name: 'PaxHeader/x', type, body });

const forbiddenNames: Readonly<Record<string, string>> = {
  'parent': '../outside/passwd', 'parent in the middle': 'src/../../outside/passwd', 'parent at the end': 'src/..', 'absolute': '/tmp/holdline-never', 'double slash absolute': '//tmp/x',
  'backslash': 'src\\..\\..\\x', 'drive letter': 'C:/x', 'drive letter relative': 'c:x', 'newline': 'src/a\nb', 'escape sequence': 'src/\u001b[31mred', 'delete character': 'src/a\u007f',
  'C1 control': 'src/a\u0085b', 'empty part': 'src//a', 'dot part': 'src/./a', 'dot dot after dot': './../x', 'own folder': '.holdline/current/x', 'own folder in capitals': '.HoldLine/x',
};
const types: Readonly<Record<string, string>> = {
  'character device': '3', 'block device': '4', 'FIFO': '6', 'sparse file': 'S', 'GNU dump dir': 'D', 'multi-volume': 'M', 'volume label': 'V', 'Solaris ACL': 'A', 'unknown letter': 'Z',
  'old long name': 'N', 'old extended header': 'X', 'prototype key': '_',
};
const escapes: Readonly<Record<string, RawEntry[]>> = {
  'absolute': [link('src/l', '/etc/passwd')], 'parent': [link('src/l', '../../outside')], 'drive letter': [link('src/l', 'C:/x')], 'backslash': [link('src/l', '..\\..\\x')], 'newline': [link('src/l', 'a\nb')],
  'through another link': [link('src/a', '.'), link('src/b', 'a/../../..')], 'through a later link': [link('src/b', 'a/../../x'), folder('src/deep'), link('src/a', '..')],
  'to itself': [link('src/l', 'l')], 'in a circle': [link('src/a', 'b'), link('src/b', 'a')], 'over a deep path': [folder('src/a/b/c'), link('src/a/b/c/l', '../../../../../x')],
  'of a managed path': [link('config', 'src')], 'of the name .holdline': [link('.holdline', 'src')], 'too long': [paxEntry({ linkpath: 'a/'.repeat(600) }), link('src/l', 'x')],
};
const overwrites: Readonly<Record<string, RawEntry[]>> = {
  'file below a link': [link('src/l', '.'), file('src/l/evil')], 'folder below a link': [link('src/l', '.'), folder('src/l/evil')], 'file below a file': [file('src/main.js/x')],
  'file over a folder': [file('src')], 'link over a folder': [link('src', 'config')], 'link over a file': [link('VERSION', 'src/main.js')], 'file over a link': [link('src/l', 'main.js'), file('src/l')],
  'folder over a file': [folder('VERSION')], 'file twice': [file('src/main.js')], 'folder twice': [folder('src')], 'twice by ./': [file('./src/main.js')], 'case twin': [file('src/MAIN.js')],
  'case twin of a folder': [file('SRC/other.js')], 'unicode twin': [file('src/\u00e9'), file('src/e\u0301')], 'unicode case twin': [file('src/STRASSE'), file('src/straße')], 'kelvin sign': [file('src/k'), file('src/\u212a')],
  'folder twin deep': [file('src/a/x'), file('src/A/y')], 'hard link twice': [hardLink('src/h', 'VERSION'), hardLink('src/h', 'VERSION')], 'hard link over a file': [hardLink('VERSION', 'src/main.js')],
};
const hardLinks: Readonly<Record<string, RawEntry[]>> = {
  'outside': [hardLink('src/h', '../outside/passwd')], 'absolute': [hardLink('src/h', '/etc/passwd')], 'to nothing': [hardLink('src/h', 'src/none')], 'to a folder': [hardLink('src/h', 'src')],
  'to a link': [link('src/l', 'main.js'), hardLink('src/h', 'src/l')], 'to a later file': [hardLink('src/h', 'src/later'), file('src/later')], 'to itself': [hardLink('src/h', 'src/h')],
};
const damaged: Readonly<Record<string, Buffer>> = {
  'empty file': Buffer.alloc(0), 'one byte': Buffer.from([0x1f]), 'not gzip': Buffer.from('<!doctype html><html>Not found</html>'), 'plain tar': rawTar(base), 'zstd magic': Buffer.from('28b52ffd0000000000000000', 'hex'),
  'gzip of nothing': gzipSync(Buffer.alloc(0)), 'gzip of garbage': gzipSync(Buffer.alloc(3000, 7)), 'gzip of gzip': gzipSync(good), 'gzip of a bomb of gzip': gzipSync(gzipSync(Buffer.alloc(5_000_000))), 'gzip header only': good.subarray(0, 10), 'truncated in the stream': good.subarray(0, -20), 'truncated in the trailer': good.subarray(0, -3),
  'without trailer': good.subarray(0, -8), 'trailing byte': Buffer.concat([good, Buffer.from([0])]), 'trailing zeros': Buffer.concat([good, Buffer.alloc(5000)]), 'trailing garbage': Buffer.concat([good, Buffer.from('garbage at the end')]),
  'a second member': Buffer.concat([good, rawTarGz([file('src/second')])]), 'tar in two members': Buffer.concat([gzipSync(rawTar(base).subarray(0, 700)), gzipSync(rawTar(base).subarray(700))]), 'an empty second member': Buffer.concat([good, gzipSync('')]),
  'wrong checksum': flipped(good, -6), 'wrong length': flipped(good, -1), 'a bit flipped inside': flipped(good, 40), 'unknown gzip flags': flipped(good, 3), 'endless gzip name': Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(9000, 65)]),
  'trailer of another': Buffer.concat([good.subarray(0, 10), deflateRawSync(rawTar(base)), Buffer.alloc(8)]),
  'no end of archive': gzipSync(rawTar(base, Buffer.alloc(0))), 'one zero block': gzipSync(rawTar(base, Buffer.alloc(512))), 'half a header': gzipSync(Buffer.concat([...base.map(rawEntry), Buffer.alloc(200, 65)])), 'truncated body': gzipSync(rawTar([...base, { name: 'src/big', body: 'x', size: 9000 }], Buffer.alloc(0))),
  'data after the end': gzipSync(Buffer.concat([rawTar(base), rawEntry(file('src/hidden'))])), 'data after one zero block': gzipSync(Buffer.concat([rawTar(base, Buffer.alloc(512)), rawTar([file('src/hidden')])])), 'a byte after the end': gzipSync(Buffer.concat([rawTar(base), Buffer.from([0, 0, 1])])),
  'header checksum': withEntries({ ...file('src/x'), badChecksum: true }), 'size that is no number': withEntries({ ...file('src/x'), size: 'zzzzzzzzzzz\0' }), 'negative size': withEntries({ ...file('src/x'), size: Buffer.from('ffffffffffffffffffffff00', 'hex') }),
  'huge binary size': withEntries({ ...file('src/x'), size: Buffer.from('80ffffffffffffffffffffff', 'hex') }), 'decimal digits': withEntries({ ...file('src/x'), size: '00000000009\0' }),
  'folder with a body': withEntries({ ...folder('src/d'), body: 'smuggled' }), 'link with a body': withEntries({ ...link('src/l', 'main.js'), body: 'x' }), 'hard link with a body': withEntries({ ...hardLink('src/h', 'VERSION'), body: 'x' }), 'file name with slash and body': withEntries(file('src/d/', 'body')),
  'pax length lies': withEntries(pax('99 path=src/x\n'), file('src/y')), 'pax without newline': withEntries(pax('11 path=a/b '), file('src/y')), 'pax without =': withEntries(pax('8 pathx\n'), file('src/y')), 'pax with NUL': withEntries(pax(paxRecord('path', 'src/a\0b')), file('src/y')),
  'pax path twice': withEntries(pax(Buffer.concat([paxRecord('path', 'src/a'), paxRecord('path', 'src/b')])), file('src/y')), 'pax sparse': withEntries(paxEntry({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'src/z' }), file('src/y')), 'pax size lies': withEntries(paxEntry({ size: '-5' }), file('src/y')),
  'pax charset': withEntries(paxEntry({ hdrcharset: 'BINARY', path: 'src/b' }), file('src/y')), 'pax empty path': withEntries(pax(paxRecord('path', '')), file('src/y')), 'global path': withEntries(paxEntry({ path: '../x' }, 'g'), file('src/y')), 'global size': withEntries(paxEntry({ size: '0' }, 'g'), file('src/y')),
  'two pax headers': withEntries(paxEntry({ path: 'src/a' }), paxEntry({ path: 'src/b' }), file('src/y')), 'pax and long name': withEntries(paxEntry({ path: 'src/a' }), longName('src/b'), file('src/y')), 'long name with NUL': withEntries(longName('src/a\0/../../x'), file('src/y')), 'long name for nothing': withEntries(longName('src/a')),
  'pax for nothing': withEntries(paxEntry({ path: 'src/a' })), 'empty archive': gzipSync(END), 'only the root': rawTarGz([folder('.')]), 'no managed path': rawTarGz([file('a'), file('b')]), 'no managed path below the top': rawTarGz([file('pkg/a'), file('pkg/b')]), 'a lone file': rawTarGz([file('readme')]),
};

const rows = (kind: string, code: ErrorCode, table: Readonly<Record<string, RawEntry[]>>): Case[] => Object.entries(table).map(([name, entries]) => ({ name: `${kind}: ${name}`, code, payload: withEntries(...entries) }));
const manyFiles = Array.from({ length: 1001 }, (_, index) => file(`src/f${index}`, ''));
const cases: Case[] = [
  ...Object.entries(forbiddenNames).map(([name, path]): Case => ({ name: `name: ${name}`, code: 'archive-forbidden', payload: withEntries(file(path)) })),
  ...Object.entries(forbiddenNames).map(([name, path]): Case => ({ name: `name in a pax header: ${name}`, code: 'archive-forbidden', payload: withEntries(paxEntry({ path }), file('src/innocent')) })),
  ...Object.entries(forbiddenNames).map(([name, path]): Case => ({ name: `name in a long name: ${name}`, code: 'archive-forbidden', payload: withEntries(longName(path), file('src/innocent')) })),
  ...Object.entries(types).map(([name, type]): Case => ({ name: `type: ${name}`, code: 'archive-forbidden', payload: withEntries({ name: 'src/odd', type }) })),
  ...[0o4755, 0o2755, 0o1644].map((mode): Case => ({ name: `mode ${mode.toString(8)}`, code: 'archive-forbidden', payload: withEntries(file('src/s', 'x', mode)) })),
  { name: 'sticky folder', code: 'archive-forbidden', payload: withEntries({ ...folder('src/d'), mode: 0o1777 }) },
  { name: 'name that is not UTF-8', code: 'archive-forbidden', payload: withEntries({ name: Buffer.from('7372632fff', 'hex'), body: 'x' }) },
  { name: 'name through the prefix field', code: 'archive-forbidden', payload: withEntries({ name: 'passwd', prefix: '../../outside', body: 'x' }) },
  { name: 'file as the root', code: 'archive-forbidden', payload: withEntries(file('.', '')) },
  ...rows('link', 'archive-forbidden', escapes), ...rows('overwrite', 'archive-forbidden', overwrites), ...rows('hard link', 'archive-forbidden', hardLinks),
  { name: 'links none: link', code: 'archive-forbidden', payload: withEntries(link('src/l', 'main.js')), request: { links: 'none' } },
  { name: 'links none: hard link', code: 'archive-forbidden', payload: withEntries(hardLink('src/h', 'VERSION')), request: { links: 'none' } },
  ...Object.entries(damaged).map(([name, payload]): Case => ({ name: `damaged: ${name}`, code: 'archive-invalid', payload })),
  { name: 'source tarball with two tops', code: 'archive-invalid', payload: rawTarGz([file('a/src/x'), file('b/src/y')]), request: { strip: 'always' } },
  { name: 'source tarball with a file at the top', code: 'archive-invalid', payload: good, request: { strip: 'always' } },
  { name: 'link out of a stripped tree into its top', code: 'archive-forbidden', payload: rawTarGz([file('pkg/src/a'), link('pkg/src/l', '../../pkg/src/a')]) },
  { name: 'own folder below a stripped top', code: 'archive-forbidden', payload: rawTarGz([file('pkg/src/a'), file('pkg/.Holdline/x')]) },
  { name: 'long part', code: 'archive-limit', payload: withEntries(longName(`src/${'x'.repeat(256)}`), file('src/y')) },
  { name: 'long part in multi-byte letters', code: 'archive-limit', payload: withEntries(longName(`src/${'é'.repeat(128)}`), file('src/y')) },
  { name: 'long path', code: 'archive-limit', payload: withEntries(longName(`src/${'abc/'.repeat(1100)}x`), file('src/y')), request: limits({ depth: 5000 }) },
  { name: 'deep path', code: 'archive-limit', payload: withEntries(file(`src/${'a/'.repeat(16)}x`)) },
  { name: 'too many entries', code: 'archive-limit', payload: withEntries(...manyFiles) },
  { name: 'too many implied folders', code: 'archive-limit', payload: withEntries(...manyFiles.slice(0, 200).map((_, index) => file(`src/${index}/a/b/c/d/e/f`, ''))) },
  { name: 'declared bytes', code: 'archive-limit', payload: withEntries({ ...file('src/big'), size: 2 ** 30 }) },
  { name: 'declared bytes in a pax header', code: 'archive-limit', payload: withEntries(paxEntry({ size: String(2 ** 40) }), file('src/big')) },
  { name: 'bytes of many files', code: 'archive-limit', payload: withEntries(...manyFiles.slice(0, 20).map(({ name }) => file(String(name), 'x'.repeat(100)))), request: limits({ unpackedBytes: 1500 }) },
  { name: 'bytes of hard links', code: 'archive-limit', payload: withEntries(file('src/big', 'x'.repeat(1000)), hardLink('src/1', 'src/big'), hardLink('src/2', 'src/big')), request: limits({ unpackedBytes: 2500 }) },
  { name: 'bomb', code: 'archive-limit', payload: withEntries(file('src/zeros', Buffer.alloc(20_000_000))) },
  { name: 'bomb after the end', code: 'archive-limit', payload: rawTarGz(base, Buffer.alloc(30_000_000)) },
  { name: 'padding without end', code: 'archive-limit', payload: rawTarGz(base, Buffer.alloc(3_000_000)), request: limits({ ratio: 1e6 }) },
  { name: 'huge pax header', code: 'archive-limit', payload: withEntries(paxEntry({ comment: 'x'.repeat(70_000) }), file('src/y')) },
  { name: 'huge long name', code: 'archive-limit', payload: withEntries({ name: 'L', type: 'L', body: '', size: 2 ** 31 }) },
  { name: 'many global headers', code: 'archive-limit', payload: withEntries(...manyFiles.slice(0, 20).map(() => paxEntry({ comment: 'x' }, 'g'))) },
  { name: 'payload over its limit', code: 'artifact-too-large', payload: good, request: limits({ payloadBytes: 50 }) },
];

describe('hostile archives', () => {
  let bench: Bench;
  beforeEach(() => { bench = openBench(); });
  afterEach(() => bench.remove());

  it.each(cases)('$name -> $code', async ({ code, payload, request }) => {
    await expect(bench.list(payload, request)).rejects.toMatchObject({ name: 'HoldlineError', code });
    const before = snapshotFolder(bench.root);
    await expect(bench.extract(payload, request)).rejects.toMatchObject({ name: 'HoldlineError', code });
    expect(snapshotFolder(bench.root)).toEqual(before);
  });

  it('is a table whose base passes, so that each row fails for its own reason', async () => {
    await expect(bench.extract(good)).resolves.toMatchObject({ stripped: null, entries: 3 });
  });

  it('has more than forty kinds', () => expect(cases.length).toBeGreaterThan(150));

  it('does not put what an archive says into a message unquoted', async () => {
    await expect(bench.extract(withEntries(file('src/\u001b[2Jgone\n')))).rejects.toThrow(String.raw`"src/\u001b[2Jgone\n"`);
  });

  it('refuses a folder that is not empty and leaves it alone', async () => {
    await bench.extract(good);
    const before = snapshotFolder(bench.into);
    await expect(bench.extract(good)).rejects.toMatchObject({ code: 'step-failed' });
    expect(snapshotFolder(bench.into)).toEqual(before);
  });
});
