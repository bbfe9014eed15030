// `holdline recover`: the rescue path by hand. Only files are repaired; services and books follow at the next start.
import { recoverApp, summarizeRecovery } from '../../recovery/recover-app.js';
import type { Layout } from '../../domain/layout.js';
import type { RecoverReport } from '../../interface/app.js';

/** A person who calls it asks for another try at what was given up as broken. */
export function recoverDevice(layout: Layout): RecoverReport {
  return summarizeRecovery(recoverApp({ stateDir: layout.stateDir, probation: 'leave', again: true }));
}
