// Commands about trust: which keys count, and what was decided by whom.
import type { Command } from 'commander';
import { HoldlineError } from '../../domain/errors.js';
import { withCommon, type Bindings, type CommonOptions } from './bindings.js';
import { renderAudit, renderKeys } from './render-trust.js';

interface AuditOptions extends CommonOptions { readonly since?: string; readonly verify?: boolean; readonly lines: string }

const AUDIT_LINES = 50;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function addTrustCommands(program: Command, b: Bindings): void {
  withCommon(program.command('keys').description('which signing keys this device trusts, and why'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const report = await (await b.app(options)).keys();
      return { json: report, text: b.render((t) => renderKeys(t, report)), exit: 0 };
    }));
  withCommon(program.command('audit').description('what was decided and done here, by whom and why, newest last'))
    .option('--since <when>', 'ISO date, or how long back: 90m, 12h, 7d').option('--verify', 'prove that no line was changed, removed or moved; exit 1 when one was')
    .option('-n, --lines <count>', 'at most so many, the newest', String(AUDIT_LINES))
    .action((options: AuditOptions) => b.show(options, async () => {
      const lines = Number(options.lines);
      if (!Number.isInteger(lines) || lines < 1) throw new HoldlineError('usage', `cannot show ${options.lines} lines`, { hint: 'Give a whole number from 1.' });
      const now = b.render((t) => new Date(t.now()).toISOString());
      const report = await (await b.app(options)).audit(sinceOf(options.since, Date.parse(now)));
      const entries = report.entries.slice(-lines);
      const judged = options.verify === true ? { outcome: report.damage.length === 0 ? 'whole' : 'damaged', lines: report.lines, damage: report.damage } : {};
      return { json: { ...judged, entries }, text: b.render((t) => renderAudit(t, { ...report, entries }, options.verify === true)), exit: options.verify === true && report.damage.length > 0 ? 1 : 0 };
    }));
}

/** ISO 8601 UTC. */
function sinceOf(text: string | undefined, now: number): string | null {
  if (text === undefined) return null;
  const back = /^(\d{1,9})([smhd])$/u.exec(text);
  const at = back === null ? Date.parse(text) : now - Number(back[1]) * (UNITS_MS[back[2] ?? ''] ?? 0);
  if (Number.isNaN(at) || Number.isNaN(new Date(at).getTime())) throw new HoldlineError('usage', `cannot understand --since ${text}`, { hint: 'Give a date like 2026-11-21, or how long back: 90m, 12h, 7d.' });
  return new Date(at).toISOString();
}
