// The steps around the switch that the touched services need. Before it stands the mirror image of what follows it, so that undoing,
// which goes backwards, ends with the old version started, told and rolled in the same order. Pure.
import type { PlanStep, TouchAction, TouchedService } from '../domain/plan.js';
import type { ProbationSettings } from '../domain/settings.js';
import type { PlanStepOf } from './make-plan.js';
import type { ServicesParams } from './step-params.js';

export interface ServiceSteps { readonly before: readonly PlanStep[]; readonly after: readonly PlanStep[] }

interface Chunk { readonly action: TouchAction; readonly services: readonly string[] }

export function planServiceSteps(planStep: PlanStepOf, touched: readonly TouchedService[], probation: ProbationSettings, staging: string): ServiceSteps {
  const chunks = chunk(touched);
  const { interval, failures } = probation;
  const watch = { seconds: Math.min(probation.seconds, interval), interval, failures };
  const doubtful = touched.filter(({ unless }) => unless !== undefined);
  const paramsOf = (services: readonly string[]): ServicesParams => ({ services, ...(doubtful.length === 0 ? {} : { doubtful: { staging, touched: doubtful } }) });
  const startsLater = (index: number): boolean => chunks.slice(index + 1).some(({ action }) => action === 'restart');
  return {
    before: chunks.toReversed().map(({ action, services }) => (action === 'restart' ? planStep('stop-services', paramsOf(services)) : planStep('recall-services', { ...paramsOf(services), how: action }))),
    after: chunks.map(({ action, services }, index) => {
      switch (action) {
        case 'restart': return planStep('start-services', paramsOf(services));
        case 'reload': return planStep('reload-services', paramsOf(services));
        case 'roll': return planStep('roll-services', { ...paramsOf(services), watch: { ...watch, allProbes: !startsLater(index) } });
      }
    }),
  };
}

/** Neighbours that are touched in the same way share a step; each rolled instance has its own, so that the journal says how far it came. */
function chunk(touched: readonly TouchedService[]): readonly Chunk[] {
  const chunks: { action: TouchAction; services: string[] }[] = [];
  for (const { name, action } of touched) {
    const last = chunks.at(-1);
    if (last?.action === action && action !== 'roll') last.services.push(name);
    else chunks.push({ action, services: [name] });
  }
  return chunks;
}
