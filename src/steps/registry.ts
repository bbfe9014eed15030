// All steps by name. A step that is missing, or takes other params than the plan gives it, does not compile.
import type { PlanStep, Step, StepName } from '../domain/plan.js';
import type { StepParams } from '../decide/step-params.js';
import { adoptPath } from './adopt-path.js';
import { applyModule } from './apply-module.js';
import { backUp } from './back-up.js';
import { callAfterCommit } from './call-after-commit.js';
import { callAfterRevert } from './call-after-revert.js';
import { callAfterSwitch } from './call-after-switch.js';
import { callBeforeSwitch } from './call-before-switch.js';
import { carryPaths } from './carry-paths.js';
import type { StepContext } from './context.js';
import { linkPath } from './link-path.js';
import { mergeConfigStep } from './merge-config.js';
import { prepareModule } from './prepare-module.js';
import { placeVersion } from './place-version.js';
import { recallServices } from './recall-services.js';
import { reloadServices } from './reload-services.js';
import { remergeConfig } from './remerge-config.js';
import { rollServices } from './roll-services.js';
import { stageTree } from './stage-tree.js';
import { startServices } from './start-services.js';
import { stopServices } from './stop-services.js';
import { switchCurrent } from './switch-current.js';
import { syncTree } from './sync-tree.js';
import { writeRecord } from './write-record.js';

export type StepRegistry = { readonly [Name in StepName]: Step<StepParams[Name], StepContext> };

export const STEPS: StepRegistry = {
  'adopt-path': adoptPath,
  'link-path': linkPath,
  'stage-tree': stageTree,
  'carry-paths': carryPaths,
  'merge-config': mergeConfigStep,
  'write-record': writeRecord,
  'back-up': backUp,
  'sync-tree': syncTree,
  'place-version': placeVersion,
  'prepare-module': prepareModule,
  'apply-module': applyModule,
  'call-before-switch': callBeforeSwitch,
  'call-after-switch': callAfterSwitch,
  'call-after-commit': callAfterCommit,
  'call-after-revert': callAfterRevert,
  'stop-services': stopServices,
  'remerge-config': remergeConfig,
  'switch-current': switchCurrent,
  'start-services': startServices,
  'recall-services': recallServices,
  'reload-services': reloadServices,
  'roll-services': rollServices,
};

/** What `decide/make-plan` is given. */
export function planStep<Name extends StepName>(name: Name, params: StepParams[Name]): PlanStep {
  return STEPS[name].plan(params);
}
