// The publisher's side of rollouts: the next statement from the one before, its files, and GitHub.
import fc from 'fast-check';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeRollout } from '../../src/decide/judge-rollout.js';
import type { RolloutStatement } from '../../src/domain/rollout.js';
import { percentAt } from '../../src/domain/rollout-share.js';
import type { RolloutRequest } from '../../src/interface/app.js';
import { toChange } from '../../src/main/tools/rollout-change.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { changeRollout, type RolloutChange } from '../../src/publish/change-rollout.js';
import { makeKey } from '../../src/publish/make-key.js';
import { parseSecretKey, type SecretKey } from '../../src/publish/secret-key.js';
import { openOnlineRollout } from '../../src/publish/upload-rollout.js';
import { readBefore, readRolloutFiles, signRollout, writeRolloutFiles } from '../../src/publish/write-rollout.js';
import { codeOf, codeOfAsync } from '../support/code-of.js';
import { startLocalGitHub, type LocalGitHub } from '../support/github.js';
import { rolloutOf, signRollout as signForTest } from '../support/rollout.js';
import { makeTestKey } from '../support/signed-release.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { createFetch } from '../../src/platform/http.js';

const SCOPE = { repo: 'acme/app', channel: 'stable', component: null };
const T0 = Date.parse('2026-11-21T00:00:00Z');
const DAY = 86_400_000;
const start = (more: Partial<Extract<RolloutChange, { kind: 'start' }>> = {}): RolloutChange => ({ kind: 'start', version: '1.3.0', start: null, percent: 5, addPercent: 0, everyS: 0, salt: 'pepper', groups: [], exclude: [], expires: null, ...more });
const raise = (percent: number): RolloutChange => ({ kind: 'raise', percent, addPercent: null, everyS: null });
const apply = (changes: readonly RolloutChange[], before: RolloutStatement | null = null): RolloutStatement | null =>
  changes.reduce<RolloutStatement | null>((statement, change, index) => changeRollout(statement, change, SCOPE, new Date(T0 + index * DAY)), before);

describe('changeRollout', () => {
  it('counts serials and keeps what is not spoken of', () => {
    expect(apply([start({ groups: ['lab'], addPercent: 10, everyS: 86_400 }), raise(40), { kind: 'pause' }, { kind: 'resume' }, { kind: 'withdraw', version: null, salt: 'x' }])).toEqual(rolloutOf({
      serial: 5, percent: 50, add_percent: 10, every_s: 86_400, start: new Date(T0 + 3 * DAY).toISOString(), groups: ['lab'], withdrawn: ['1.3.0'],
    }));
    expect(apply([{ kind: 'withdraw', version: 'v1.2.0', salt: 'x' }, start()])).toMatchObject({ serial: 2, version: '1.3.0', withdrawn: ['1.2.0'] });
  });

  it.each<[string, readonly RolloutChange[], RegExp]>([
    ['raise before start', [raise(5)], /nothing to raise/u], ['pause before start', [{ kind: 'pause' }], /nothing to pause/u], ['withdraw of nothing', [{ kind: 'withdraw', version: null, salt: 'x' }], /no version/u],
    ['lowering', [start({ percent: 50 }), raise(49)], /at 50 % already/u], ['lowering below what time has added', [start({ addPercent: 20, everyS: 86_400 }), raise(20)], /at 25 % already/u],
    ['pausing twice', [start(), { kind: 'pause' }, { kind: 'pause' }], /paused already/u], ['resuming what goes on', [start(), { kind: 'resume' }], /not paused/u],
    ['withdrawing twice', [start(), { kind: 'withdraw', version: null, salt: 'x' }, { kind: 'withdraw', version: '1.3.0', salt: 'x' }], /withdrawn already/u],
    ['starting what was withdrawn', [start(), { kind: 'withdraw', version: null, salt: 'x' }, start()], /was withdrawn/u], ['resuming what was withdrawn', [start(), { kind: 'pause' }, { kind: 'withdraw', version: null, salt: 'x' }, { kind: 'resume' }], /was withdrawn/u],
    ['no version', [start({ version: 'latest' })], /no version/u], ['ending before it begins', [start({ expires: '2026-11-20T00:00:00.000Z' })], /expire before/u],
  ])('%s is refused', (_name, changes, why) => {
    expect(codeOf(() => apply(changes))).toBe('usage');
    expect(() => apply(changes)).toThrow(why);
  });
  it('of another channel is refused', () => expect(codeOf(() => changeRollout(rolloutOf({ channel: 'beta' }), raise(50), SCOPE, new Date(T0)))).toBe('usage'));

  it('never takes a device out that was in, whatever is done but a pause or a withdrawal, and a pause keeps its place', () => {
    const steps = fc.array(fc.record({ kind: fc.constantFrom('raise', 'pause', 'resume', 'wait'), by: fc.nat(10_000), hours: fc.nat(100) }), { maxLength: 12 });
    fc.assert(fc.property(steps, fc.stringMatching(/^[0-9a-f]{16}$/u), fc.nat(3000), fc.nat(1000), (list, id, percent, add) => {
      let statement = changeRollout(null, start({ percent: percent / 100, addPercent: add / 100, everyS: add === 0 ? 0 : 36_000 }), SCOPE, new Date(T0));
      let [now, wasIn, reached] = [T0, false, 0];
      for (const { kind, by, hours } of list) {
        now += hours * 3_600_000;
        const at = new Date(now);
        const change: RolloutChange | null = kind === 'raise' ? raise(Math.min(100, Math.max(percentAt(statement, at), statement.percent) + by / 100)) : kind === 'pause' && !statement.paused ? { kind } : kind === 'resume' && statement.paused ? { kind } : null;
        if (change !== null) statement = changeRollout(statement, change.kind === 'raise' ? { ...change, percent: Math.round(change.percent * 100) / 100 } : change, SCOPE, at);
        if (statement.paused) continue;
        expect(percentAt(statement, at)).toBeGreaterThanOrEqual(reached);
        reached = percentAt(statement, at);
        const isIn = judgeRollout({ statement, problem: null, version: '1.3.0', device: { id, group: null }, now: at, byPerson: false }).verdict === 'pass';
        if (wasIn) expect(isIn).toBe(true);
        wasIn = isIn;
      }
    }));
  });
});

describe('what is typed', () => {
  const typed = (more: Partial<RolloutRequest>): RolloutRequest => ({
    action: 'start', value: '1.3.0', repo: undefined, channel: 'stable', component: undefined, directory: '.', key: undefined, unsigned: false, trust: [], percent: '5', add: undefined, every: undefined,
    begin: undefined, expires: undefined, salt: undefined, groups: [], exclude: [], upload: false, ...more,
  });
  it('becomes figures and times', () => expect(toChange(typed({ percent: '2.5', add: '20', every: '6h', begin: '2026-12-01', groups: ['lab'] }), 'grain')).toEqual(start({ percent: 2.5, addPercent: 20, everyS: 21_600, start: '2026-12-01T00:00:00.000Z', salt: 'grain', groups: ['lab'] })));
  it.each<[string, Partial<RolloutRequest>, RegExp]>([
    ['below 0', { percent: '-1' }, /0 to 100/u], ['above 100', { percent: '101' }, /0 to 100/u], ['thousandths', { percent: '0.001' }, /0 to 100/u], ['no number', { percent: 'half' }, /0 to 100/u], ['no percentage', { percent: undefined }, /--percent/u],
    ['a step without its time', { add: '5' }, /--every/u], ['no time', { add: '5', every: 'daily' }, /--every/u], ['0 s', { add: '5', every: '0s' }, /--every/u], ['no date', { begin: 'soon' }, /--begin/u], ['no version', { value: undefined }, /version/u],
    ['raise to nothing', { action: 'raise', value: undefined }, /raise 50/u], ['raise above 100', { action: 'raise', value: '100.5' }, /0 to 100/u], ['pause of something', { action: 'pause' }, /rollout pause/u],
  ])('%s is refused', (_name, more, why) => {
    expect(codeOf(() => toChange(typed(more), 'grain'))).toBe('usage');
    try { toChange(typed(more), 'grain'); } catch (thrown) { expect(`${(thrown as Error).message} ${(thrown as { hint?: string }).hint ?? ''}`).toMatch(why); }
  });
});

describe('files and GitHub', () => {
  const fs = createFilesystem();
  const fetch = createFetch({ proxy: { https: null, http: null, no: null } });
  const NEVER = new AbortController().signal;
  let folder: string;
  let github: LocalGitHub;
  let key: SecretKey;
  let publicKey: string;
  beforeEach(async () => {
    folder = makeTempFolder('rollout ü');
    github = await startLocalGitHub({ tokens: { writer: { read: '*', write: true }, reader: { read: '*' } } });
    github.addRepository('acme/app');
    ({ publicKey } = makeKey(fs, { secretFile: join(folder, 'k.key'), publicFile: join(folder, 'k.pub'), password: null }));
    key = parseSecretKey(fs.readText(join(folder, 'k.key')), null);
  });
  afterEach(async () => { await github.close(); removeTempFolder(folder); });
  const first = (): RolloutStatement => changeRollout(null, start(), SCOPE, new Date(T0));
  const pinned = () => [{ name: 'k', publicKey }];

  it('are written with their signature and go on from it', () => {
    expect(writeRolloutFiles(fs, folder, SCOPE, signRollout(first(), key)).map((path) => path.slice(folder.length))).toEqual(['/holdline/stable.json', '/holdline/stable.json.minisig']);
    expect(readBefore(readRolloutFiles(fs, folder, SCOPE), SCOPE, pinned(), new Date(T0))).toEqual(first());
    expect(readRolloutFiles(fs, folder, { ...SCOPE, component: 'db' })).toBeNull();
  });
  it('that somebody else wrote are not signed along', () => {
    mkdirSync(join(folder, 'holdline'));
    const forged = signForTest(makeTestKey('thief'), first());
    writeFileSync(join(folder, 'holdline/stable.json'), forged.text);
    for (const signature of [null, forged.signature]) expect(codeOf(() => readBefore({ text: forged.text, signature }, SCOPE, pinned(), new Date(T0)))).toBe('usage');
    expect(readBefore(readRolloutFiles(fs, folder, SCOPE), SCOPE, null, new Date(T0))).toEqual(first());
  });
  it('go to the default branch, signature first, and never over somebody else\'s change', async () => {
    const open = (token = 'writer') => openOnlineRollout({ fetch, apiUrl: github.apiUrl, token, scope: SCOPE }, NEVER);
    const before = await open();
    expect(before.signed).toBeNull();
    const signed = signRollout(first(), key);
    expect(await before.replace(signed, 'Rollout 1')).toContain('/commit/');
    expect((await open()).signed).toEqual(signed);
    expect(github.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)).toEqual(['/repos/acme/app/contents/holdline%2Fstable.json.minisig', '/repos/acme/app/contents/holdline%2Fstable.json']);
    const [one, other] = [await open(), await open()];
    const [raised, paused] = [raise(50), { kind: 'pause' } as const].map((change) => signRollout(changeRollout(first(), change, SCOPE, new Date(T0)), key)) as [typeof signed, typeof signed];
    await one.replace(raised, 'Rollout 2');
    await expect(other.replace(paused, 'Rollout 2')).rejects.toMatchObject({ code: 'source-invalid', message: expect.stringContaining('meanwhile') as unknown });
    expect((await open()).signed).toEqual(raised);
    expect(await codeOfAsync(async () => (await open('reader')).replace(paused, 'no'))).toBe('source-forbidden');
  });
  it('keep the old signature beside the old statement where the statement cannot be written', async () => {
    const open = () => openOnlineRollout({ fetch, apiUrl: github.apiUrl, token: 'writer', scope: SCOPE }, NEVER);
    const signed = signRollout(first(), key);
    await (await open()).replace(signed, 'Rollout 1');
    const online = await open();
    github.fault({ on: 'api', match: /contents\/holdline(%2F|\/)stable\.json$/u, what: { kind: 'status', status: 502 } });
    expect(await codeOfAsync(() => online.replace(signRollout(changeRollout(first(), raise(50), SCOPE, new Date(T0)), key), 'Rollout 2'))).toBe('source-server');
    expect((await open()).signed).toEqual(signed);
  });
});
