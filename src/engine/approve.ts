// A person's word on a version: remembered, and in the audit log. The caller holds the lock.
import semver from 'semver';
import { HoldlineError } from '../domain/errors.js';
import type { ApprovalResult } from '../domain/explain.js';
import type { Approval } from '../domain/state.js';
import { changeDeviceState } from './device-state.js';
import type { EngineParts } from './parts.js';
import { peekVersion } from './read-device.js';

/** More are a mistake; the oldest go first. */
const MAX_APPROVALS = 100;

export interface ApproveRequest { readonly version: string; readonly verdict: Approval['verdict']; readonly by: string; readonly reason: string | null }

export function approve(parts: EngineParts, request: ApproveRequest): ApprovalResult {
  const version = semver.valid(request.version);
  if (version === null) throw new HoldlineError('usage', `cannot ${request.verdict === 'approved' ? 'approve' : 'reject'} ${request.version}: it is no version`, { hint: 'Write it like 1.4.2; holdline --check shows the newest.' });
  const approval: Approval = { version, verdict: request.verdict, by: request.by, reason: request.reason, at: parts.clock.now().toISOString() };
  const state = changeDeviceState(parts.fs, parts.layout, (before) => ({ ...before, approvals: [...before.approvals.filter((one) => one.version !== version), approval].slice(-MAX_APPROVALS) }));
  parts.audit.note({ event: request.verdict, reason: request.reason, facts: { version, by: request.by } });
  return { approval, approvals: state.approvals, note: noteOf(parts, version, state.latest_version !== version && !Object.values(state.seen).some((seen) => seen.version === version)) };
}

function noteOf(parts: EngineParts, version: string, isUnseen: boolean): string | null {
  const current = peekVersion(parts);
  if (current !== null && semver.lte(version, current)) return `${current} runs here already: an older version comes only by name (holdline --update ${version})`;
  return isUnseen ? 'this device has not seen a release of that version yet; it counts when there is one' : null;
}
