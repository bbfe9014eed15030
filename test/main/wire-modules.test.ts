// Modules as they are wired: who they run as, and what they can reach, on this machine.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ModuleCall } from '../../src/domain/module.js';
import { wireModules } from '../../src/main/wire-modules.js';
import { readHost } from '../../src/platform/confined-run.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createProcesses } from '../../src/platform/processes.js';
import { silentLog } from '../support/extraction.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const root = makeTempFolder('wire-modules');
const sharedDir = join(root, 'private/state');
afterAll(() => removeTempFolder(root));
beforeAll(() => {
  chmodSync(root, 0o755);
  mkdirSync(join(root, 'tree'));
  writeFileSync(join(root, 'tree/program'), '#!/bin/sh\nid -un > "$STATE/who" && ls "$STATE/.." > "$STATE/names" 2>&1 || true\n');
  chmodSync(join(root, 'tree/program'), 0o755);
  mkdirSync(join(sharedDir, 'components/board'), { recursive: true });
  for (const folder of ['', 'components', 'components/board']) chmodSync(join(sharedDir, folder), 0o750);
});

// What confines under systemd is tried by test/system/systemd/rights-scenarios.ts, though not with a closed folder around.
it.skipIf(!readHost().isRoot || readHost().hasSystemd)('nobody reaches its own folder by its full path, though ours around it is closed, and sees no name there', async () => {
  const state = join(sharedDir, 'components/board/module');
  const modules = wireModules(createProcesses(), { log: silentLog, report: () => undefined, fs: createFilesystem(), layout: { sharedDir } });
  const call: ModuleCall = {
    component: 'board', transaction: 't', from: null, to: '1.0.0', tree: join(root, 'tree'), previous_tree: null, state_dir: state, program: ['program'], user: null, env: { STATE: state },
    timeouts: { check: 30, prepare: 30, apply: 30, verify: 30, undo: 30 }, record: join(root, 'record'), preserve: [],
  };
  await modules.run('check', call);
  expect(readFileSync(join(state, 'who'), 'utf8')).toBe('nobody\n');
  expect(readFileSync(join(state, 'names'), 'utf8')).toContain('Permission denied');
  expect(['', 'components', 'components/board', 'components/board/module'].map((folder) => (statSync(join(sharedDir, folder)).mode & 0o777).toString(8))).toEqual(['751', '751', '751', '700']);
  // Not ours to open.
  expect(statSync(join(root, 'private')).mode & 0o777).toBe(0o755);
});
