// What carrying out a plan needs: the journal, the steps and the world, all handed in by the composition root.
import type { PlanStep, Step, StepName } from '../domain/plan.js';
import type { Audit, Clock, Filesystem, Logger } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import type { Waiting } from '../domain/state.js';
import type { Journal } from './journal.js';

/** `never`: the params are JSON of the plan, made by the same step's `plan`; only that step knows their shape. */
export type StepRegistry<Context> = { readonly [Name in StepName]?: Step<never, Context> };

export interface Run<Context> {
  readonly journal: Journal;
  readonly fs: Filesystem;
  readonly steps: StepRegistry<Context>;
  readonly context: Context;
  /** Of several that commit or revert as one: each step works on its own component. Absent: `context` for all. */
  readonly contextOf?: ((step: PlanStep) => Context) | undefined;
  readonly clock: Clock;
  readonly report: Report;
  readonly log: Logger;
  /** Absent: nothing is kept beside the journal. */
  readonly audit?: Audit | undefined;
  /** Asked once, right before the switch: what came up meanwhile discards the transaction. Absent: nothing is asked. */
  readonly admitSwitch?: (() => Promise<Waiting | null>) | undefined;
  /** Obeyed between steps until the switching begins, then ignored. */
  readonly signal: AbortSignal;
}

/** ISO 8601 UTC, for records. */
export const stamp = (clock: Clock): string => clock.now().toISOString();
