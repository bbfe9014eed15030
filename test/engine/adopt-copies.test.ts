// Adoption where files may not be linked (somebody else's files under protected_hardlinks): copies, and what changes meanwhile is not lost.
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { adoptWorld, destroyDeviceWorld, makeDeviceWorld, PLAIN, quickCalls, seeThrough, type DeviceWorld } from '../support/device-world.js';

let world: DeviceWorld;
afterEach(() => destroyDeviceWorld(world));

/** Links are refused; `during` runs once, when the copies are made and before the first path is exchanged. */
function withoutLinks(during: () => void): SystemCalls {
  const calls = quickCalls();
  let done = false;
  return {
    ...calls,
    link: () => { throw Object.assign(new Error('EPERM: not yours'), { code: 'EPERM' }); },
    symlink: (target, path) => {
      if (path.includes('/adopted/') && !done) {
        done = true;
        // The swap of the first path has begun: the others are still the user's.
        during();
      }
      calls.symlink(target, path);
    },
  };
}

it('copies, and catches up with every edit made before the exchange', async () => {
  world = makeDeviceWorld();
  const at = (path: string): string => join(world.layout.installDir, path);
  const inode = statSync(at('config/app.yaml')).ino;
  const outcome = await adoptWorld(world, withoutLinks(() => {
    appendFileSync(at('config/app.yaml'), 'late: true\n');
    writeFileSync(at('config/added.txt'), 'added\n');
    rmSync(at('config/link'));
  }));
  expect(outcome).toBe('updated');
  const { 'config/link': _gone, ...rest } = PLAIN;
  expect(seeThrough(world)).toEqual({ ...rest, 'config/app.yaml': `${PLAIN['config/app.yaml'] ?? ''}late: true\n`, 'config/added.txt': 'added\n' });
  expect(statSync(at('config/app.yaml')).ino).not.toBe(inode);
  expect(readFileSync(at('notes.txt'), 'utf8')).toBe(PLAIN['notes.txt']);
});
