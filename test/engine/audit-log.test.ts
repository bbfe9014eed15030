// The audit log against whoever changes it, against power cuts, and against a full disk.
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Audit, Filesystem } from '../../src/domain/ports.js';
import { MAX_AUDIT_FILES, verifyAudit, type AuditAnchor } from '../../src/engine/audit-lines.js';
import { createAudit, readAuditFiles } from '../../src/engine/audit-log.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, PLAIN, seeThrough, updateWorld } from '../support/device-world.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let stateDir: string;
let anchor: AuditAnchor | null;
let warnings: string[];
const fs = createFilesystem();
beforeEach(() => { stateDir = makeTempFolder('audit'); anchor = null; warnings = []; });
afterEach(() => removeTempFolder(stateDir));

const open = (over: Partial<Filesystem> = {}): Audit => createAudit({
  fs: { ...fs, ...over }, layout: { sharedDir: stateDir }, actor: 'test', anchor: () => anchor, log: { warn: (message) => { warnings.push(message); } },
  clock: { now: () => new Date('2026-11-21T09:30:00Z'), monotonicMs: () => 0, sleep: () => Promise.resolve() },
});
const verify = () => verifyAudit(readAuditFiles(fs, { sharedDir: stateDir }), anchor);
const fileNames = (): string[] => readdirSync(join(stateDir, 'audit')).sort();
const pathOf = (name: string): string => join(stateDir, 'audit', name);
const FIRST = '00000001.log';

/** Ten lines by a run that ended well: the state says how far the log had come. */
function write(count = 10, word = 'number'): Audit {
  const audit = open();
  for (let n = 1; n <= count; n += 1) audit.note({ event: 'checked', reason: `${word} ${n}`, facts: { latest: `1.0.${n}` } });
  anchor = audit.head() ?? null;
  return audit;
}
const edit = (change: (lines: string[]) => string[], name = FIRST): void => { writeFileSync(pathOf(name), `${change(readFileSync(pathOf(name), 'utf8').trimEnd().split('\n')).join('\n')}\n`); };

describe('as it was written', () => {
  it('is whole, numbered, chained over runs and closed to others', () => {
    write(3);
    open().note({ event: 'committed', facts: { to: '1.1.0' } });
    const report = verify();
    expect(report.damage).toEqual([]);
    expect(report.entries.map(({ n, event }) => [n, event])).toEqual([[1, 'log-begun'], [2, 'checked'], [3, 'checked'], [4, 'checked'], [5, 'committed']]);
    expect(statSync(pathOf(FIRST)).mode & 0o007).toBe(0);
    expect(warnings).toEqual([]);
  });
  it('goes on in a new file when one is full, keeps few, and stays one chain', () => {
    const audit = open();
    const facts = { text: 'x'.repeat(40_000) };
    for (let n = 0; n < 80; n += 1) audit.note({ event: 'fetched', facts });
    anchor = audit.head() ?? null;
    expect(fileNames()).toHaveLength(MAX_AUDIT_FILES);
    expect(fileNames()[0]).not.toBe(FIRST);
    expect(verify().damage).toEqual([]);
    rmSync(pathOf(fileNames()[3] ?? ''));
    expect(verify().damage).not.toEqual([]);
  });
});

describe('changed by somebody', () => {
  it.each<[string, () => void]>([
    ['a word in a line', () => edit((lines) => lines.map((line) => line.replace('number 4', 'number 7')))],
    ['a line removed', () => edit((lines) => lines.filter((line) => !line.includes('number 4')))],
    ['two lines swapped', () => edit((lines) => [...lines.slice(0, 3), lines[4] ?? '', lines[3] ?? '', ...lines.slice(5)])],
    ['a line doubled', () => edit((lines) => [...lines.slice(0, 4), lines[3] ?? '', ...lines.slice(4)])],
    ['the last line removed', () => edit((lines) => lines.slice(0, -1))],
    ['the end cut off in the middle of a line', () => truncateSync(pathOf(FIRST), statSync(pathOf(FIRST)).size - 5)],
    ['the first line removed', () => edit((lines) => lines.slice(1))],
    ['everything removed', () => rmSync(join(stateDir, 'audit'), { recursive: true })],
    ['the file emptied', () => writeFileSync(pathOf(FIRST), '')],
    ['the file renamed', () => { writeFileSync(pathOf('00000002.log'), readFileSync(pathOf(FIRST))); rmSync(pathOf(FIRST)); }],
    ['rubbish in between', () => edit((lines) => [...lines.slice(0, 3), 'rubbish', ...lines.slice(3)])],
    ['a whole other log, well chained', () => { rmSync(join(stateDir, 'audit'), { recursive: true }); const kept = anchor; anchor = null; write(12, 'nothing'); anchor = kept; }],
  ])('%s is told, also after the log has gone on', (_, spoil) => {
    write();
    spoil();
    const told = verify().damage;
    expect(told).not.toEqual([]);
    open().note({ event: 'checked', reason: 'afterwards' });
    anchor = { ...anchor ?? { count: 0, head: '' } };
    expect(verify().damage).not.toEqual([]);
  });
});

describe('a power cut', () => {
  it('in the middle of a line leaves a whole log', () => {
    write();
    appendFileSync(pathOf(FIRST), `${'a'.repeat(64)}\t{"n":12,"at":"2026`);
    expect(verify().damage).toEqual([]);
    open().note({ event: 'checked' });
    expect(verify().damage).toEqual([]);
    expect(verify().entries.at(-1)?.n).toBe(12);
  });
  it('at the beginning of a new file leaves a whole log', () => {
    write();
    anchor = null;
    writeFileSync(pathOf('00000002.log'), 'half a li');
    open().note({ event: 'checked' });
    expect(verify().damage).toEqual([]);
    expect(verify().entries.slice(-2).map(({ n, event }) => [n, event])).toEqual([[12, 'log-begun'], [13, 'checked']]);
  });
});

it('a full disk throws nothing; the next line that fits says how many are missing', () => {
  write();
  let full = true;
  const audit = open({ open: (path, how, mode) => {
    const file = fs.open(path, how, mode);
    return { ...file, sync: () => file.sync(), close: () => file.close(), write: (bytes) => {
      if (!full) { file.write(bytes); return; }
      file.write(bytes.subarray(0, 20));
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    } };
  } });
  for (const step of ['a', 'b']) expect(() => audit.note({ event: 'step', facts: { step } })).not.toThrow();
  full = false;
  audit.note({ event: 'reverted' });
  expect(warnings).toHaveLength(2);
  expect(verify().damage).toEqual([]);
  expect(verify().entries.at(-1)).toMatchObject({ event: 'reverted', facts: { lost_lines: 2 } });
});

it('an update that fails its probes is undone while not one line of the log can be written', async () => {
  const world = makeDeviceWorld();
  try {
    await adoptWorld(world);
    world.hooks.verdict = 'failed';
    let tries = 0;
    const full = open({ open: () => { tries += 1; throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }); } });
    const end = await updateWorld(world, undefined, { audit: full });
    expect(end).toMatchObject({ outcome: 'reverted', code: 'health-failed' });
    expect(seeThrough(world)).toEqual(PLAIN);
    expect(tries).toBeGreaterThan(10);
    expect(warnings).toHaveLength(tries);
  } finally { destroyDeviceWorld(world); }
});
