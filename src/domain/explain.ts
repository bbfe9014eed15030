// What `holdline explain` answers: which releases were seen, which rule decided what, what is waited for and until when. Data only.
import type { HookName } from './hooks.js';
import type { StandingHold } from './holds.js';
import type { PolicyWord } from './policy.js';
import type { UpdateType } from './release.js';
import type { RequirementReport } from './requirement-report.js';
import type { Ruling } from './ruling.js';
import type { Approval, Waiting } from './state.js';

export interface ExplainedRelease {
  readonly tag: string;
  readonly version: string;
  /** Null where its description was not asked for, because a simpler rule had decided already. */
  readonly type: UpdateType | null;
  /** install: the next one; wait: something keeps it away; leave: it does not come by itself. */
  readonly decision: 'install' | 'wait' | 'leave';
  /** What decided, in one sentence. */
  readonly why: string;
  readonly rulings: readonly Ruling[];
}

export interface ExplainReport {
  /** Null where the app is one component. */
  readonly component: string | null;
  readonly current_version: string | null;
  readonly latest_version: string | null;
  readonly channel: string;
  /** What the daemon would do now. */
  readonly decision: 'install' | 'wait' | 'nothing';
  /** The release that would be installed, or that waits. */
  readonly release: string | null;
  readonly waiting: Waiting | null;
  readonly policy: {
    readonly types: Readonly<Record<UpdateType, PolicyWord>>; readonly minimum_age: number; readonly range: string | null; readonly pin: string | null;
    readonly windows: readonly string[]; readonly time_zone: string; readonly windows_pass: readonly UpdateType[];
    /** Seconds an update is expected to take, the margin included. */
    readonly estimate: number;
  };
  /** Programs that an update calls, in their order; the first may still say "not now". */
  readonly hooks: readonly { readonly hook: HookName; readonly command: readonly string[]; readonly timeout: number; readonly user: string | null }[];
  readonly holds: readonly StandingHold[];
  readonly approvals: readonly Approval[];
  /** What was asked of the device for that release; null where none was judged. */
  readonly requirements: RequirementReport | null;
  /** Highest first. */
  readonly releases: readonly ExplainedRelease[];
}

export interface ApprovalResult {
  readonly approval: Approval;
  /** All that still count. */
  readonly approvals: readonly Approval[];
  /** What the person may not expect; null for nothing. */
  readonly note: string | null;
}
