// Holds on the disk: taken and ended without a lock, told to the audit log by whoever has it; the lock file and the gate.
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.js';
import type { Hold } from '../../src/domain/holds.js';
import type { RunResult } from '../../src/domain/ports.js';
import { endHold, parseHold, readHolds, writeHold } from '../../src/engine/hold-files.js';
import { lookAtHolds, readStandingHolds } from '../../src/engine/look-at-holds.js';
import { noteHolds } from '../../src/engine/note-holds.js';
import type { EngineParts, HoldWorld } from '../../src/engine/parts.js';
import { destroyDeviceWorld, makeDeviceWorld, partsOf, type DeviceWorld } from '../support/device-world.js';
import { holdsOf, quietWorld } from '../support/policy.js';

let world: DeviceWorld;
let events: AuditEvent[];
let holdWorld: HoldWorld;
let uptime: number;
beforeEach(() => { world = makeDeviceWorld(); events = []; uptime = 1000; holdWorld = quietWorld({ uptime: () => uptime }); });
afterEach(() => destroyDeviceWorld(world));

const parts = (): EngineParts => ({ ...partsOf(world), holdWorld, audit: { note: (event) => { events.push(event); }, head: () => undefined } });
const hold = (id: string, changes: Partial<Hold> = {}): Hold => ({
  format: 1, id, owner: 'measurement', reason: 'night run', by: 'alice (uid 1000)', taken_at: '2026-11-21T09:30:00.000Z', until: '2026-11-21T10:30:00.000Z', until_uptime_s: 4600, boot_id: 'boot', process: null, ended: null, ...changes,
});
const owners = (): string[] => readStandingHolds(parts()).map(({ owner }) => owner);
const told = (): string[] => events.map(({ event, facts, reason }) => `${event} ${String(facts?.['id'])}: ${reason ?? ''}`);
const folder = (): string => join(world.layout.sharedDir, 'holds');

describe('hold files', () => {
  it('stand until they are ended, and are told once each', () => {
    const [, b] = [writeHold(parts(), hold('a', { taken_at: '2026-11-21T09:29:00.000Z' }), '01'), writeHold(parts(), hold('b', { owner: 'backup' }), '02')];
    expect(readStandingHolds(parts()).map(({ id, owner, reason, kind }) => ({ id, owner, reason, kind }))).toEqual([
      { id: 'a', owner: 'measurement', reason: 'night run', kind: 'hold' }, { id: 'b', owner: 'backup', reason: 'night run', kind: 'hold' }]);
    noteHolds(parts());
    noteHolds(parts());
    expect(told()).toEqual(['hold-taken a: night run', 'hold-taken b: night run']);
    endHold(parts(), b, { by: 'bob', forced: true, reason: 'must be', at: '2026-11-21T09:40:00.000Z' });
    expect(owners()).toEqual(['measurement']);
    uptime = 4600;
    expect(owners()).toEqual([]);
    noteHolds(parts());
    noteHolds(parts());
    expect(told().slice(2)).toEqual(['hold-released a: expired', 'hold-released b: must be']);
    expect(events.at(-1)?.facts).toMatchObject({ owner: 'backup', by: 'bob', forced: true });
    expect(readdirSync(folder())).toEqual(['told']);
  });
  it('one that came and went between two jobs is told, too', () => {
    const a = writeHold(parts(), hold('a'), '01');
    endHold(parts(), a, { by: 'alice', forced: false, reason: null, at: '' });
    noteHolds(parts());
    expect(told()).toEqual(['hold-taken a: night run', 'hold-released a: released']);
    expect(readdirSync(folder())).toEqual([]);
  });
  it('belong to owner and group, as asking the daemon does', () => {
    const { file } = writeHold(parts(), hold('a'), '01');
    expect((statSync(folder()).mode & 0o7777).toString(8)).toBe('2770');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('660');
  });
  it('one that nobody can read holds, and can be ended by its id', () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), 'x.1.json'), '{"format":1,"id":');
    expect(readStandingHolds(parts())).toMatchObject([{ id: 'x.1', owner: expect.stringContaining('x.1.json') }]);
    const [file] = readHolds(parts());
    if (file !== undefined) endHold(parts(), file, { by: 'bob', forced: true, reason: null, at: '' });
    expect(owners()).toEqual([]);
  });
  it('a folder that cannot be read holds: nobody can say that nobody does', () => {
    writeFileSync(folder(), 'a file where the folder should be');
    expect(owners()).toEqual([]);
    const broken = { ...parts(), fs: { ...parts().fs, list: () => { throw Object.assign(new Error('no'), { code: 'EACCES' }); } } };
    expect(readStandingHolds(broken)).toMatchObject([{ owner: 'unknown', reason: expect.stringContaining('permission is denied') }]);
  });
  it('are bounded in number', () => {
    for (let i = 0; i < 200; i += 1) writeHold(parts(), hold(`h${i}`), '01');
    expect(() => writeHold(parts(), hold('more'), '01')).toThrowError(expect.objectContaining({ code: 'busy' }));
  });
  it.each<[string, object]>([['another format', { format: 2 }], ['no owner', { owner: 5 }], ['an end that is no date', { until: 'soon' }], ['an end beyond all dates', { until_uptime_s: 1e300 }], ['an end before the boot', { until_uptime_s: -1 }], ['a process without a start', { process: { pid: 3 } }]])('%s is no hold', (_name, changes) => {
    expect(parseHold(JSON.stringify(hold('a')))).toEqual(hold('a'));
    expect(parseHold(JSON.stringify({ ...hold('a'), ...changes }))).toBeUndefined();
  });
});

describe('the lock file', () => {
  const file = (): string => world.settings.holds.lockFile;
  const write = (text: string): void => { mkdirSync(world.layout.runtimeDir, { recursive: true }); writeFileSync(file(), text); };
  it.each<[string, string, Partial<HoldWorld>, boolean]>([
    ['empty and nobody has a lock on it', '', {}, false],
    ['somebody has a lock on it', '', { isLocked: () => true }, true],
    ['the process lives', '12 night run\n', { startTimeOf: () => '777' }, true],
    ['the process is gone', '12 night run\n', {}, false],
    ['the process that was meant lives', '12 777\n', { startTimeOf: () => '777' }, true],
    ['another process has its pid', '12 777\n', { startTimeOf: () => '888' }, false],
    ['the process is gone, but a lock is there', '12\n', { isLocked: () => true }, true],
    ['it cannot be asked', '', { isLocked: () => { throw new Error('no flock'); } }, true],
  ])('%s: %s', (_name, text, changes, holds) => {
    write(text);
    holdWorld = quietWorld(changes);
    expect(owners().length > 0).toBe(holds);
  });
  it('is not there: nobody holds', () => { expect(owners()).toEqual([]); });
  it('tells who and why', () => {
    write('12 night run\n');
    holdWorld = quietWorld({ startTimeOf: () => '777' });
    expect(readStandingHolds(parts())).toEqual([{ kind: 'lock-file', id: null, owner: `process 12 (${file()})`, reason: 'night run', since: null, until: null }]);
  });
});

describe('the gate', () => {
  const answer = (changes: Partial<RunResult>): Partial<HoldWorld> => ({ runGate: () => Promise.resolve({ code: 0, signal: null, stdout: '', stderr: '', timedOut: false, ...changes }) });
  const look = () => lookAtHolds(parts(), { from: '1.0.0', to: '1.1.0', type: 'minor' }, new AbortController().signal);
  beforeEach(() => { world.settings = { ...world.settings, holds: { ...holdsOf(world.settings.holds.lockFile), gate: ['./may-update.sh'] } }; });
  it.each<[string, Partial<HoldWorld>, string | null]>([
    ['yes', answer({}), null],
    ['not now', answer({ code: 75, stdout: 'looking\nthe oven is hot\n' }), 'the oven is hot'],
    ['not now, on standard error', answer({ code: 75, stderr: 'the oven is hot\n' }), 'the oven is hot'],
    ['it fails', answer({ code: 1, stderr: 'no such sensor' }), 'it ended with exit code 1 instead of 0 or 75: no such sensor'],
    ['it is killed', answer({ code: null, signal: 'SIGKILL' }), 'it ended with a signal instead of 0 or 75'],
    ['it never answers', answer({ code: null, timedOut: true }), 'it gave no answer in 10 s'],
    ['it cannot be run', { runGate: () => Promise.reject(new Error('no such program')) }, 'cannot go on: no such program'],
  ])('%s', async (_name, changes, reason) => {
    holdWorld = quietWorld(changes);
    expect(await look()).toEqual(reason === null ? [] : [{ kind: 'gate', id: null, owner: './may-update.sh', reason, since: null, until: null }]);
  });
  it('is not asked while somebody else holds', async () => {
    writeHold(parts(), hold('a'), '01');
    expect((await look()).map(({ kind }) => kind)).toEqual(['hold']);
  });
  it('does not hide who begins to hold while it thinks', async () => {
    const yes = answer({}).runGate;
    holdWorld = quietWorld({ runGate: (...asked) => { writeHold(parts(), hold('a'), '01'); return yes?.(...asked) ?? Promise.reject(new Error('no gate')); } });
    expect((await look()).map(({ id }) => id)).toEqual(['a']);
  });
  it('hears what is to be installed', async () => {
    let heard: unknown;
    holdWorld = quietWorld({ runGate: (argv, how) => { heard = { argv, how }; return Promise.reject(new Error('no')); } });
    await look();
    expect(heard).toEqual({ argv: ['./may-update.sh'], how: { cwd: world.layout.installDir, timeoutMs: 10_000, update: { from: '1.0.0', to: '1.1.0', type: 'minor' } } });
  });
});

it('a folder that was made by another mode of the umask is made right', () => {
  const before = process.umask(0o077);
  try { writeHold(parts(), hold('a'), '01'); } finally { process.umask(before); }
  expect((statSync(folder()).mode & 0o7777).toString(8)).toBe('2770');
  chmodSync(folder(), 0o700);
  writeHold(parts(), hold('b'), '02');
  expect((statSync(folder()).mode & 0o7777).toString(8)).toBe('700');
});
