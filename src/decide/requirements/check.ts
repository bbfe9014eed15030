// One line of the requirements report. Pure.
import type { RequirementCheck, RequirementVerdict } from '../../domain/requirement-report.js';

/** Met or not; it stays so until somebody does something. */
export function lasting(name: string, needed: string, have: string, met: boolean, remedy: string): RequirementCheck {
  return { name, needed, have, verdict: met ? 'passed' : 'failed', remedy: met ? null : remedy, passing: false };
}

/** It changes by itself. */
export function passing(name: string, needed: string, have: string, verdict: RequirementVerdict, remedy: string): RequirementCheck {
  return { name, needed, have, verdict, remedy: verdict === 'failed' || verdict === 'warned' ? remedy : null, passing: true };
}
