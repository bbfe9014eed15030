// `holdline keys` and `holdline audit`: read from the disk. Asks no server, takes no lock, changes nothing.
import type { AuditReport } from '../../domain/audit.js';
import type { KeysReport } from '../../domain/keys.js';
import type { Layout } from '../../domain/layout.js';
import type { Settings } from '../../domain/settings.js';
import { explainFsError } from '../../domain/fs-errors.js';
import { explainKeys } from '../../artifact/keys/explain-keys.js';
import { readKeyStore } from '../../artifact/keys/key-store.js';
import { verifyAudit } from '../../engine/audit-lines.js';
import { readAuditFiles } from '../../engine/audit-log.js';
import { readDeviceState } from '../../engine/device-state.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';

export function readKeys(settings: Settings, layout: Layout): KeysReport {
  const fs = createFilesystem();
  return explainKeys(settings.githubRepo, settings.trust, readKeyStore({ fs, layout }), systemClock.now());
}

export function readAudit(layout: Layout, since: string | null): AuditReport {
  const fs = createFilesystem();
  // The anchor first: what is written meanwhile lies behind it.
  const { audit } = readDeviceState(fs, layout);
  try {
    const report = verifyAudit(readAuditFiles(fs, layout), audit);
    return since === null ? report : { ...report, entries: report.entries.filter(({ at }) => at >= since) };
  } catch (thrown) { throw explainFsError(thrown, 'read the audit log'); }
}
