// Before anything is fetched: a device that is not fit, a disk without room, a byte budget, a publisher's requirements; each says what to do.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANY_CONDITION } from '../support/any-condition.js';
import { heldBy } from '../support/e2e/expect-refused.js';
import { appFiles } from '../support/e2e/app-files.js';
import { runCommand } from '../support/e2e/run-command.js';
import { createWorld, namesIn, REPO, type World } from '../support/e2e/world.js';

let world: World;
beforeEach(async () => { world = await createWorld({ github: { limits: { anonymous: 1000 } } }); });
afterEach(() => world.close());

const { requirements, network } = ANY_CONDITION;
const UPDATE = ['--update', '--json'];
const CHECK = ['--check', '--json'];
const downloads = (): string[] => namesIn(join(world.stateDir, 'downloads'));
const countedBytes = (): unknown => (JSON.parse(readFileSync(join(world.stateDir, 'bytes-of-day.json'), 'utf8')) as { bytes: unknown }).bytes;

test('no room: waits before anything is fetched, shows every check with its score, and goes on when there is room', async () => {
  await world.publish('1.1.0');
  world.configure({ requirements: { ...requirements, disk_margin_mb: 900_000_000 } });
  const before = heldBy(world);
  const detail = expect.stringMatching(/v1\.1\.0 cannot be installed here: it needs disk 9\d+ MB free \(here: \d+ MB\)/u) as unknown;
  expect(await world.holdline(UPDATE)).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'requirements', reason: detail } });
  expect((await world.holdline(CHECK)).json).toMatchObject({
    outcome: 'waiting', waiting: { reason: 'requirements', detail, until: null },
    requirements: { ok: false, score: expect.any(Number) as unknown, checks: expect.arrayContaining([expect.objectContaining({ name: 'disk', verdict: 'failed', remedy: expect.stringContaining('Free some space') as unknown })]) as unknown },
  });
  expect((await world.holdline(['--check'])).stdout).toMatch(/failed: disk is \d+ MB, needed \d+ MB free: Free some space there/u);
  expect((await world.holdline(['explain'])).stdout).toMatch(/device: score \d+ of 100\n +failed +disk +\d+ MB \(needed: \d+ MB free\) +Free some space there/u);
  expect([heldBy(world), downloads()]).toEqual([before, []]);
  const doctor = await world.holdline(['doctor', '--json']);
  expect(doctor.json['findings']).toEqual(expect.arrayContaining([expect.objectContaining({ check: 'requires disk', verdict: 'failed' }), expect.objectContaining({ check: 'fitness', detail: expect.stringMatching(/score \d+ of 100/u) as unknown })]));
  world.configure({});
  expect((await world.holdline(CHECK)).json).toMatchObject({ outcome: 'available', requirements: { ok: true, score: 100 } });
  expect((await world.holdline(UPDATE)).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
});

describe('a byte budget', () => {
  test('counts what is downloaded, over restarts; what does not fit waits for the next day, also a security update', async () => {
    const { payload } = await world.publish('1.1.0');
    // Room for one payload with its description and list of files, not for two.
    const daily = payload.size * 2 + 4000;
    world.configure({ network: { ...network, daily_bytes: daily, bandwidth: 10_000_000 } });
    expect((await world.holdline(UPDATE)).json).toMatchObject({ outcome: 'updated' });
    const counted = countedBytes();
    expect(counted).toBeGreaterThan(payload.size);
    expect((await world.holdline(['doctor', '--json'])).json['findings']).toEqual(expect.arrayContaining([expect.objectContaining({ check: 'byte budget', verdict: 'passed' })]));
    const noise = Array.from({ length: 2000 }, (_, n) => String(n * 7919 % 10_007)).join(' ');
    await world.publish('1.1.1', appFiles('1.1.1', 'good', { 'src/noise.txt': noise }), { type: 'security' });
    const midnight = `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`;
    const check = (await world.holdline(CHECK)).json;
    expect(check).toMatchObject({ outcome: 'waiting', waiting: { reason: 'budget', detail: expect.stringContaining(`of network.daily_bytes ${daily}`) as unknown } });
    expect([midnight, null]).toContain((check['waiting'] as { until: string | null }).until);
    expect(await world.holdline(UPDATE)).toMatchObject({ code: 75, json: { outcome: 'waiting', code: 'budget' } });
    expect(world.version()).toBe('1.1.0');
    world.configure({ network: { ...network, daily_bytes: daily, pass: ['security'] } });
    expect((await world.holdline(UPDATE)).json).toMatchObject({ outcome: 'updated', to: '1.1.1' });
    expect(countedBytes()).toBeGreaterThan(counted as number);
  });
  test('a release that never fits says so', async () => {
    await world.publish('1.1.0');
    world.configure({ network: { ...network, daily_bytes: 100 } });
    expect((await world.holdline(CHECK)).json).toMatchObject({ outcome: 'waiting', waiting: { reason: 'budget', until: null, detail: expect.stringContaining('it never fits') as unknown } });
    // By hand it costs no line.
    expect((await world.holdline([...UPDATE, '--from', join(world.root, 'release 1.1.0')])).json).toMatchObject({ outcome: 'updated' });
  });
});

describe('a publisher\'s requirements', () => {
  const publish = (requires: string): ReturnType<typeof runCommand> => {
    const file = join(world.root, 'requires.json');
    writeFileSync(file, requires);
    return runCommand(['publish', join(world.root, 'tree 1.1.0'), '--repo', REPO, '--tag', 'v1.1.0', '--key', world.secretFile, '--out', join(world.root, 'out'), '--requires', file, '--json']);
  };
  beforeEach(async () => { await world.build('1.1.0', appFiles('1.1.0')); });
  test('are signed into the release, and met or not by the device', async () => {
    expect((await publish('{"node": ">=20", "os": {"plan9": ">=4"}}')).code).toBe(0);
    const from = ['--from', join(world.root, 'out')];
    expect(await world.holdline([...UPDATE, ...from])).toMatchObject({ code: 75, json: { code: 'requirements', reason: expect.stringContaining('it needs os plan9 >=4 (here: ') as unknown } });
    expect((await publish(`{"node": ">=20", "arch": ["${process.arch}"], "memory_mb": 16}`)).code).toBe(0);
    expect((await world.holdline([...UPDATE, ...from])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  });
  test.each([
    ['{"memry_mb": 5}', 'did you mean "memory_mb"?'], ['{', 'is not JSON'], ['{"node": "newest"}', 'is not a semver range'], ['{"os": {"debian": "bookworm"}}', 'is not a range of versions'],
  ])('are refused where nobody could read them: %s', async (text, words) => {
    expect(await publish(text)).toMatchObject({ code: 2, json: { outcome: 'failed', code: 'usage', message: expect.stringContaining(words) as unknown } });
    expect(namesIn(join(world.root, 'out'))).toEqual([]);
  });
});

test('a mistake in these settings stops every command that would obey them, at its place', async () => {
  writeFileSync(world.settingsFile, 'github_repo: lab/app\ntrust: {require: none}\nnetwork:\n  metered: never\n');
  expect(await world.holdline(CHECK)).toMatchObject({ code: 2, json: { code: 'settings-invalid', where: { file: world.settingsFile, line: 4, column: 12 } } });
});
