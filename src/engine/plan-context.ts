// What every plan is made from.
import type { Device } from '../domain/device.js';
import type { PlanContext } from '../decide/make-plan.js';
import { planStep } from '../steps/registry.js';
import { listBackupNames } from './backups.js';
import type { EngineParts } from './parts.js';

export function planContext(parts: EngineParts, device: Device, transaction: string): PlanContext {
  const { layout, settings, clock, fs } = parts;
  return { transaction, layout, settings, device, planStep, now: clock.now(), backupNames: listBackupNames(fs, layout) };
}
