// A plan as lines for --dry-run and the log.
import type { Plan, TouchAction, TouchReason } from '../domain/plan.js';

export function describePlan(plan: Plan): string[] {
  const lines = [`${plan.kind}: ${plan.from?.version ?? 'nothing'} -> ${plan.to.version}`];
  let state = '';
  for (const step of plan.steps) {
    if (step.state !== state) { state = step.state; lines.push(`${state}:`); }
    lines.push(`  ${step.name.padEnd(18)} ${step.summary}`);
  }
  const p = plan.probation;
  lines.push(...describeServices(plan));
  lines.push(p.seconds > 0 ? `probation: ${p.seconds} s, a probe every ${p.interval} s, reverted after ${p.failures} failures in a row` : 'probation: judged once');
  return lines;
}

const HOW: Readonly<Record<TouchAction, string>> = { restart: 'restarted', roll: 'restarted in its turn', reload: 'told' };

/** Each process that is touched, how, and because of what. */
function describeServices({ services, touched, heldBack }: Plan): string[] {
  const held = (heldBack ?? []).map(({ name, because, why }) => `  ${name.padEnd(15)} left as it is, although ${describeReason(because)}: ${why}`);
  if (services.length === 0) return ['no process is touched', ...held];
  const lines = (touched ?? []).map(({ name, action, because, unless }) => `  ${name.padEnd(15)} ${HOW[action]}: ${describeReason(because)}${unless === undefined ? '' : ', unless the merge with what was edited here leaves it as it is'}`);
  return [`processes that are touched, in start order: ${services.join(', ')}`, ...lines, ...held];
}

function describeReason(because: TouchReason): string {
  switch (because.kind) {
    case 'path': return `${because.path} changes${because.count > 1 ? `, and ${because.count - 1} more of its files` : ''}`;
    case 'service': return `it depends on ${because.service}`;
    case 'everything': return because.why;
  }
}
