// The worked example: a release brings a board's firmware, flashed over the serial line that the bridge holds, and takes it back.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/e2e/world.js';
import { startBoard, type Board } from '../support/firmware-board.js';
import type { Files } from '../support/device-world.js';
import { waitUntil } from '../support/services/wait-until.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** Text, so that it can stand among the files of a world. */
const imageOf = (version: string): string => Array.from({ length: 40 }, (_, index) => createHash('sha256').update(`${version} ${index}`).digest('hex')).join('\n');
const filesOf = (version: string, image = imageOf(version)): Files => ({
  'VERSION': `${version}\n`, 'src/flash.js': readFileSync(at('examples/firmware-module/src/flash.js'), 'utf8'), 'src/package.json': '{"type": "module"}\n', 'src/firmware.bin': image, 'config/app.yaml': 'a: 1\n',
});

let world: World;
let board: Board;
let bridge: ChildProcess;
beforeEach(async () => {
  world = await createWorld({ installed: filesOf('1.0.0') });
  board = startBoard(Buffer.from(imageOf('1.0.0')), '1.0.0');
  const socketDir = join(world.root, 'bridge');
  bridge = spawn(process.execPath, [at('dist/bridge.js'), 'run', '--name', 'board', '--port', board.path, '--socket-dir', socketDir, '--no-pty'], { stdio: 'ignore', detached: true });
  await waitUntil('the bridge serves', () => existsSync(join(socketDir, 'board.sock')));
  // In these tests the program's own user could not enter the world's folder; test/platform/confined-run.test.ts shows that it gets one.
  const user = process.getuid?.() === 0 ? 'root' : undefined;
  world.configure({ module: { program: ['src/flash.js'], user, env: { BRIDGE: 'board', BRIDGE_CLIENT: at('dist/bridge-client.js'), HOLDLINE_BRIDGE_DIR: socketDir } } });
});
afterEach(async () => {
  await world.close();
  try { process.kill(-(bridge.pid ?? 0), 'SIGKILL'); } catch { /* it has ended */ }
  board.close();
});
const version = (): string | undefined => world.seen()['VERSION']?.trim();

describe('a board behind the bridge', () => {
  it('is flashed by an update, and flashed back by a rollback', async () => {
    await world.publish('1.1.0', filesOf('1.1.0'));
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
    expect([version(), board.version()]).toEqual(['1.1.0', '1.1.0']);
    expect((await world.holdline(['rollback', '--json'])).json).toMatchObject({ outcome: 'rolled_back', to: '1.0.0' });
    expect([version(), board.version()]).toEqual(['1.0.0', '1.0.0']);
  });

  it('has its old firmware again when a probe finds the new version bad, and the version is blocked', async () => {
    await world.publish('1.1.0', filesOf('1.1.0'));
    const settings = JSON.parse(readFileSync(world.settingsFile, 'utf8')) as object;
    world.configure({ ...settings, health: [{ command: ['false'] }] });
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'rolled_back', code: 'health-failed' });
    expect([version(), board.version()]).toEqual(['1.0.0', '1.0.0']);
    expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ blocked: [{ version: '1.1.0' }] });
  });

  it('is flashed back at the next start when holdline is killed half way, though the flashing program outlived it', async () => {
    await world.publish('1.1.0', filesOf('1.1.0'));
    board.sleepAt(10);
    const update = world.start(['--update', '--json']);
    await waitUntil('ten pages are written', () => board.pages() >= 10);
    await update.kill('SIGKILL');
    expect(board.version()).toBeNull();
    board.wake();
    // Whatever command takes the lock next puts everything right first; there is nothing to roll back to after it.
    const next = await world.holdline(['rollback', '--json']);
    expect([next.json['outcome'], version(), board.version()]).toEqual(['failed', '1.0.0', '1.0.0']);
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated' });
    expect([version(), board.version()]).toEqual(['1.1.0', '1.1.0']);
  });

  it('that is away keeps the update waiting for its undo, and says so', async () => {
    await world.publish('1.1.0', filesOf('1.1.0'));
    board.sleepAt(10);
    const update = world.start(['--update', '--json']);
    await waitUntil('ten pages are written', () => board.pages() >= 10);
    await update.kill('SIGKILL');
    const away = await world.holdline(['--update', '--json']);
    expect(away.json).toMatchObject({ outcome: 'failed', code: 'module-undo', message: expect.stringContaining('the board does not answer') as unknown });
    expect(version()).toBe('1.0.0');
    board.wake();
    expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated' });
    expect([version(), board.version()]).toEqual(['1.1.0', '1.1.0']);
  });
});
