// What `import … from 'holdline'` gives.
export { OtaUpdater, type OtaUpdaterOptions } from './library/ota-updater.js';
export { VersionManager } from './library/version-manager.js';
export { HoldlineError, ERROR_TABLE, type ErrorCode } from '../domain/errors.js';
export type { BackupSummary, CheckResult, RunEvent, StatusReport, UpdateResult } from '../domain/results.js';
