// Mistakes in the order of journal and deed, as changes of one line each of a test build. A unit test holds them to the sources.
import type { Patch } from './patched-build.js';

const RUN_PLAN = 'engine/run-plan.ts';
const DO = '    await run.steps[planned.name]?.do(run.contextOf?.(planned) ?? run.context, planned.params as never);';
const INTENT = "  journal.append({ type: 'intent', step: index, at: stamp(clock) });\n  try {";
const DONE = "  journal.append({ type: 'done', step: index, at: stamp(clock) });";

export const PLANTED = {
  intentAfterDeed: [{ file: RUN_PLAN, from: INTENT, to: '  try {' }, { file: RUN_PLAN, from: DO, to: `${DO}\n    journal.append({ type: 'intent', step: index, at: stamp(clock) });` }],
  doneAndCommitBeforeDeed: [
    { file: RUN_PLAN, from: DONE, to: '' },
    { file: RUN_PLAN, from: DO, to: `    ${DONE.trim()}\n    if (index === journal.begin.plan.steps.length - 2) journal.append({ type: 'state', state: 'committed', at: stamp(clock) });\n${DO}` },
    { file: 'engine/fold-journal.ts', from: "if (record.step !== draft.stepsStarted || draft.stepsDone !== draft.stepsStarted || ", to: 'if (' },
    { file: 'engine/transitions.ts', from: 'export function assertTransition(', to: 'export function assertTransition(_from: unknown, _to: unknown): void { /* a control */ }\nfunction unusedTransition(' },
  ],
  doneBeforeDeed: [{ file: RUN_PLAN, from: DONE, to: '' }, { file: RUN_PLAN, from: DO, to: `    ${DONE.trim()}\n${DO}` }],
} as const satisfies Record<string, readonly Patch[]>;
