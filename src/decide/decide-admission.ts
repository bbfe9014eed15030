// May this release be installed now? Every gate says what it says, the first that does not pass decides. Pure.
import type { PolicySettings, WindowSettings } from '../domain/policy.js';
import type { StandingHold } from '../domain/holds.js';
import type { UpdateType } from '../domain/release.js';
import type { Ruling } from '../domain/ruling.js';
import type { Approval, Waiting } from '../domain/state.js';
import { judgeAge } from './judge-age.js';
import { judgeApproval } from './judge-approval.js';
import { judgeHold } from './judge-hold.js';
import { judgePolicy } from './judge-policy.js';
import { judgeWindow } from './judge-window.js';

/** daemon: nobody, it is its turn; person: who asked for the newest one; named: who asked for exactly this version. */
export type Asker = 'daemon' | 'person' | 'named';

export interface AdmissionRequest {
  readonly asker: Asker;
  readonly release: { readonly tag: string; readonly version: string; readonly type: UpdateType; readonly publishedAt: string };
  readonly now: Date;
  readonly policy: PolicySettings;
  readonly windows: WindowSettings;
  /** IANA name: that of the windows, else the device's own. */
  readonly timeZone: string;
  /** Seconds an update is expected to take, the margin included. */
  readonly estimate: number;
  /** What a person said of this version; null for nothing. */
  readonly approval: Approval | null;
  readonly holds: readonly StandingHold[];
}

export type Gate = (request: AdmissionRequest) => Ruling;

/** In the order in which their answers count. */
const GATES: readonly Gate[] = [judgeAge, judgePolicy, judgeApproval, judgeWindow, judgeHold];

export type Admission =
  | { readonly go: true; readonly rulings: readonly Ruling[] }
  /** `waiting` is null for a release that was refused: it does not come by itself, and a lower one may. */
  | { readonly go: false; readonly waiting: Waiting | null; readonly rulings: readonly Ruling[] };

export function decideAdmission(request: AdmissionRequest, gates: readonly Gate[] = GATES): Admission {
  const rulings = gates.map((gate) => gate(request));
  const first = rulings.find(({ verdict }) => verdict !== 'pass');
  if (first === undefined) return { go: true, rulings };
  return { go: false, waiting: first.verdict === 'wait' ? first.waiting : null, rulings };
}
