// May the processes that own hardware be touched by this update? The policy says so once and for all, a hold says no for now.
import { lookAtHolds } from './look-at-holds.js';
import type { EngineParts, HeldUpdate } from './parts.js';

/** Why they are left alone; null when they may be touched. */
export async function hardwareHeld(parts: EngineParts, update: HeldUpdate, signal: AbortSignal): Promise<string | null> {
  const { policy, services } = parts.settings;
  if (policy.hardware === 'never') return 'policy.hardware is never';
  if (!services.some(({ kind }) => kind === 'hardware')) return null;
  const [hold] = await lookAtHolds(parts, update, signal);
  if (hold === undefined) return null;
  return `${hold.owner} holds the device${hold.reason === null ? '' : ` (${hold.reason})`}`;
}
