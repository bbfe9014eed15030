// The reading loop gives the same entries however the bytes are cut, and agrees with node-tar and with public archives.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { TarReader, type TarEntry } from '../../src/artifact/tar-reader.js';
import { codeOfAsync } from '../support/code-of.js';
import { openBench, type Bench } from '../support/extraction.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { file, folder, link, paxEntry, rawTar } from '../support/tar-builder.js';

interface Seen { readonly path: string; readonly type: string; readonly linkpath: string; body: string }

function readAll(pieces: Iterable<Buffer>): Seen[] {
  const seen: Seen[] = [];
  const reader = new TarReader({
    entry: (entry: TarEntry) => { seen.push({ path: entry.path, type: entry.type, linkpath: entry.linkpath, body: '' }); },
    body: (bytes) => { seen.at(-1)!.body += bytes.toString('latin1'); },
    entryEnd: () => undefined,
  });
  for (const piece of pieces) reader.push(piece);
  reader.finish();
  return seen;
}

const archive = rawTar([
  paxEntry({ comment: 'x' }, 'g'), folder('src'), file('src/a', 'a'.repeat(512)), file('src/b', 'b'.repeat(1300)), file('src/empty', ''),
  paxEntry({ path: `src/${'é€'.repeat(40)}`, comment: '猫'.repeat(700) }), file('short', 'long name'), link('src/l', 'a'), paxEntry({ linkpath: 'ü'.repeat(120) }), link('src/m', 'cut'),
]);

describe('TarReader', () => {
  it('does not depend on where the bytes are cut', () => {
    const whole = readAll([archive]);
    expect(whole).toHaveLength(7);
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 40 }), (lengths) => {
      const pieces: Buffer[] = [];
      for (let position = 0, turn = 0; position < archive.length; turn += 1) {
        const length = lengths[turn % lengths.length] ?? 1;
        pieces.push(archive.subarray(position, position + length));
        position += length;
      }
      expect(readAll(pieces)).toEqual(whole);
    }), { numRuns: 100 });
  });

  it('refuses every shorter archive', () => {
    for (let length = 0; length < archive.length; length += 97) expect(() => readAll([archive.subarray(0, length)])).toThrow(HoldlineError);
  });
});

describe('any bytes', () => {
  let bench: Bench;
  beforeEach(() => { bench = openBench(); });
  afterEach(() => bench.remove());
  const good = rawTar([file('VERSION', '1.0.0\n'), file('src/a', 'hello'), link('src/l', 'a')]);

  it('give a tree or a coded refusal, and never touch anything outside', async () => {
    const before = snapshotFolder(bench.root, ['work/tree', 'payload.tar.gz']);
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
    await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, inGzip) => {
      const bytes = Buffer.from(inGzip ? gzipSync(good) : good);
      for (const { at, to } of changes) bytes[at % bytes.length] = to;
      const into = join(bench.root, 'work/tree');
      try {
        await bench.extract(inGzip ? bytes : gzipSync(fixChecksums(bytes)));
        bench.clear();
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(HoldlineError);
        expect((thrown as HoldlineError).code).toMatch(/^archive-/);
        expect(existsSync(into)).toBe(false);
      }
      expect(snapshotFolder(bench.root, ['work/tree', 'payload.tar.gz'])).toEqual(before);
    }), { numRuns: 300 });
  });
});

/** So that a changed header is judged by its meaning, not by its checksum. */
function fixChecksums(tar: Buffer): Buffer {
  for (const at of [0, 1024, 2048]) {
    const block = tar.subarray(at, at + 512);
    block.fill(' ', 148, 156);
    block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  }
  return tar;
}

const corpus = join(import.meta.dirname, '../fixtures/node-tar');
/** Those refused, by hand; all others must read as GNU tar reads them. */
const REFUSED: Readonly<Record<string, string>> = {
  'bad-cksum.tar': 'checksum of a tar header is wrong',
  'global-header.tar': 'global header sets names or sizes',
  'links-strip.tar': 'truncated', // no end of archive
  'long-pax.tar': 'truncated', // no end of archive
};
/** An empty name, which GNU tar does not list; extraction refuses it. */
const NAMELESS = 'path-missing.tar';

describe('public archives of node-tar', () => {
  const ends = new Set<string>();
  const names = readdirSync(corpus).filter((name) => name.endsWith('gz'));
  it.each(names)('%s is read as GNU tar reads it, or refused', (file) => {
    const tar = gunzipSync(readFileSync(join(corpus, file)));
    const name = file.replace(/\.gz$/, '');
    const reason = REFUSED[name];
    if (reason !== undefined) {
      expect(() => readAll([tar])).toThrow(reason);
      return;
    }
    const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', '-'], { input: tar, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }).split('\n').filter((line) => line !== '');
    const seen = readAll([tar]).map(({ path }) => path);
    if (name === NAMELESS) expect(seen).toEqual(['']);
    else expect(seen.map((path) => path.replace(/\/$/, ''))).toEqual(listed.map((path) => path.replace(/\/$/, '')));
  });

  it.each(names)('%s unpacks inside its folder, or is refused with a code and leaves nothing', async (file) => {
    const bench = openBench();
    try {
      const outside = (): unknown => snapshotFolder(bench.root, ['work/tree', 'payload.tar.gz']);
      const before = outside();
      const bytes = readFileSync(join(corpus, file));
      // Whatever stands first is managed, so that what is well-formed is unpacked.
      let first = 'src';
      try { first = readAll([gunzipSync(bytes)])[0]?.path.split('/')[0] ?? first; } catch { /* refused below */ }
      const end = await codeOfAsync(() => bench.extract(bytes, { managedPaths: [first], strip: 'auto' }));
      ends.add(end);
      expect(end).toMatch(/^(?:accepted|archive-(?:invalid|forbidden|limit))$/u);
      expect(existsSync(bench.into)).toBe(end === 'accepted');
      expect(outside()).toEqual(before);
    } finally { bench.remove(); }
  });

  it('both happened', () => { expect([...ends].toSorted()).toEqual(expect.arrayContaining(['accepted', 'archive-forbidden', 'archive-invalid'])); });
});
