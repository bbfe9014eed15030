// A plan as lines for --dry-run and the log.
import type { Plan } from '../domain/plan.js';

export function describePlan(plan: Plan): string[] {
  const lines = [`${plan.kind}: ${plan.from?.version ?? 'nothing'} -> ${plan.to.version}`];
  let state = '';
  for (const step of plan.steps) {
    if (step.state !== state) { state = step.state; lines.push(`${state}:`); }
    lines.push(`  ${step.name.padEnd(15)} ${step.summary}`);
  }
  const p = plan.probation;
  lines.push(plan.services.length === 0 ? 'no service is stopped' : `services stopped and started, in start order: ${plan.services.join(', ')}`);
  lines.push(p.seconds > 0 ? `probation: ${p.seconds} s, a probe every ${p.interval} s, reverted after ${p.failures} failures in a row` : 'probation: judged once');
  return lines;
}
