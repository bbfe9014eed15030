// What every plan is made from.
import type { Device } from '../domain/device.js';
import type { PlanContext, RunningFiles } from '../decide/make-plan.js';
import { planStep } from '../steps/registry.js';
import { listBackupNames } from './backups.js';
import { hardwareHeld } from './hardware-held.js';
import type { EngineParts, HeldUpdate } from './parts.js';
import { readRunning } from './read-running.js';
import { readOlder } from './seen-processes.js';

/** What could only be asked for. */
export type Standing = Pick<RunningFiles, 'older' | 'hardwareHeld'>;
export const NOTHING_STANDS: Standing = { older: new Map(), hardwareHeld: null };

export async function askAround(parts: EngineParts, device: Device, update: HeldUpdate, signal: AbortSignal): Promise<Standing> {
  return { older: await readOlder(parts, device), hardwareHeld: await hardwareHeld(parts, update, signal) };
}

export function planContext(parts: EngineParts, device: Device, transaction: string, standing: Standing): PlanContext {
  const { layout, settings, clock, fs } = parts;
  return { transaction, layout, settings, device, planStep, now: clock.now(), backupNames: listBackupNames(fs, layout), running: { ...readRunning(parts, device), ...standing } };
}
