// Bad input gets a clear error and loses nothing: the command's answer is checked, and the device before and after compared as a whole.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { snapshotFolder, type Snapshot } from '../folder-snapshot.js';
import type { CommandOptions, Ran } from './run-command.js';
import { namesIn, type World } from './world.js';

export interface Refusal {
  readonly exit: number;
  readonly code: string;
  /** What the message must name. */
  readonly names: string | RegExp;
}

interface Held { readonly app: Snapshot; readonly backups: Snapshot; readonly floor: unknown; readonly blocked: unknown }

/** What must not change: the app's folder with all kept versions, the backups, the floor and what is blocked. */
export function heldBy(world: World): Held {
  const state = readState(world);
  return { app: world.snapshot(), backups: namesIn(world.backupPath).length === 0 ? {} : snapshotFolder(world.backupPath), floor: state['highest_version'] ?? null, blocked: state['blocked'] ?? [] };
}

function readState(world: World): Record<string, unknown> {
  try { return JSON.parse(readFileSync(join(world.stateDir, 'state.json'), 'utf8')) as Record<string, unknown>; } catch { return {}; }
}

/** Runs it with --json and expects this refusal with a message that starts with "cannot", and nothing changed. */
export async function expectRefused(world: World, args: readonly string[], refusal: Refusal, options?: CommandOptions): Promise<Ran> {
  const before = heldBy(world);
  const ran = await world.holdline([...args, '--json'], options);
  const { outcome, code, message, hint } = ran.json;
  expect({ exit: ran.code, outcome, code, message }).toEqual({
    exit: refusal.exit, outcome: 'failed', code: refusal.code, message: typeof refusal.names === 'string' ? expect.stringContaining(refusal.names) : expect.stringMatching(refusal.names),
  });
  expect(message).toMatch(/^cannot /u);
  expect(String(hint ?? '').length, `a hint for ${String(message)}`).toBeGreaterThan(0);
  expect(heldBy(world)).toEqual(before);
  return ran;
}
