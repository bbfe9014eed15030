// Holds, approvals and explanations, for people.
import type { ApprovalResult, ExplainedRelease, ExplainReport } from '../../domain/explain.js';
import type { HoldsReport, StandingHold } from '../../domain/holds.js';
import type { Ruling } from '../../domain/ruling.js';
import { describeSeconds } from '../../domain/duration.js';
import { formatTable, formatWhen } from './format.js';
import { paint, printable, type Paint, type Terminal } from './terminal.js';

export function holdRows(holds: readonly StandingHold[], now: number): string[][] {
  return holds.map(({ kind, id, owner, reason, until }) => [
    id ?? kind, printable(owner), until === null ? 'as long as it lasts' : `until ${formatWhen(until, now)}`, printable(reason ?? ''),
  ]);
}

export function renderHold(terminal: Terminal, hold: StandingHold): string {
  const until = hold.until === null ? 'as long as its process runs' : `until ${formatWhen(hold.until, terminal.now())}`;
  return `${paint(terminal, 'green', 'held')} as ${printable(hold.owner)} ${until}\n  end it with: holdline release-hold ${hold.id ?? ''}\n`;
}

export function renderHolds(terminal: Terminal, report: HoldsReport): string {
  const alarm = report.alarm === null ? '' : `${paint(terminal, 'red', 'ALARM')}: ${printable(report.alarm)}\n`;
  if (report.standing.length === 0) return `nobody holds updates back\n${alarm}`;
  const since = report.since === null ? '' : `they keep an update away since ${formatWhen(report.since, terminal.now())}\n`;
  return `${formatTable(holdRows(report.standing, terminal.now()))}${since}${alarm}`;
}

export function renderReleased(terminal: Terminal, released: readonly StandingHold[]): string {
  if (released.length === 0) return 'there was nothing to release\n';
  return released.map(({ id, owner }) => `${paint(terminal, 'green', 'released')}: ${id ?? ''} of ${printable(owner)}\n`).join('');
}

export function renderApproval(terminal: Terminal, { approval, note }: ApprovalResult): string {
  const word = approval.verdict === 'approved' ? paint(terminal, 'green', 'approved') : paint(terminal, 'yellow', 'rejected');
  return `${word}: ${approval.version} by ${printable(approval.by)}\n${note === null ? '' : `  ${printable(note)}\n`}`;
}

const DECISIONS: Readonly<Record<ExplainReport['decision'], readonly [Paint, string]>> = {
  install: ['cyan', 'would be installed now'], wait: ['yellow', 'waits'], nothing: ['green', 'nothing to do'],
};
const MARKS: Readonly<Record<Ruling['verdict'], readonly [Paint, string]>> = { pass: ['green', 'passes'], wait: ['yellow', 'waits '], refuse: ['red', 'says no'] };

export function renderExplain(terminal: Terminal, report: ExplainReport): string {
  const [colour, text] = DECISIONS[report.decision];
  const { waiting, policy } = report;
  const now = terminal.now();
  const head = `${report.component === null ? '' : `${paint(terminal, 'bold', report.component)}: `}${report.current_version ?? 'nothing'} runs, ${report.latest_version ?? 'none'} is the newest of ${report.channel}\n${report.release ?? ''} ${paint(terminal, colour, text)}`;
  const why = waiting === null ? '' : ` (${waiting.reason}): ${printable(waiting.detail)}${waiting.until === null ? '' : `, until ${formatWhen(waiting.until, now)}`}`;
  const rules = [
    ['policy', Object.entries(policy.types).map(([type, word]) => `${type} ${word}`).join(', ')],
    ...(policy.windows.length === 0 ? [] : [['windows', `${policy.windows.join('; ')} (${policy.time_zone}); without a window: ${policy.windows_pass.join(', ') || 'nothing'}`]]),
    ...(policy.pin === null ? [] : [['pin', policy.pin]]), ...(policy.range === null ? [] : [['range', policy.range]]),
    ...(policy.minimum_age === 0 ? [] : [['minimum age', describeSeconds(policy.minimum_age)]]),
    ['an update takes', `about ${describeSeconds(policy.estimate)}, the margin included`],
    ...report.hooks.map(({ hook, command, timeout, user }) => [`hook ${hook}`, printable(`${command.join(' ')} (as ${user ?? 'nobody'}, at most ${describeSeconds(timeout)})`)]),
  ];
  const approvals = report.approvals.map(({ version, verdict, by, at, reason }) => [version, verdict, `by ${printable(by)}`, formatWhen(at, now), printable(reason ?? '')]);
  const section = (title: string, rows: readonly (readonly string[])[]): string => (rows.length === 0 ? '' : `\n${paint(terminal, 'bold', title)}\n${formatTable(rows, '  ')}`);
  return `${head}${why}\n${section('rules', rules)}${section('holds', holdRows(report.holds, now))}${section('approvals', approvals)}${section(`device: score ${report.requirements?.score ?? 100} of 100`, requirementRows(terminal, report.requirements))}${report.releases.map((release) => explainRelease(terminal, release)).join('')}`;
}

/** What is not as it should be, with its remedy; what is well, or what the device does not tell, is in --json. */
function requirementRows(terminal: Terminal, requirements: ExplainReport['requirements']): readonly (readonly string[])[] {
  return (requirements?.checks ?? []).filter(({ remedy }) => remedy !== null).map(({ name, verdict, needed, have, remedy }) => [
    paint(terminal, verdict === 'failed' ? 'red' : 'yellow', verdict), printable(name), printable(`${have} (needed: ${needed})`), printable(remedy ?? ''),
  ]);
}

function explainRelease(terminal: Terminal, { tag, type, why, decision, rulings }: ExplainedRelease): string {
  const head = `\n${paint(terminal, 'bold', tag)}${type === null ? '' : ` (${type})`}: ${decision === 'install' ? paint(terminal, 'cyan', 'the next one') : printable(why)}\n`;
  // One rule alone has said it already.
  return rulings.length < 2 ? head : head + formatTable(rulings.map(({ rule, verdict, detail }) => [mark(terminal, verdict), rule, printable(detail)]), '  ');
}

function mark(terminal: Terminal, verdict: Ruling['verdict']): string {
  const [colour, text] = MARKS[verdict];
  return paint(terminal, colour, text);
}
