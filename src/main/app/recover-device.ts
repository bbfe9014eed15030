// `holdline recover`: the rescue path by hand. Only files are repaired; services and books follow at the next start.
import { recover } from '../../recovery/recover.js';
import type { Layout } from '../../domain/layout.js';
import type { RecoverReport } from '../../interface/app.js';

/** A person who calls it asks for another try at what was given up as broken. */
export function recoverDevice(layout: Layout): RecoverReport {
  const result = recover({ stateDir: layout.stateDir, probation: 'leave', again: true });
  const actions = result.transactions.map((t) => t.message);
  return { outcome: result.outcome, actions: result.alarm === null ? actions : [...actions, `${result.alarm.message} ${result.alarm.hint}`] };
}
