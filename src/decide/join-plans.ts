// One plan from the plans of components that commit or revert as one: everything is staged and prepared before the first service stops, and
// one probation judges all of them. Undoing it in reverse undoes every one of them, whoever does it. Pure.
import { HoldlineError } from '../domain/errors.js';
import type { JournalledStepState, Plan, PlanStep } from '../domain/plan.js';

/** In the order of updating: what another one depends on comes first. */
export interface MemberPlan { readonly component: string; readonly plan: Plan }

const BEFORE_SWITCH: readonly JournalledStepState[] = ['staging', 'preparing', 'ready'];
/** Asked before anything stops, and told after everything is undone: they stand around all the others, who depends on others first. */
const OUTER: ReadonlySet<PlanStep['name']> = new Set<PlanStep['name']>(['call-before-switch', 'call-after-revert']);
const SWITCHES: ReadonlySet<PlanStep['name']> = new Set<PlanStep['name']>(['remerge-config', 'switch-current', 'link-path']);

export function joinPlans(members: readonly MemberPlan[]): Plan {
  const [first] = members;
  if (first === undefined) throw new HoldlineError('internal', 'cannot plan a group: nobody is in it');
  const named = members.map(({ component, plan }) => plan.steps.map((step): PlanStep => ({ ...step, component, summary: `${component}: ${step.summary}` })));
  const isOuter = ({ name }: PlanStep): boolean => OUTER.has(name);
  const outer = (state: JournalledStepState): readonly PlanStep[] => named.toReversed().flatMap((own) => own.filter((step) => step.state === state && isOuter(step)));
  const parts = named.map((own) => splitSwitch(own.filter((step) => !isOuter(step))));
  const steps = [
    ...BEFORE_SWITCH.flatMap((state) => named.flatMap((own) => own.filter((step) => step.state === state && !isOuter(step)))),
    ...outer('ready'), ...outer('switching'),
    // Who depends on others stops first and starts last; a module applies once what it depends on has started, before its own services do.
    ...parts.toReversed().flatMap(({ before }) => before), ...parts.flatMap(({ switching }) => switching), ...parts.flatMap(({ after }) => after),
  ];
  const heldBack = members.flatMap(({ plan }) => plan.heldBack ?? []);
  return {
    kind: first.plan.kind, from: first.plan.from, to: first.plan.to, steps, services: members.flatMap(({ plan }) => plan.services),
    // Where one of them does not say how, nobody does: then all are restarted.
    ...(members.some(({ plan }) => plan.touched === undefined) ? {} : { touched: members.flatMap(({ plan }) => plan.touched ?? []) }),
    ...(heldBack.length === 0 ? {} : { heldBack }), probation: joinProbations(members),
  };
}

/** Around the steps that change what is selected: what stops, and what starts. */
function splitSwitch(steps: readonly PlanStep[]): { readonly before: readonly PlanStep[]; readonly switching: readonly PlanStep[]; readonly after: readonly PlanStep[] } {
  const own = steps.filter(({ state }) => state === 'switching');
  const begin = own.findIndex(({ name }) => SWITCHES.has(name));
  const end = own.findLastIndex(({ name }) => SWITCHES.has(name)) + 1;
  return { before: own.slice(0, Math.max(0, begin)), switching: own.slice(Math.max(0, begin), end), after: own.slice(end) };
}

/** As long as the one that is watched longest, as often and as strictly as the strictest. */
function joinProbations(members: readonly MemberPlan[]): Plan['probation'] {
  const all = members.map(({ plan }) => plan.probation);
  const least = (key: 'interval' | 'failures' | 'max_restarts'): number => Math.min(...all.map((probation) => probation[key]));
  return { seconds: Math.max(...all.map(({ seconds }) => seconds)), interval: least('interval'), failures: least('failures'), max_restarts: least('max_restarts') };
}
