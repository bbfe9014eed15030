// A thing outside the tree that hooks act on, through the calls that a test may let die: it is drained before the switch and filled again
// by whoever is told how it ended.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldlineError } from '../../src/domain/errors.js';
import { HOOK_NAMES, type HookCall, type HookName, type HookRunner, type HooksSettings } from '../../src/domain/hooks.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { hookFailure } from '../../src/modules/hook-contract.js';
import type { DeviceWorld } from './device-world.js';

const hook = { command: ['src/main.js'], user: null, timeout: 1, writable: [] } as const;
export const HOOKS: HooksSettings = Object.fromEntries(HOOK_NAMES.map((name) => [name, hook]));

/** What each does instead of what it should. */
export type HookMisdeeds = Partial<Record<HookName, 'fails' | 'not-now'>>;

const file = (world: DeviceWorld): string => join(world.root, 'outside');
/** What was said last: `full`, `drained by before_switch`, `full after_commit 1.1.0`. */
export const outside = (world: DeviceWorld): string => (existsSync(file(world)) ? readFileSync(file(world), 'utf8') : 'full');

export function giveHooks(world: DeviceWorld, hooks: HooksSettings = HOOKS): void {
  world.settings = { ...world.settings, hooks };
}

export function makeHooks(world: DeviceWorld, calls: SystemCalls, misdeeds: HookMisdeeds = {}, told: string[] = []): HookRunner {
  const fs = createFilesystem(calls);
  const write = (content: string): void => fs.writeDurably(file(world), content);
  const deeds: Readonly<Record<HookName, (call: HookCall) => void>> = {
    before_switch: () => write('drained by before_switch'),
    after_switch: () => write('drained by after_switch'),
    after_commit: ({ to }) => write(`full after_commit ${to}`),
    after_revert: ({ from }) => write(`full after_revert ${from ?? 'nothing'}`),
  };
  return {
    run: async (call) => {
      const tree = readFileSync(join(world.layout.installDir, 'VERSION'), 'utf8').trim();
      told.push(`${call.hook} in ${tree}, ${world.service.tree === null ? 'stopped' : 'running'}`);
      if (misdeeds[call.hook] === 'not-now') throw new HoldlineError('hook-not-now', 'cannot go on: the hook says "not now": measuring');
      deeds[call.hook](call);
      if (misdeeds[call.hook] === 'fails') throw hookFailure(call, 'exit code 1: no room');
    },
  };
}
