import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadAsset, type DownloadRequest } from '../../src/artifact/download.js';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Filesystem, Logger } from '../../src/domain/ports.js';
import type { RunEvent } from '../../src/domain/results.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { assetOf, createFakeSource, createJumpingClock, sha256, type Answer, type FakeSource } from '../support/fake-source.js';
import { codeOfAsync as codeOf } from '../support/code-of.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const content = gzipSync(randomBytes(20_000), { level: 1 });
const name = 'app-1.2.0.tar.gz';
const log: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
let directory: string;

beforeEach(() => {
  folder = makeTempFolder('download');
  directory = join(folder, 'downloads dir ü');
});
afterEach(() => removeTempFolder(folder));

function scene(answers: readonly Answer[] = [], changes: Partial<DownloadRequest> = {}, fs: Filesystem = createFilesystem()) {
  const source = createFakeSource({ [name]: content });
  source.answers.push(...answers);
  const clock = createJumpingClock(() => source.activity);
  const events: RunEvent[] = [];
  const request: DownloadRequest = {
    asset: assetOf(name, content), key: 'payload', expected: { size: content.length, sha256: sha256(content) }, maxBytes: 1_000_000, directory,
    stallMs: 30_000, deadlineMs: 3_600_000, maxRetries: 3, retryDelayMs: 5000, minFreeBytes: 0, sniff: 'gzip', ...changes,
  };
  const abort = new AbortController();
  const run = () => downloadAsset({ source, fs, clock, log, report: (event) => events.push(event) }, request, abort.signal);
  return { source, clock, events, abort, run, request };
}

const froms = (source: FakeSource): number[] => source.opened.map((one) => one.from);
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a download that works', () => {
  it('gives the file, its hash and the bytes it took, and leaves nothing else', async () => {
    const { run, events, source } = scene();
    const got = await run();
    expect(got).toEqual({ path: join(directory, 'payload'), size: content.length, sha256: sha256(content), bytesDownloaded: content.length });
    expect(readFileSync(got.path).equals(content)).toBe(true);
    expect(readdirSync(directory)).toEqual(['payload']);
    expect(events.at(-1)).toEqual({ type: 'progress', phase: 'download', done: content.length, total: content.length, unit: 'bytes' });
    expect(source.openBodies()).toBe(0);
  });

  it('reuses a finished file after reading it again, and fetches a damaged one anew', async () => {
    await scene().run();
    const again = scene();
    expect((await again.run()).bytesDownloaded).toBe(0);
    expect(again.source.opened).toEqual([]);
    writeFileSync(join(directory, 'payload'), Buffer.alloc(content.length, 'x'));
    const third = scene();
    expect((await third.run()).bytesDownloaded).toBe(content.length);
    expect(readFileSync(join(directory, 'payload')).equals(content)).toBe(true);
  });

  it('never reuses a finished file whose hash nobody knows', async () => {
    await scene([], { expected: {} }).run();
    expect((await scene([], { expected: {} }).run()).bytesDownloaded).toBe(content.length);
  });

  it('removes older downloads, links and folders first, and not what they point to', async () => {
    await scene([], { key: 'older' }).run();
    writeFileSync(join(folder, 'theirs'), 'keep');
    symlinkSync(join(folder, 'theirs'), join(directory, 'payload.part'));
    symlinkSync(folder, join(directory, 'link'));
    await scene().run();
    expect(readdirSync(directory)).toEqual(['payload']);
    expect(readFileSync(join(folder, 'theirs'), 'utf8')).toBe('keep');
  });
});

describe('resuming', () => {
  it.each<[string, Answer[], number[]]>([
    ['goes on after cuts', [{ kind: 'cut', after: 7000 }, { kind: 'cut', after: 3000 }], [0, 7000, 10_000]],
    ['goes on after a stall', [{ kind: 'hang', after: 5000 }], [0, 5000]],
    ['goes on when an end came early and unannounced', [{ kind: 'silent-cut', after: 5000 }], [0, 5000]],
    ['tries again when there is no answer at all', [{ kind: 'never-answer' }], [0, 0]],
    ['starts again when the server does not know ranges', [{ kind: 'cut', after: 5000 }, { kind: 'ignore-range' }], [0, 5000]],
    ['asks from zero after a part that was not asked for', [{ kind: 'cut', after: 5000 }, { kind: 'wrong-range', by: 3 }], [0, 5000, 0]],
    ['asks from zero after the source refused the range', [{ kind: 'cut', after: 5000 }, { kind: 'error', error: new HoldlineError('source-invalid', 'cannot', { context: { asked: 5000, got: 7 } }) }], [0, 5000, 0]],
    ['keeps its place after a login page that the source saw', [{ kind: 'cut', after: 5000 }, { kind: 'error', error: new HoldlineError('source-invalid', 'cannot') }], [0, 5000, 5000]],
    ['survives a web page in between and keeps what it has', [{ kind: 'cut', after: 5000 }, { kind: 'page', content: Buffer.from('<html>') }], [0, 5000, 5000]],
    ['survives passing errors', [{ kind: 'error', error: new HoldlineError('source-server', 'cannot 502') }, { kind: 'error', error: new Error('ECONNRESET') }], [0, 0, 0]],
  ])('%s', async (_, answers, asked) => {
    const { run, source } = scene(answers);
    expect((await run()).sha256).toBe(sha256(content));
    expect(froms(source)).toEqual(asked);
  });

  it('sends the validator of the first answer, and takes the new file from zero when it changed', async () => {
    const { run, source } = scene([{ kind: 'cut', after: 5000 }], { maxRetries: 1 });
    source.onPiece = (sent) => { if (sent === 5000) source.etag = '"v2"'; };
    expect((await run()).bytesDownloaded).toBe(content.length + 5000);
    expect(source.opened.map((one) => one.etag)).toEqual([undefined, '"v1"']);
  });

  it('asks from zero when the source goes on in another file', async () => {
    const { run, source } = scene([{ kind: 'cut', after: 5000 }, { kind: 'no-if-range' }]);
    source.onPiece = (sent) => { if (sent === 5000) source.etag = '"v2"'; };
    await run();
    expect(froms(source)).toEqual([0, 5000, 0]);
  });

  it('goes on in a new process, hashing again what it finds', async () => {
    const first = scene([{ kind: 'cut', after: 9000 }], { maxRetries: 0 });
    expect(await codeOf(first.run)).toBe('download-interrupted');
    const second = scene();
    expect((await second.run()).bytesDownloaded).toBe(content.length - 9000);
    expect(second.source.opened).toEqual([{ name, from: 9000, etag: '"v1"' }]);
  });

  it('needs no request when everything was there already', async () => {
    const first = scene([{ kind: 'hang', after: content.length - 1 }], { maxRetries: 0 });
    await codeOf(first.run);
    writeFileSync(join(directory, 'payload.part'), content);
    const second = scene();
    expect((await second.run()).bytesDownloaded).toBe(0);
  });

  it.each<[string, (path: string) => void]>([
    ['its note is missing', (path) => writeFileSync(`${path}.json`, '')],
    ['its note is of another file', (path) => writeFileSync(`${path}.json`, readFileSync(`${path}.json`, 'utf8').replace('fake:', 'other:'))],
    ['its note is not JSON', (path) => writeFileSync(`${path}.json`, '{"format":1')],
    ['it is longer than the file', (path) => writeFileSync(path, Buffer.alloc(content.length + 1))],
    ['its bytes were changed', (path) => writeFileSync(path, Buffer.alloc(9000, 7))],
    ['its last bytes are zeros after a power cut', (path) => writeFileSync(path, Buffer.concat([content.subarray(0, 8000), Buffer.alloc(1000)]))],
  ])('never trusts a part when %s', async (_, damage) => {
    await codeOf(scene([{ kind: 'cut', after: 9000 }], { maxRetries: 0 }).run);
    damage(join(directory, 'payload.part'));
    const got = await scene().run();
    expect(readFileSync(got.path).equals(content)).toBe(true);
  });

  it('without hash and validator starts from zero', async () => {
    const { run, source } = scene([{ kind: 'cut', after: 5000 }], { expected: {} });
    source.etag = undefined;
    expect((await run()).sha256).toBe(sha256(content));
    expect(froms(source)).toEqual([0, 0]);
  });
});

describe('refusals', () => {
  const flipped = Buffer.from(content);
  flipped[12_345] = (flipped[12_345] ?? 0) ^ 1;
  it.each<[string, Answer[], Partial<DownloadRequest>, string, number]>([
    ['corrupted bytes, once', [{ kind: 'other-bytes', content: flipped }], {}, 'artifact-digest', 1],
    ['corrupted bytes after a cut, tried once from zero', [{ kind: 'cut', after: 2000 }, ...times(5, { kind: 'other-bytes' as const, content: flipped })], {}, 'artifact-digest', 3],
    ['more bytes than expected', [{ kind: 'no-length' }], { expected: { size: 9000 } }, 'artifact-too-large', 1],
    ['more bytes than the limit', [{ kind: 'no-length' }], { asset: assetOf(name, content, { size: undefined }), expected: {}, maxBytes: 9000 }, 'artifact-too-large', 1],
    ['a length above the limit, before its bytes', [], { asset: assetOf(name, content, { size: undefined }), expected: {}, maxBytes: 9000 }, 'artifact-too-large', 1],
    ['a stated size above the limit, before asking', [], { maxBytes: 9000 }, 'artifact-too-large', 0],
    ['a file that is shorter than expected', [], { expected: { size: content.length + 1 } }, 'artifact-truncated', 1],
    ['a web page', times(9, { kind: 'page' as const, content: Buffer.from('\n <!DOCTYPE html>') }), {}, 'source-invalid', 4],
    ['what is no gzip', [{ kind: 'other-bytes', content: Buffer.alloc(content.length, 'PK') }], {}, 'archive-invalid', 1],
    ['one byte', [{ kind: 'other-bytes', content: Buffer.from('x') }], { expected: {}, asset: assetOf(name, content, { size: undefined }) }, 'archive-invalid', 1],
    ['an empty answer', times(9, { kind: 'other-bytes' as const, content: Buffer.alloc(0) }), {}, 'download-interrupted', 4],
    ['a server that is dead', times(9, { kind: 'never-answer' as const }), {}, 'download-stalled', 4],
    ['a line that gives no new byte', times(9, { kind: 'cut' as const, after: 0 }), {}, 'download-interrupted', 4],
    ['a server without ranges that always cuts', times(9, { kind: 'ignore-range' as const, after: 4000 }), {}, 'download-interrupted', 4],
    ['no permission', [{ kind: 'error', error: new HoldlineError('source-forbidden', 'cannot') }], {}, 'source-forbidden', 1],
    ['a rate limit', [{ kind: 'error', error: new HoldlineError('source-rate-limited', 'cannot') }], {}, 'source-rate-limited', 1],
    ['an unknown asset', [], { asset: assetOf('gone.tar.gz', content) }, 'source-not-found', 1],
    ['a key that is a path', [], { key: '../payload' }, 'internal', 0],
  ])('%s', async (_, answers, changes, code, requests) => {
    const { run, source } = scene(answers, changes);
    expect(await codeOf(run)).toBe(code);
    expect(source.opened).toHaveLength(requests);
    expect(existsSync(join(directory, 'payload'))).toBe(false);
    if (code === 'artifact-digest') expect(existsSync(join(directory, 'payload.part'))).toBe(false);
  });
});

describe('bounds', () => {
  it('max_retries counts tries in a row without a new byte', async () => {
    const { run, source } = scene(times(19, { kind: 'cut' as const, after: 1000 }), { maxRetries: 1 });
    expect((await run()).sha256).toBe(sha256(content));
    expect(source.opened.length).toBeGreaterThan(15);
  });

  it('waits twice as long each time, up to five minutes, and shorter again after progress', async () => {
    const none: Answer = { kind: 'cut', after: 0 };
    const { run, clock } = scene([...times(9, none), { kind: 'cut', after: 1000 }, none], { maxRetries: 20, stallMs: 7 });
    await run();
    expect(clock.slept.filter((ms) => ms > 7)).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 5, 10].map((s) => s * 1000));
  });

  it('the deadline ends a download that makes progress', async () => {
    const { run, source } = scene(times(99, { kind: 'hang' as const, after: 1000 }), { deadlineMs: 200_000 });
    expect(await codeOf(run)).toBe('download-deadline');
    expect(source.opened.length).toBeLessThan(9);
    expect(existsSync(join(directory, 'payload.part'))).toBe(true);
  });

  it.each(['while bytes come', 'before an answer', 'in a pause'])('an abort ends it at once %s, and keeps what is there', async (when) => {
    const first: Answer = when === 'while bytes come' ? { kind: 'good' } : when === 'in a pause' ? { kind: 'cut', after: 4000 } : { kind: 'never-answer' };
    const { run, source, abort, clock } = scene([first, { kind: 'never-answer' }], { retryDelayMs: 10 ** 7 });
    source.onPiece = (sent) => { if (when === 'while bytes come' && sent === 4000) abort.abort(); };
    const ended = codeOf(run);
    if (when === 'before an answer') setImmediate(() => abort.abort());
    if (when === 'in a pause') {
      const sleep = clock.sleep.bind(clock);
      clock.sleep = (ms, signal) => { if (ms === 300_000) setImmediate(() => abort.abort()); return sleep(ms, signal); };
    }
    expect(await ended).toBe('interrupted');
    expect(clock.elapsed()).toBeLessThan(30_000);
    expect(source.openBodies()).toBe(0);
    if (when !== 'before an answer') expect(existsSync(join(directory, 'payload.part'))).toBe(true);
  });

  it('an abort before the start asks nothing', async () => {
    const { run, source, abort } = scene();
    abort.abort(new HoldlineError('interrupted', 'cannot go on: told to stop'));
    expect(await codeOf(run)).toBe('interrupted');
    expect(source.opened).toEqual([]);
  });
});

describe('the disk', () => {
  const failing = (errno: string, at: number): Filesystem => {
    const fs = createFilesystem();
    let writes = 0;
    return {
      ...fs,
      open: (path, how, mode) => {
        const file = fs.open(path, how, mode);
        return { ...file, write: (bytes) => {
          writes += 1;
          if (writes !== at) return file.write(bytes);
          file.write(bytes.subarray(0, 10)); // a part gets through, as on a real full disk
          throw Object.assign(new Error(errno), { code: errno, path });
        } };
      },
    };
  };

  it.each([['ENOSPC', 'disk-full'], ['EDQUOT', 'disk-full'], ['EROFS', 'disk-read-only'], ['EACCES', 'permission'], ['EIO', 'step-failed']])('%s is %s, and the next run goes on', async (errno, code) => {
    const { run, source } = scene([], {}, failing(errno, 5));
    expect(await codeOf(run)).toBe(code);
    expect(source.opened).toHaveLength(1);
    const next = scene();
    expect((await next.run()).sha256).toBe(sha256(content));
    expect(froms(next.source)).toEqual([4010]);
  });

  it('must have room for the rest and the reserve before anything is asked', async () => {
    const fs = createFilesystem();
    const tight: Filesystem = { ...fs, free: () => ({ bytes: content.length + 99, inodes: 1 }) };
    const { run, source } = scene([], { minFreeBytes: 100 }, tight);
    await expect(run()).rejects.toMatchObject({ code: 'disk-full', context: { needed: content.length + 100, free: content.length + 99 } });
    expect(source.opened).toEqual([]);
    expect(await codeOf(scene([], { minFreeBytes: 99 }, tight).run)).toBe('accepted');
  });

  it('is asked again every few MiB', async () => {
    const fs = createFilesystem();
    let asked = 0;
    const big = Buffer.concat([content, randomBytes(9 * 1024 * 1024)]);
    const source = createFakeSource({ [name]: big }, 64 * 1024);
    const shrinking: Filesystem = { ...fs, free: () => ({ bytes: (asked += 1) < 3 ? 10 ** 9 : 5, inodes: 1 }) };
    const { request, clock } = scene();
    const run = () => downloadAsset({ source, fs: shrinking, clock, log, report: () => undefined }, { ...request, asset: assetOf(name, big), expected: {}, maxBytes: 10 ** 8, minFreeBytes: 6 }, new AbortController().signal);
    expect(await codeOf(run)).toBe('disk-full');
    expect(asked).toBe(3);
    expect(existsSync(join(directory, 'payload.part'))).toBe(true);
  });
});

it('whatever the answers: the right bytes, or a coded error and no file', async () => {
  const after = fc.integer({ min: 0, max: content.length });
  const answer: fc.Arbitrary<Answer> = fc.oneof(
    fc.record({ kind: fc.constantFrom('cut', 'silent-cut', 'hang'), after }) as fc.Arbitrary<Answer>,
    fc.constantFrom<Answer>({ kind: 'good' }, { kind: 'ignore-range' }, { kind: 'never-answer' }, { kind: 'no-length' }, { kind: 'error', error: new Error('reset') }),
    fc.integer({ min: -5000, max: 5000 }).map((by): Answer => ({ kind: 'wrong-range', by })),
    fc.uint8Array({ maxLength: 50 }).map((bytes): Answer => ({ kind: 'other-bytes', content: Buffer.from(bytes) })),
    fc.nat({ max: content.length - 1 }).map((at): Answer => { const other = Buffer.from(content); other[at] = (other[at] ?? 0) ^ 255; return { kind: 'other-bytes', content: other }; }),
  );
  await fc.assert(fc.asyncProperty(fc.array(fc.array(answer, { maxLength: 6 }), { minLength: 1, maxLength: 3 }), fc.boolean(), async (processes, strong) => {
    for (const answers of processes) {
      const { run, source } = scene(answers, { key: 'p' });
      if (!strong) source.etag = undefined;
      const code = await codeOf(run);
      expect(code).toMatch(/^(accepted|download-\w+|artifact-\w+|source-invalid|archive-invalid)$/);
      expect(existsSync(join(directory, 'p'))).toBe(code === 'accepted');
      if (code === 'accepted') expect(readFileSync(join(directory, 'p')).equals(content)).toBe(true);
    }
    removeTempFolder(directory);
  }), { numRuns: 40 });
});
