// How many bytes of releases were downloaded today: counted as they arrive, so that also what is broken off counts.
import type { BytesOfDay } from '../decide/judge-budget.js';
import { bytesToday, dayOf } from '../decide/judge-budget.js';
import { dirname } from 'node:path';
import { bytesOfDayFile, type Layout } from '../domain/layout.js';
import type { Clock, Filesystem, Logger } from '../domain/ports.js';

export interface ByteCounter {
  count(bytes: number): void;
  /** What was counted is on the disk when this returns. */
  save(): void;
}

/** So many may go uncounted when the power fails; writing more often would wear the card. */
const SAVE_EVERY_BYTES = 1024 * 1024;
const NOTHING: BytesOfDay = { day: '', bytes: 0 };

/** A file nobody can read says nothing: the budget begins anew. */
export function readBytesOfDay(fs: Filesystem, layout: Pick<Layout, 'sharedDir'>): BytesOfDay {
  let value: unknown;
  try { value = JSON.parse(fs.readText(bytesOfDayFile(layout), 4096)); } catch { return NOTHING; }
  if (typeof value !== 'object' || value === null || !('day' in value) || !('bytes' in value)) return NOTHING;
  const { day, bytes } = value;
  return typeof day === 'string' && /^\d{4}-\d\d-\d\d$/u.test(day) && typeof bytes === 'number' && bytes >= 0 ? { day, bytes } : NOTHING;
}

export function createByteCounter({ fs, layout, clock, log }: { readonly fs: Filesystem; readonly layout: Pick<Layout, 'sharedDir'>; readonly clock: Clock; readonly log: Logger }): ByteCounter {
  let unsaved = 0;
  const save = (): void => {
    if (unsaved === 0) return;
    const now = clock.now();
    const before = readBytesOfDay(fs, layout);
    const day = before.day > dayOf(now) ? before.day : dayOf(now);
    try {
      const file = bytesOfDayFile(layout);
      if (fs.stat(dirname(file)) === undefined) fs.makeDirectory(dirname(file), 0o750);
      fs.writeDurably(file, `${JSON.stringify({ day, bytes: bytesToday(before, now) + unsaved })}\n`, 0o644);
      unsaved = 0;
    } catch (thrown) { log.warn('what was downloaded today could not be written down', { reason: thrown instanceof Error ? thrown.message : String(thrown) }); }
  };
  return { count: (bytes) => { unsaved += bytes; if (unsaved >= SAVE_EVERY_BYTES) save(); }, save };
}
