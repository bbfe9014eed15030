// Step: a program of the new version works between the switch and the start of its services. What it changes outside the tree it must
// bear to find changed, or have a module change it: there is no undo.
import type { Step } from '../domain/plan.js';
import type { HookParams } from '../decide/step-params.js';
import { askHook, describeHook } from './call-hook.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const callAfterSwitch: Step<HookParams, StepContext> = {
  name: 'call-after-switch',
  plan: (params) => ({ name: 'call-after-switch', state: 'switching', params, undo: [], summary: `call ${describeHook(params)}` }),
  do: explainStep('call the hook after_switch', (context, params) => askHook(context, params)),
};
