// Hooks as they are wired: who they run as, and what they may write, on this machine.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HookCall } from '../../src/domain/hooks.js';
import { wireHooks } from '../../src/main/wire-modules.js';
import { readHost } from '../../src/platform/confined-run.js';
import { createProcesses } from '../../src/platform/processes.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const root = makeTempFolder('wire-hooks');
afterAll(() => removeTempFolder(root));
beforeAll(() => {
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src/hook.sh'), '#!/bin/sh\nid -un\necho "token ${GITHUB_TOKEN:-none}, path ${PATH:+there}"\ntouch written\n');
  chmodSync(join(root, 'src/hook.sh'), 0o755);
});

// Under systemd it is the same by a unit of its own: test/system/systemd/rights-scenarios.ts.
it.skipIf(!readHost().isRoot || readHost().hasSystemd)('is nobody where no user is named, and may not write into the app\'s folder; a named one is that one (control)', async () => {
  const told: string[] = [];
  const note = (message: string): void => { told.push(message); };
  const hooks = wireHooks(createProcesses({ ...process.env, GITHUB_TOKEN: 'secret' }), { debug: note, info: note, warn: note, error: note });
  const call: HookCall = {
    hook: 'before_switch', component: 'app', transaction: 't', kind: 'update', from: '1.0.0', to: '1.1.0', install_dir: root, tree: root, previous_tree: root, command: ['src/hook.sh'], user: null, timeout: 30, writable: [],
  };
  await expect(hooks.run(call)).rejects.toMatchObject({ code: 'hook-refused', message: expect.stringMatching(/exit code 1: .*written/u) as unknown });
  expect(existsSync(join(root, 'written'))).toBe(false);
  expect(told).toEqual(expect.arrayContaining(['hook before_switch of app: nobody', 'hook before_switch of app: token none, path there']));
  await hooks.run({ ...call, user: 'root' });
  expect(existsSync(join(root, 'written'))).toBe(true);
});
