// Commands about what may come when: holds, approvals, and why it does what it does.
import { InvalidArgumentError, type Command } from 'commander';
import valid from 'semver/functions/valid.js';
import { parseDuration } from '../../domain/duration.js';
import type { ExplainReport } from '../../domain/explain.js';
import { HoldlineError } from '../../domain/errors.js';
import { withCommon, type Bindings, type CommonOptions } from './bindings.js';
import { renderApproval, renderExplain, renderHold, renderHolds, renderReleased } from './render-policy.js';

interface HoldOptions extends CommonOptions { readonly owner: string; readonly for?: number; readonly pid?: number; readonly reason?: string; readonly id?: string }
interface ReleaseOptions extends CommonOptions { readonly owner?: string; readonly force?: boolean; readonly reason?: string }
interface ApproveOptions extends CommonOptions { readonly component?: string; readonly reason?: string }

const HOLD_EXAMPLES = `
Examples:
  holdline hold --owner measurement --for 2h --reason "night run"
  holdline hold --owner backup --pid $$        in a script: as long as it runs
  holdline hold --owner backup --id b1 --for 5m    again and again: the same owner renews its lease

Exit codes: 0 held: no update is being switched, and none will be · 75 an update is under way, nothing is held.`;

const EXPLAIN_EXAMPLES = `
Examples:
  holdline explain                     which release is next, what keeps it away, until when
  holdline explain 2.0.0               what every rule says of this one
  holdline explain database 2.0.0      the same of a component`;

function addHolds(program: Command, b: Bindings): void {
  withCommon(program.command('hold').description('not now: no update is switched to until the hold ends').addHelpText('after', HOLD_EXAMPLES))
    .requiredOption('--owner <name>', 'who holds', ownerOf)
    .option('--for <duration>', 'for how long: 90s, 30m, 2h, 1d', secondsOf).option('--pid <pid>', 'ends at the latest with this process', pidOf)
    .option('--reason <text>', 'why, for people').option('--id <id>', 'a name for it; the same owner renews its hold under it', idOf)
    .action((options: HoldOptions) => b.show(options, async () => {
      const hold = await (await b.app(options)).hold({ owner: options.owner, seconds: options.for ?? null, pid: options.pid ?? null, reason: options.reason ?? null, id: options.id ?? null });
      return { json: hold, text: b.render((t) => renderHold(t, hold)), exit: 0 };
    }));
  withCommon(program.command('holds').description('who holds updates back, why and until when'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const report = await (await b.app(options)).holds();
      return { json: report, text: b.render((t) => renderHolds(t, report)), exit: 0 };
    }));
  withCommon(program.command('release-hold').description('end a hold: your own, or with --force anybody\'s').argument('[id]', 'as `holdline holds` shows it'))
    .option('--owner <name>', 'as this owner; without an id all holds of it', ownerOf).option('--force', 'also when it is another\'s; written into the audit log').option('--reason <text>', 'why')
    .action((id: string | undefined, options: ReleaseOptions) => b.show(options, async () => {
      if (id === undefined && options.owner === undefined) throw new HoldlineError('usage', 'cannot release a hold: neither an id nor --owner is given', { hint: 'See holdline holds.' });
      const result = await (await b.app(options)).releaseHold({ id: id ?? null, owner: options.owner ?? null, force: options.force === true, reason: options.reason ?? null });
      return { json: result, text: b.render((t) => renderReleased(t, result.released)), exit: 0 };
    }));
}

function addApprovals(program: Command, b: Bindings): void {
  for (const [name, verdict, description] of [
    ['approve', 'approved', 'say yes to a version that waits for a person; it is installed when nothing else keeps it away'],
    ['reject', 'rejected', 'say no to a version: it comes only by name'],
  ] as const) {
    withCommon(program.command(name).description(description).argument('<version>'))
      .option('--component <name>', 'of which component').option('--reason <text>', 'why; kept with who and when')
      .action((version: string, options: ApproveOptions) => b.show(options, async () => {
        const result = await (await b.app(options)).approve({ version, verdict, component: options.component, reason: options.reason ?? null });
        return { json: result, text: b.render((t) => renderApproval(t, result)), exit: 0 };
      }));
  }
}

export function addPolicyCommands(program: Command, b: Bindings): void {
  withCommon(program.command('explain').description('which releases were seen, which rule decided what, what is waited for and until when')
    .argument('[component]', 'where there are several').argument('[version]', 'tell of this one only').addHelpText('after', EXPLAIN_EXAMPLES))
    .action((first: string | undefined, second: string | undefined, options: CommonOptions) => b.show(options, async () => {
      const isVersion = second === undefined && first !== undefined && valid(first) !== null;
      const report = await (await b.app(options)).explain(isVersion ? { component: undefined, version: first } : { component: first, version: second });
      const all: readonly ExplainReport[] = 'releases' in report ? [report] : report;
      return { json: 'releases' in report ? report : { components: all }, text: b.render((t) => all.map((one) => renderExplain(t, one)).join('\n')), exit: 0 };
    }));
  addApprovals(program, b);
  addHolds(program, b);
}

function secondsOf(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds > MAX_HOLD_S) throw new InvalidArgumentError(`It must be a length of time up to ${MAX_HOLD_S / 86_400}d, like 90s, 30m or 2h.`);
  return seconds;
}

/** Longer is no hold: set enabled, a pin or the policy instead. */
const MAX_HOLD_S = 366 * 86_400;

function pidOf(text: string): number {
  if (!/^[1-9]\d{0,9}$/u.test(text)) throw new InvalidArgumentError('It must be the number of a process: --pid $$.');
  return Number(text);
}

function idOf(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/u.test(text)) throw new InvalidArgumentError('It must be 1 to 64 letters, digits, "_" or "-".');
  return text;
}

function ownerOf(text: string): string {
  if (text.trim() === '' || text.length > 100 || /\p{Cc}/u.test(text)) throw new InvalidArgumentError('It must be a name of at most 100 characters.');
  return text;
}
