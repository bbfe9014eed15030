import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalRecord } from '../../src/domain/journal.js';
import { currentLink, currentLinkTarget } from '../../src/domain/layout.js';
import { createJournal, findUnfinished, listJournals, newTransactionId, openJournal } from '../../src/engine/journal.js';
import { encodeRecord } from '../../src/engine/journal-lines.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createLocks } from '../../src/platform/locks.js';
import { takeLock } from '../../src/recovery/lock.js';
import { recover, type RecoverOptions } from '../../src/recovery/recover.js';
import { nodeRescueCalls } from '../../src/recovery/rescue-calls.js';
import { beginRecord, destroyWorld, fixedClock, makeWorld, planSteps, type SmallWorld } from '../support/small-world.js';

const fs = createFilesystem();
const at = '2026-11-21T09:30:00.000Z';
let world: SmallWorld;
beforeEach(() => { world = makeWorld(); });
afterEach(() => destroyWorld(world));

const options = (more: Partial<RecoverOptions> = {}): RecoverOptions => ({ stateDir: world.state, lock: 'held', bootId: 'boot-1', now: fixedClock.now, ...more });
const house = (): string => join(world.install, '.holdline');
const only = () => listJournals(fs, world.journals)[0]!.summary;
const state = (name: string, more: object = {}): JournalRecord => ({ type: 'state', state: name, ...more, at } as JournalRecord);
const steps = (count: number): JournalRecord[] => Array.from({ length: count }, (_, step): JournalRecord[] => [{ type: 'intent', step, at }, { type: 'done', step, at }]).flat();
function write(...records: JournalRecord[]): string {
  mkdirSync(world.journals, { recursive: true });
  const path = join(world.journals, '20261121T093000Z-1a2b3c.journal');
  writeFileSync(path, [beginRecord(world), ...records].map(encodeRecord).join(''));
  return path;
}
/** The new tree is there and selected. */
function probing(...more: JournalRecord[]): string {
  mkdirSync(join(house(), 'versions/1.1.0-bbbbbbbbbbbb'));
  fs.linkDurably('versions/1.1.0-bbbbbbbbbbbb', join(house(), 'current'));
  return write(...steps(7), state('probing'), ...more);
}

describe('a disk that refuses to be read', () => {
  const failing = (times: number): Partial<RecoverOptions> => {
    let left = times;
    return { fs: { ...nodeRescueCalls, readdir: (path) => { if (left-- > 0) throw Object.assign(new Error('EIO: i/o error, scandir'), { code: 'EIO' }); return nodeRescueCalls.readdir(path); } } };
  };
  it('once, is asked again', () => {
    write(...steps(3));
    expect(recover(options(failing(1)))).toMatchObject({ outcome: 'repaired', alarm: null });
  });
  it('whenever it is asked, is told, and nothing is written down: the next start tries again', () => {
    write(...steps(3));
    expect(recover(options(failing(Infinity)))).toMatchObject({ outcome: 'broken', alarm: { code: 'recovery-failed' } });
    expect(only().end).toBeNull();
    expect(recover(options()).outcome).toBe('repaired');
  });
});

describe('a probation found open', () => {
  const resumed = (boot_id: string, by: 'engine' | 'recovery' = 'engine'): JournalRecord => ({ type: 'resumed', boot_id, by, at });
  it.each<[string, JournalRecord[], Partial<RecoverOptions>, string, number]>([
    ['goes on, counted', [], {}, 'resume', 1],
    ['is taken up by the engine of the same boot without counting twice', [resumed('boot-1', 'recovery')], { probation: 'take' }, 'resume', 1],
    ['is noted once per boot while nobody takes it up', [resumed('boot-1', 'recovery')], {}, 'resume', 1],
    ['counts a daemon that died in the same boot', [resumed('boot-1', 'recovery'), resumed('boot-1')], {}, 'resume', 2],
    ['does not count a person\'s reboot', [{ type: 'paused', at }], {}, 'resume', 0],
    ['still goes on at the limit', [resumed('a'), resumed('b')], {}, 'resume', 3],
    ['is only looked at by a status command, also past the limit', [resumed('a'), resumed('b'), resumed('c')], { probation: 'leave' }, 'resume', 3],
  ])('%s', (_, records, more, outcome, restarts) => {
    probing(...records);
    expect(recover(options(more)).outcome).toBe(outcome);
    expect(only()).toMatchObject({ restarts, end: null });
  });

  it('is reverted and blocks the version past the limit', () => {
    probing(resumed('a'), resumed('b'), resumed('c'));
    expect(recover(options())).toMatchObject({ outcome: 'repaired', transactions: [{ did: 'reverted', to: '1.1.0', services: ['web'] }] });
    expect(only().end).toMatchObject({ outcome: 'reverted', code: 'health-failed', by: 'recovery', services: ['web'] });
  });

  it.each([
    ['its tree is gone', () => fs.remove(join(house(), 'versions/1.1.0-bbbbbbbbbbbb'))],
    ['current selects something else', () => fs.linkDurably('versions/1.0.0-aaaaaaaaaaaa', join(house(), 'current'))],
    ['current is gone', () => fs.unlink(join(house(), 'current'))],
  ])('is reverted when %s', (_, damage) => {
    probing();
    damage();
    expect(recover(options())).toMatchObject({ outcome: 'repaired', transactions: [{ did: 'reverted' }] });
    expect(fs.readLink(join(house(), 'current'))).toBe('versions/1.0.0-aaaaaaaaaaaa');
  });

  it('looks where the layout says current is', () => {
    const layout = { installDir: world.install, stateDir: world.state, sharedDir: world.state, runtimeDir: '/r', backupPath: '/b' };
    expect([currentLink(layout), currentLinkTarget('x')]).toEqual([join(world.install, '.holdline', 'current'), join('versions', 'x')]);
  });
});

describe('what needs a person', () => {
  it('a damaged journal stops everything and nothing is touched', () => {
    const path = write(state('preparing'), ...steps(1));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"preparing","at"', '"preqaring","at"'));
    const before = readFileSync(path);
    mkdirSync(join(house(), 'staging/20261121T093000Z-1a2b3c'), { recursive: true });
    expect(recover(options())).toMatchObject({ outcome: 'broken', alarm: { code: 'journal-damaged' }, transactions: [] });
    expect(recover(options()).alarm?.message).toContain(`${path}, line 2`);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(join(house(), 'staging/20261121T093000Z-1a2b3c'))).toBe(true);
  });

  it('an open transaction below a later one: its end has rotted, undoing it would undo the later one', () => {
    write(...steps(7), state('reverting'));
    const later = '20261121T100000Z-000000';
    writeFileSync(join(world.journals, `${later}.journal`), [beginRecord(world, planSteps(house()), later), { type: 'end', outcome: 'discarded', reason: null, code: null, by: 'engine', services: [], at } as const].map(encodeRecord).join(''));
    expect(recover(options())).toMatchObject({ outcome: 'broken', alarm: { code: 'journal-damaged' } });
    expect(() => findUnfinished(fs, world.journals)).toThrowError(expect.objectContaining({ code: 'journal-damaged' }));
  });

  it('an undo that cannot be done; `again` does it when the way is free', () => {
    fs.unlink(join(house(), 'current'));
    mkdirSync(join(house(), 'current'));
    write(...steps(6));
    expect(recover(options())).toMatchObject({ outcome: 'broken', alarm: { code: 'recovery-failed' }, transactions: [{ did: 'broken' }] });
    expect(recover(options())).toMatchObject({ outcome: 'broken', alarm: { code: 'broken' }, transactions: [] });
    fs.remove(join(house(), 'current'));
    expect(recover(options({ again: true }))).toMatchObject({ outcome: 'repaired', transactions: [{ did: 'reverted' }] });
    expect(fs.readLink(join(house(), 'current'))).toBe('versions/1.0.0-aaaaaaaaaaaa');
    expect(recover(options({ again: true })).outcome).toBe('nothing');
  });
});

describe('the journal', () => {
  it('is cut at its torn line before anything is appended, by both writers', () => {
    const path = write(...steps(1));
    writeFileSync(path, `${readFileSync(path, 'utf8')}torn`);
    openJournal(fs, path).append(state('preparing'));
    expect(listJournals(fs, world.journals)[0]?.summary.state).toBe('preparing');
    writeFileSync(path, `${readFileSync(path, 'utf8')}torn\0`);
    expect(recover(options()).outcome).toBe('repaired');
    expect(only().end?.outcome).toBe('discarded');
  });

  it('names transactions in order, also when the clock has jumped back', () => {
    const first = newTransactionId(fs, world.journals, { ...fixedClock, now: () => new Date('2030-12-31T23:59:59Z') }, 'ffffff');
    createJournal(fs, world.journals, beginRecord(world, [], first)).append({ type: 'end', outcome: 'discarded', reason: null, code: null, by: 'engine', services: [], at });
    const second = newTransactionId(fs, world.journals, { ...fixedClock, now: () => new Date('1970-01-01T00:00:00Z') }, '000000');
    expect([first, second]).toEqual(['20301231T235959Z-ffffff', '20310101T000000Z-000000']);
    createJournal(fs, world.journals, beginRecord(world, [], second));
    expect(() => createJournal(fs, world.journals, beginRecord(world, [], '20400101T000000Z-000000'))).toThrowError(expect.objectContaining({ code: 'recovery-failed' }));
  });

  it('refuses a plan whose undo recovery would refuse, before anything is written', () => {
    const evil = planSteps(house()).map((step) => ({ ...step, undo: [{ op: 'remove', path: world.install } as const] }));
    expect(() => createJournal(fs, world.journals, beginRecord(world, evil))).toThrowError(expect.objectContaining({ code: 'journal-damaged' }));
    expect(existsSync(world.journals)).toBe(false);
  });
});

describe('the lock', () => {
  it('is one for platform and recovery, also for two holders in one process, and is free again after release', () => {
    const path = join(world.state, 'lock');
    const locks = createLocks('update');
    const lock = locks.tryLock(path);
    expect(lock).toBeDefined();
    expect(locks.tryLock(path)).toBeUndefined();
    expect(takeLock(world.state)).toBeUndefined();
    expect(locks.holder(path)).toBe(`${process.pid} update`);
    write(...steps(1));
    expect(recover({ stateDir: world.state })).toMatchObject({ outcome: 'busy', alarm: { code: 'busy' } });
    lock?.release();
    lock?.release();
    const rescue = takeLock(world.state);
    expect(rescue).toBeDefined();
    expect(locks.tryLock(path)).toBeUndefined();
    rescue?.release();
  });

  it('is gone with its holder, however it dies', async () => {
    const holder: ChildProcess = spawn('flock', [join(world.state, 'lock'), 'sh', '-c', 'echo held; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    await once(holder.stdout!, 'data');
    const locks = createLocks('update');
    expect(locks.tryLock(join(world.state, 'lock'))).toBeUndefined();
    process.kill(-holder.pid!, 'SIGKILL');
    await once(holder, 'close');
    expect(locks.tryLock(join(world.state, 'lock'))).toBeDefined();
  });
});

describe('the program', () => {
  const build = join(import.meta.dirname, '../../node_modules/.bin/esbuild');
  it('is one file of builtins that repairs, says so, and ends with the right code', () => {
    const alone = join(world.dir, 'recover.mjs');
    expect(spawnSync(build, [join(import.meta.dirname, '../../src/main/recover.ts'), '--bundle', '--platform=node', '--format=esm', `--outfile=${alone}`]).status).toBe(0);
    const run = (...args: string[]) => spawnSync(process.execPath, [alone, ...args], { encoding: 'utf8', cwd: world.dir, env: { PATH: process.env['PATH'] ?? '' } });
    expect(readFileSync(alone, 'utf8').match(/from "(?!node:)[^"]*"|require\(/g)).toBeNull();
    expect(run('--state-dir', world.state)).toMatchObject({ status: 0, stdout: `${world.state}: nothing to recover\n` });
    write(...steps(6));
    symlinkSync('versions/1.1.0-bbbbbbbbbbbb', join(house(), '.current.tmp-1-1'));
    const lock = createLocks('update').tryLock(join(world.state, 'lock'));
    expect(run('--state-dir', world.state).status).toBe(75);
    lock?.release();
    const repaired = run('--state-dir', world.state);
    expect(repaired).toMatchObject({ status: 0, stderr: '' });
    expect(repaired.stdout).toContain('app: the update to 1.1.0 was cleared away before the switch');
    expect(readdirSync(house())).not.toContain('.current.tmp-1-1');
    expect(run('--state-dir', world.state).status).toBe(0);
    writeFileSync(join(world.journals, '20270101T000000Z-000000.journal'), 'bad\nbad\nbad\n');
    expect(run('--state-dir', world.state)).toMatchObject({ status: 21, stdout: '' });
    expect(run('--stat-dir', world.state).status).toBe(2);
    expect(run('--help').status).toBe(0);
  });
});
