// The answers of the other commands, for people.
import type { BackupSummary, CheckResult, HistoryEntry, UpdateResult } from '../../domain/results.js';
import type { DoctorFinding, MadeReport, RecoverReport, VerifyFinding } from '../app.js';
import { describePlan } from '../describe-plan.js';
import { formatBytes, formatDuration, formatTable, formatWhen } from './format.js';
import { paint, printable, type Paint, type Terminal } from './terminal.js';

/** What is not as it should be, with its remedy. */
function renderRequirements(report: CheckResult['requirements']): string {
  const told = (report?.checks ?? []).filter(({ remedy }) => remedy !== null);
  return told.map(({ name, needed, have, verdict, remedy }) => `  ${printable(`${verdict === 'failed' ? 'failed' : 'to look at'}: ${name} is ${have}, needed ${needed}: ${remedy ?? ''}`)}\n`).join('');
}

export function renderCheck(terminal: Terminal, result: CheckResult): string {
  if (result.components !== undefined) return renderComponentChecks(terminal, result.components);
  const running = result.current_version ?? 'nothing';
  if (result.waiting !== null && result.outcome !== 'available') {
    const until = result.waiting.until === null ? '' : `, until ${formatWhen(result.waiting.until, terminal.now())}`;
    return `${paint(terminal, 'yellow', 'waiting')} (${result.waiting.reason}): ${printable(result.waiting.detail)}${until}\n${renderRequirements(result.requirements)}`;
  }
  if (result.outcome === 'available' && result.release !== null) {
    const size = result.release.size === null ? '' : `, ${formatBytes(result.release.size)}`;
    // The newest one may have to wait while a lower one may come.
    const next = result.latest_version !== null && result.release.tag.endsWith(result.latest_version) ? result.latest_version : result.release.tag;
    return `${paint(terminal, 'cyan', 'update available')}: ${running} -> ${printable(next)} (${result.release.type}${size})\n  ${printable(result.release.url)}\n  ${result.waiting === null ? '' : `${printable(result.waiting.detail)}\n  `}install it with: holdline --update\n`;
  }
  return result.latest_version === null
    ? `no releases yet; ${running} is installed\n`
    : `${paint(terminal, 'green', 'up to date')}: ${running} is installed, ${result.latest_version} is the newest\n`;
}

function renderComponentChecks(terminal: Terminal, checks: NonNullable<CheckResult['components']>): string {
  return checks.map((check) => `${paint(terminal, 'bold', check.component)}: ${check.outcome === 'failed' ? `${paint(terminal, 'red', 'could not be checked')}: ${printable(check.reason)} [${check.code}]\n` : renderCheck(terminal, { ...check, components: undefined })}`).join('');
}

const OUTCOME: Record<UpdateResult['outcome'], readonly [Paint, string]> = {
  updated: ['green', 'updated'], current: ['green', 'up to date'], waiting: ['yellow', 'not now'],
  rolled_back: ['yellow', 'rolled back'], failed: ['red', 'failed, nothing changed'], broken: ['red', 'BROKEN: a person is needed'],
};

export function renderUpdate(terminal: Terminal, result: UpdateResult): string {
  if (result.components !== undefined) return result.components.map((update) => `${paint(terminal, 'bold', update.component)}: ${renderUpdate(terminal, { ...update, components: undefined })}`).join('');
  if (result.plan !== undefined) return `${paint(terminal, 'bold', 'the plan')} (nothing was changed)\n${describePlan(result.plan).map((line) => `  ${line}\n`).join('')}`;
  const [colour, text] = OUTCOME[result.outcome];
  const versions = result.to === null ? `${result.from ?? ''}` : `${result.from ?? 'nothing'} -> ${result.to}`;
  const lines = [`${paint(terminal, colour, text)}  ${versions}`];
  if (result.reason !== null) lines.push(`  ${printable(result.reason)}${result.code === null ? '' : paint(terminal, 'dim', ` [${result.code}]`)}`);
  const figures: string[][] = [];
  if (result.downtime_ms !== null) figures.push(['downtime', formatDuration(result.downtime_ms)]);
  if (result.bytes_downloaded > 0) figures.push(['downloaded', formatBytes(result.bytes_downloaded)]);
  if (result.bytes_written > 0) figures.push(['written', formatBytes(result.bytes_written)]);
  if (result.restarted.length > 0) figures.push(['restarted', result.restarted.join(', ')]);
  if (result.reloaded.length > 0) figures.push(['told', result.reloaded.join(', ')]);
  if (result.outcome !== 'current') figures.push(['took', formatDuration(result.duration_ms)]);
  for (const c of result.config_conflicts) {
    figures.push(['config kept', `${printable(c.path)}${c.key === null ? '' : ` (${printable(c.key)})`}${c.written_as === null ? '' : `; the release's own file is ${printable(c.written_as)}`}`]);
  }
  for (const warning of result.warnings ?? []) lines.push(`  ${paint(terminal, 'yellow', 'warning')}: ${printable(warning)}`);
  return `${lines.join('\n')}\n${formatTable(figures, '  ')}`;
}

export function renderHistory(_terminal: Terminal, entries: readonly HistoryEntry[]): string {
  if (entries.length === 0) return 'nothing has happened yet\n';
  return formatTable(entries.map((e) => [
    `${e.at.slice(0, 19).replace('T', ' ')} UTC`, ...(e.component === undefined ? [] : [e.component]), e.kind, e.outcome, `${e.from ?? 'nothing'} -> ${e.to}`,
    e.downtime_ms === null ? '' : `down ${formatDuration(e.downtime_ms)}`, printable([...(e.reason === null ? [] : [e.reason]), ...e.warnings ?? []].join('; ')),
  ]));
}

export function renderBackups(_terminal: Terminal, backups: readonly BackupSummary[]): string {
  if (backups.length === 0) return 'no backups yet: the first is made by the first update\n';
  return formatTable(backups.map((b) => [...(b.component === undefined ? [] : [b.component]), b.name, b.version, b.created, formatBytes(b.bytes)]));
}

export function renderVerify(terminal: Terminal, findings: readonly VerifyFinding[]): string {
  return findings.map((f) => {
    const head = f.ok ? paint(terminal, 'green', 'whole') : paint(terminal, 'red', 'damaged');
    const rows = [...f.damage.map((d) => `  ${paint(terminal, 'red', printable(d))}\n`), ...f.edited.map((e) => `  ${paint(terminal, 'dim', `edited here: ${printable(e)}`)}\n`)];
    return `${head}  ${f.subject} (${f.files} files)\n${rows.join('')}`;
  }).join('');
}

export function renderRecover(terminal: Terminal, report: RecoverReport): string {
  const text = { nothing: 'nothing to repair', repaired: 'repaired', resume: 'an update is still being watched; the next run goes on', broken: 'BROKEN: a person is needed', busy: 'busy: an update is running' }[report.outcome];
  return `${paint(terminal, report.outcome === 'broken' ? 'red' : 'green', text)}\n${report.actions.map((a) => `  ${printable(a)}\n`).join('')}`;
}

export function renderDoctor(terminal: Terminal, findings: readonly DoctorFinding[]): string {
  const mark: Record<DoctorFinding['verdict'], string> = { passed: paint(terminal, 'green', 'ok  '), warned: paint(terminal, 'yellow', 'warn'), failed: paint(terminal, 'red', 'FAIL') };
  return findings.map((f) => `${mark[f.verdict]}  ${f.check}: ${printable(f.detail)}\n${f.remedy === null ? '' : `      ${paint(terminal, 'bold', 'what to do:')} ${printable(f.remedy)}\n`}`).join('');
}

export function renderMade(terminal: Terminal, report: MadeReport): string {
  const facts = Object.entries(report.facts).filter(([, v]) => v !== null).map(([k, v]) => [k, String(v)]);
  return `${report.files.map((f) => `${paint(terminal, 'green', 'wrote')} ${f}\n`).join('')}${formatTable(facts, '  ')}${report.next.length === 0 ? '' : `\nnext:\n${report.next.map((n) => `  ${n}\n`).join('')}`}`;
}
