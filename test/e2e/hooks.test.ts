// Hooks with the built commands: a program of the running version that says "not now", one of the new version that cannot do its work, and
// what those that are only told can and cannot do, also after a kill.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createWorld, type World } from '../support/e2e/world.js';
import type { Files } from '../support/device-world.js';
import { waitUntil } from '../support/services/wait-until.js';

/** Writes down each call, and does what a file of the name of the hook tells it: an exit code, or to stay until it is killed. */
const HOOK = `#!/bin/sh
echo "$HOLDLINE_HOOK from $HOLDLINE_FROM to $HOLDLINE_TO in $(cat VERSION)" >> calls.txt
[ -e "$HOLDLINE_HOOK" ] || exit 0
read -r answer < "$HOLDLINE_HOOK"
[ "$answer" != stay ] || exec sleep 600
echo "no room" >&2
exit "$answer"
`;
const filesOf = (version: string): Files => ({ ...appFiles(version), 'src/hook.sh': HOOK });
// In these tests the program's own user could not enter the world's folder; test/platform/confined-run.test.ts shows that it gets one.
const user = process.getuid?.() === 0 ? 'root' : undefined;
const hook = { command: ['src/hook.sh'], user, timeout: 300 };

let world: World;
beforeEach(async () => {
  world = await createWorld({ installed: filesOf('1.0.0'), settings: { backup_enabled: false, hooks: { before_switch: hook, after_switch: hook, after_commit: hook, after_revert: hook } } });
  world.configure({});
  await world.publish('1.1.0', filesOf('1.1.0'));
});
afterEach(() => world.close());

const answer = (name: string, said: string): void => writeFileSync(join(world.appDir, name), `${said}\n`);
const calls = (): readonly string[] => (existsSync(join(world.appDir, 'calls.txt')) ? readFileSync(join(world.appDir, 'calls.txt'), 'utf8').trim().split('\n') : []);
const ASKED = 'before_switch from 1.0.0 to 1.1.0 in 1.0.0';
const MOVED = 'after_switch from 1.0.0 to 1.1.0 in 1.1.0';
const TOLD = 'after_commit from 1.0.0 to 1.1.0 in 1.1.0';
const BACK = 'after_revert from 1.0.0 to 1.1.0 in 1.0.0';

describe('hooks', () => {
  it('keep an update away, then let it in; one that is only told and fails is a warning', async () => {
    answer('before_switch', '75');
    answer('after_commit', '3');
    expect((await world.holdline(['explain'])).stdout).toMatch(/hook before_switch\s+src\/hook\.sh \(as \w+, at most 5 min\)/u);
    const plan = await world.holdline(['--update', '--dry-run']);
    expect(plan.stdout).toMatch(/call-before-switch\s+ask the hook before_switch: src\/hook.sh/u);
    const wait = await world.holdline(['--update', '--json']);
    expect([wait.code, wait.json['outcome'], world.version()]).toEqual([75, 'waiting', '1.0.0']);
    expect(wait.json).toMatchObject({ waiting: { reason: 'hold', detail: expect.stringContaining('no room') as unknown } });
    expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [], last_error: null });
    rmSync(join(world.appDir, 'before_switch'));
    const done = await world.holdline(['--update', '--json']);
    const words = expect.stringContaining('the hook after_commit of app: it failed (exit code 3: no room)') as unknown;
    expect([done.code, done.json]).toEqual([0, expect.objectContaining({ outcome: 'updated', warnings: [words] })]);
    expect(calls()).toEqual([ASKED, ASKED, MOVED, TOLD]);
    const history = await world.holdline(['history', '--json']);
    expect(history.stdout).toContain('the hook after_commit of app');
  });

  it('that cannot do their work after the switch take the update back; before it, nothing has changed', async () => {
    answer('before_switch', '1');
    const refused = await world.holdline(['--update', '--json']);
    expect([refused.code, refused.json['code'], world.version()]).toEqual([1, 'hook-refused', '1.0.0']);
    rmSync(join(world.appDir, 'before_switch'));
    answer('after_switch', '4');
    const back = await world.holdline(['--update', '--json']);
    expect([back.code, back.json['outcome'], back.json['code'], world.version()]).toEqual([20, 'rolled_back', 'hook-failed', '1.0.0']);
    expect(back.json['reason']).toContain('the hook after_switch of app: it failed (exit code 4: no room)');
    expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [{ version: '1.1.0' }] });
    expect(calls()).toEqual([ASKED, BACK, ASKED, MOVED, BACK]);
  });

  it('are told at the next start what became of an update that was killed in one of them', async () => {
    answer('after_switch', 'stay');
    const update = world.start(['--update', '--json']);
    await waitUntil('the hook works', () => calls().includes(MOVED));
    await update.kill('SIGKILL');
    expect((await world.holdline(['recover', '--json'])).json).toMatchObject({ outcome: 'repaired' });
    expect(world.version()).toBe('1.0.0');
    rmSync(join(world.appDir, 'after_switch'));
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
    expect(calls()).toEqual([ASKED, MOVED, BACK, ASKED, MOVED, TOLD]);
  });
});
