// Recovery of an app of several components: each by itself, under one lock, and a group that is put back as one.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { existsSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalMember, JournalRecord } from '../../src/domain/journal.js';
import { encodeRecord } from '../../src/engine/journal-lines.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { recoverApp, summarizeRecovery } from '../../src/recovery/recover-app.js';
import { nodeRescueCalls } from '../../src/recovery/rescue-calls.js';
import { beginRecord, destroyWorld, fixedClock, makeWorld, planSteps, type SmallWorld } from '../support/small-world.js';
import { makeMemoryFolder, removeTempFolder } from '../support/temp-folder.js';

const fs = createFilesystem();
const at = '2026-11-21T09:30:00.000Z';
const NAME = '20261121T093000Z-1a2b3c.journal';
let shared: string;
let a: SmallWorld;
let b: SmallWorld;
beforeEach(() => { shared = makeMemoryFolder('app'); a = memberWorld('a'); b = memberWorld('b'); });
afterEach(() => { for (const world of [a, b]) destroyWorld(world); removeTempFolder(shared); });

function memberWorld(name: string): SmallWorld {
  const world = makeWorld();
  const state = join(shared, 'components', name);
  mkdirSync(state, { recursive: true });
  return { ...world, state, journals: join(state, 'journal') };
}
const selected = ({ install }: SmallWorld): string => readlinkSync(join(install, '.holdline/current'));
const NEW = 'versions/1.1.0-bbbbbbbbbbbb';
const steps = (count: number): JournalRecord[] => Array.from({ length: count }, (_, step): JournalRecord[] => [{ type: 'intent', step, at }, { type: 'done', step, at }]).flat();

function write(folder: string, records: readonly JournalRecord[], tail = ''): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, NAME), records.map(encodeRecord).join('') + tail);
}
/** The new version is there, selected, and on its way. */
function switching(world: SmallWorld): JournalRecord[] {
  mkdirSync(join(world.install, '.holdline', NEW));
  fs.linkDurably(NEW, join(world.install, '.holdline/current'));
  return [beginRecord(world), ...steps(4), { type: 'state', state: 'switching', at }, { type: 'intent', step: 4, at }, { type: 'done', step: 4, at }, { type: 'intent', step: 5, at }];
}
const run = () => recoverApp({ stateDir: shared, lock: 'held', bootId: 'boot', now: fixedClock.now });

it('finds nothing where nothing ever began', () => { expect(summarizeRecovery(run())).toEqual({ outcome: 'nothing', actions: [] }); });

describe('components', () => {
  it('are put back each by itself, and one that is damaged keeps nobody else from it', () => {
    write(a.journals, switching(a));
    write(b.journals, [beginRecord(b), { type: 'state', state: 'staging', at }], `${'0'.repeat(64)}\t{}\n${encodeRecord({ type: 'settled', at })}`);
    const results = run();
    expect(results.map(({ stateDir, outcome }) => [stateDir, outcome])).toEqual([[shared, 'nothing'], [a.state, 'repaired'], [b.state, 'broken']]);
    expect(selected(a)).toBe('versions/1.0.0-aaaaaaaaaaaa');
    expect(summarizeRecovery(results)).toMatchObject({ outcome: 'broken', actions: [expect.stringContaining('was undone'), expect.stringContaining('cannot read the journal')] });
  });
  it.each([['once is asked again', 1, ['nothing', 'repaired', 'repaired']], ['always is told, and an own transaction is put right all the same', Infinity, ['nothing', 'broken']]])('a folder of them that cannot be listed %s', (_, times, outcomes) => {
    write(a.journals, switching(a));
    write(b.journals, switching(b));
    let left = times;
    const readdir = (path: string | Buffer): Buffer[] => { if (path === join(shared, 'components') && left-- > 0) throw Object.assign(new Error('EIO: i/o error, scandir'), { code: 'EIO' }); return nodeRescueCalls.readdir(path); };
    expect(recoverApp({ stateDir: shared, lock: 'held', bootId: 'boot', now: fixedClock.now, fs: { ...nodeRescueCalls, readdir } }).map(({ outcome }) => outcome)).toEqual(outcomes);
  });
  it('are left alone while another holdline has the one lock of the app', () => {
    write(a.journals, switching(a));
    const [, first] = recoverApp({ stateDir: shared, lock: () => undefined });
    expect(first).toMatchObject({ outcome: 'busy' });
    expect(selected(a)).toBe(NEW);
    expect(existsSync(join(a.state, 'lock'))).toBe(false);
  });
});

describe('a group', () => {
  const member = (component: string, world: SmallWorld): JournalMember =>
    ({ component, install_dir: world.install, state_dir: world.state, from: { version: '1.0.0', directory: '1.0.0-aaaaaaaaaaaa' }, to: { version: '1.1.0', directory: '1.1.0-bbbbbbbbbbbb' } });
  function begun(state: 'switching' | 'probing'): void {
    for (const world of [a, b]) switching(world);
    const begin = beginRecord(a);
    const both = [a, b].flatMap(({ install }) => planSteps(join(install, '.holdline')).filter((step) => step.name === 'place-version' || step.name === 'switch-current'));
    const plan = { ...begin.plan, steps: both.sort((x, y) => (x.state === y.state ? 0 : x.state === 'ready' ? -1 : 1)) };
    write(join(shared, 'journal'), [{ ...begin, state_dir: shared, plan, members: [member('a', a), member('b', b)] }, ...steps(2), { type: 'state', state: 'switching', at }, ...steps(4).slice(4), ...(state === 'probing' ? [{ type: 'state', state, at } as const] : [])]);
  }
  it('is put back as one when the power went while it was switched', () => {
    begun('switching');
    expect(run()[0]).toMatchObject({ outcome: 'repaired', transactions: [{ did: 'reverted', message: expect.stringContaining('a 1.1.0 and b 1.1.0 was undone, a 1.0.0 and b 1.0.0 is in place') }] });
    expect([selected(a), selected(b)]).toEqual(['versions/1.0.0-aaaaaaaaaaaa', 'versions/1.0.0-aaaaaaaaaaaa']);
  });
  it('goes on with its probation where all of them are selected', () => {
    begun('probing');
    expect(run()[0]).toMatchObject({ outcome: 'resume', transactions: [{ message: expect.stringContaining('the probation of a 1.1.0 and b 1.1.0 goes on') }] });
  });
  it('is put back as one when one of them is not what it should be', () => {
    begun('probing');
    fs.linkDurably('versions/1.0.0-aaaaaaaaaaaa', join(b.install, '.holdline/current'));
    expect(run()[0]).toMatchObject({ outcome: 'repaired', transactions: [{ did: 'reverted' }] });
    expect([selected(a), selected(b)]).toEqual(['versions/1.0.0-aaaaaaaaaaaa', 'versions/1.0.0-aaaaaaaaaaaa']);
  });
});
