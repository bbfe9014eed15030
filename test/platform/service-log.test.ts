import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendFileSync, closeSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { logFileName, openServiceLog, ServiceLog } from '../../src/platform/service-log.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let folder: string;
let fd: number;
beforeEach(() => { folder = makeTempFolder('log'); fd = openServiceLog(folder, 'web'); });
afterEach(() => { closeSync(fd); removeTempFolder(folder); });
const file = (): string => join(folder, 'web.log');

describe('ServiceLog', () => {
  it('gives whole lines once, and the rest when it is complete', () => {
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, 'one\r\n\ntwo\nthr');
    expect(log.collect(10)).toEqual({ lines: ['one', 'two'], skipped: 0 });
    writeSync(fd, 'ee\n');
    expect(log.collect(10)).toEqual({ lines: ['three'], skipped: 0 });
    expect(log.collect(10)).toEqual({ lines: [], skipped: 0 });
  });

  it('starts behind what a predecessor has told', () => {
    writeSync(fd, 'old\n');
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, 'new\n');
    expect(log.collect(10).lines).toEqual(['new']);
  });

  it('gives a bounded number of lines and counts the others', () => {
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, 'x\n'.repeat(50));
    expect(log.collect(20)).toMatchObject({ lines: { length: 20 }, skipped: 30 });
  });

  it('takes what steers a terminal out of lines, and cuts long ones', () => {
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, `\u001b[31mred\u0007\tü\u202e\n${'y'.repeat(5_000)}\n`);
    const [red, long] = log.collect(10).lines;
    expect(red).toBe('[31mred ü');
    expect(long).toHaveLength(1_000);
  });

  it('moves what is too long to one file of at most 1 MiB and empties it under the writer', () => {
    const log = new ServiceLog(folder, 'web');
    log.mark();
    writeSync(fd, Buffer.alloc(3 * 1024 * 1024, 'z\n'));
    writeSync(fd, 'newest\n');
    expect(log.collect(5).skipped).toBeGreaterThan(0);
    expect([statSync(file()).size, statSync(`${file()}.1`).size]).toEqual([0, 1024 * 1024]);
    expect(log.tail(1)).toEqual(['newest']);
    writeSync(fd, 'after\n');
    expect(statSync(file()).size).toBe(6); // no hole: the writer appends
    expect(log.collect(5).lines).toEqual(['after']);
    expect(log.tail(5)).toEqual(['after']);
  });

  it('bears a flood without one newline', () => {
    const log = new ServiceLog(folder, 'web');
    for (let round = 0; round < 30; round += 1) {
      writeSync(fd, Buffer.alloc(200_000, 'q'));
      log.collect(5);
    }
    expect(statSync(file()).size).toBeLessThanOrEqual(1_300_000);
    writeSync(fd, '\nend\n');
    expect(log.collect(5).lines.at(-1)).toBe('end');
  });

  it('tails only what came since the mark', () => {
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, 'the former process\n');
    log.mark();
    expect(log.tail(3)).toEqual([]);
    writeSync(fd, 'a\nb\nc\nd');
    expect(log.tail(3)).toEqual(['b', 'c', 'd']);
  });

  it('goes on when the file is emptied, removed or never there', () => {
    const log = new ServiceLog(folder, 'web');
    writeSync(fd, 'a long first line\n');
    log.collect(5);
    writeFileSync(file(), '');
    writeSync(fd, 'b\n');
    expect(log.collect(5).lines).toEqual(['b']);
    expect(new ServiceLog(join(folder, 'none'), 'x').collect(5)).toEqual({ lines: [], skipped: 0 });
    expect(new ServiceLog(folder, 'never').tail(5)).toEqual([]);
  });

  it('follows no link somebody laid in its place', () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'secret\n');
    mkdirSync(join(folder, 'other'));
    symlinkSync(victim, join(folder, 'other', 'web.log'));
    expect(() => openServiceLog(join(folder, 'other'), 'web')).toThrow('ELOOP');
    expect(new ServiceLog(join(folder, 'other'), 'web').tail(1)).toEqual([]);
  });
});

describe('logFileName', () => {
  it.each([['web', 'web.log'], ['a b', 'a%20b.log'], ['../x', '%2e.%2fx.log'], ['ü', '%c3%bc.log'], ['100%', '100%25.log'], ['', '.log']])('%j: %s', (name, expected) => expect(logFileName(name)).toBe(expected));
  it('stays in its folder, gives each name a file of its own', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 30 }), (a, b) => {
      expect(logFileName(a)).toMatch(/^(?!\.\.?$)[A-Za-z0-9._%-]+$/u);
      if (Buffer.from(a).compare(Buffer.from(b)) !== 0) expect(logFileName(a)).not.toBe(logFileName(b));
    }));
    expect(existsSync(file())).toBe(true);
    appendFileSync(file(), '');
  });
});
