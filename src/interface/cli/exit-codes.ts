// Outcomes to exit codes (DESIGN 11 and 18), in one place.
import { ERROR_TABLE, type ErrorCode, type HoldlineError } from '../../domain/errors.js';
import type { CheckResult, UpdateResult } from '../../domain/results.js';
import type { RecoverReport } from '../app.js';

export const EXIT = { done: 0, failed: 1, usage: 2, available: 10, rolledBack: 20, broken: 21, notNow: 75 } as const;

/** What waits only for a person's word is there for whoever asks. */
export function exitCodeOfCheck(result: CheckResult, asked: boolean): number {
  return asked && result.update_available && (result.waiting === null || result.waiting.reason === 'approval') ? EXIT.available : EXIT.done;
}

function isErrorCode(code: string): code is ErrorCode { return Object.hasOwn(ERROR_TABLE, code); }

/** A step that failed before the switch changed nothing: what was reverted is told by a result's outcome. */
const unswitched = (exit: number): number => (exit === EXIT.rolledBack ? EXIT.failed : exit);

/** Of what was thrown, by whatever command. */
export const exitCodeOfError = (error: HoldlineError): number => unswitched(error.exitCode);

export function exitCodeOfUpdate(result: UpdateResult): number {
  switch (result.outcome) {
    case 'updated': case 'current': return EXIT.done;
    case 'waiting': return EXIT.notNow;
    case 'rolled_back': return EXIT.rolledBack;
    case 'broken': return EXIT.broken;
    case 'failed': {
      return unswitched(result.code !== null && isErrorCode(result.code) ? ERROR_TABLE[result.code].exit : EXIT.failed);
    }
  }
}

/** A rollback a person asked for is done when it worked: then `to` runs. One that reverted itself is 20. */
export function exitCodeOfRollback(result: UpdateResult): number {
  return result.outcome === 'rolled_back' && result.code === null ? EXIT.done : exitCodeOfUpdate(result);
}

export function exitCodeOfRecover(report: RecoverReport): number {
  if (report.outcome === 'broken') return EXIT.broken;
  return report.outcome === 'busy' ? EXIT.notNow : EXIT.done;
}
