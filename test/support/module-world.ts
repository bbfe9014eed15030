// A thing outside the release (a board's firmware) and a module that updates it, both through the calls that a test may let die.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldlineError } from '../../src/domain/errors.js';
import type { ModuleCall, ModulePhase, ModuleRunner } from '../../src/domain/module.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import type { DeviceWorld } from './device-world.js';

export const MODULE = { program: ['src/main.js'], user: null, env: {}, timeouts: { check: 1, prepare: 1, apply: 1, verify: 1, undo: 1 } } as const;

/** What each phase does instead of what it should. */
export type Misdeeds = Partial<Record<ModulePhase, 'fails' | 'lies' | 'not-now'>>;

export const firmwareFile = (world: DeviceWorld): string => join(world.root, 'firmware');
export const firmware = (world: DeviceWorld): string => readFileSync(firmwareFile(world), 'utf8');

export function makeModule(world: DeviceWorld, calls: SystemCalls, misdeeds: Misdeeds = {}, told: string[] = []): ModuleRunner {
  const fs = createFilesystem(calls);
  const write = (content: string): void => fs.writeDurably(firmwareFile(world), content);
  const deeds: Readonly<Record<ModulePhase, (call: ModuleCall) => void>> = {
    check: () => undefined,
    prepare: () => undefined,
    apply: ({ to }) => { write('half'); write(to); },
    verify: ({ to }) => { if (firmware(world) !== to) throw new HoldlineError('module-failed', `cannot verify: the board runs ${firmware(world)}`); },
    undo: ({ from }) => { write('half'); write(from ?? 'none'); },
  };
  return {
    run: async (phase, call) => {
      told.push(phase);
      // Its program must still be there to be called, also after a crash.
      if (!existsSync(join(call.tree, 'src/main.js'))) throw new HoldlineError('module-failed', `cannot ${phase}: the program is gone`);
      const misdeed = misdeeds[phase];
      if (misdeed === 'not-now') throw new HoldlineError('module-not-now', 'cannot go on: the board is busy');
      if (misdeed === 'fails') { if (phase === 'apply') write('half'); throw new HoldlineError('module-failed', `cannot ${phase}: exit code 1`); }
      if (misdeed !== 'lies') deeds[phase](call);
    },
  };
}

/** For `Way.prepare`: the module is set, and the board runs what the release says. */
export function giveModule(world: DeviceWorld): void {
  world.settings = { ...world.settings, module: MODULE };
  writeFileSync(firmwareFile(world), '1.0.0');
}
