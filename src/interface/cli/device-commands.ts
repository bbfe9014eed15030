// Commands about this device: check, update, status and their kin.
import type { Command } from 'commander';
import type { UpdateResult } from '../../domain/results.js';
import { HoldlineError } from '../../domain/errors.js';
import { exitCodeOfCheck, exitCodeOfRecover, exitCodeOfRollback, exitCodeOfUpdate } from './exit-codes.js';
import { withCommon, type Answer, type Bindings, type CommonOptions } from './bindings.js';
import { renderVersions } from './render-components.js';
import { renderBackups, renderCheck, renderDoctor, renderHistory, renderRecover, renderUpdate, renderVerify } from './render-results.js';
import { renderStatus } from './render-status.js';

const HISTORY_LINES = 20;

const COMPONENT = ['--component <name>', 'this one of several components, and what moves together with it'] as const;
interface OfComponent { readonly component?: string | undefined }

function addUpdating(program: Command, b: Bindings): void {
  const updated = (result: UpdateResult, exit: number): Answer => ({ json: result, text: b.render((t) => renderUpdate(t, result)), exit });
  withCommon(program.command('check').description('is there a newer release? changes nothing'))
    .option('--exit-code', 'exit with 10 when an update is available')
    .option(...COMPONENT)
    .action((options: CommonOptions & OfComponent & { exitCode?: boolean }) => b.show(options, async () => {
      const result = await (await b.app(options)).check({ component: options.component });
      return { json: result, text: b.render((t) => renderCheck(t, result)), exit: exitCodeOfCheck(result, options.exitCode === true) };
    }));
  withCommon(program.command('update').description('install the newest release, or VERSION').argument('[version]', 'this version; an older one is installed only when named'), true)
    .option('--from <path>', 'take the release from a folder or file instead of GitHub, verified the same way')
    .option('--unattended', 'for timers: obey policy, windows and approvals as the daemon does')
    .option(...COMPONENT)
    .action((version: string | undefined, options: CommonOptions & OfComponent & { from?: string; unattended?: boolean }) => b.show(options, async () => {
      if (version !== undefined && options.unattended === true) throw new HoldlineError('usage', 'cannot update to a named version unattended: who names one is there', { hint: 'Leave out one of the two.' });
      const result = await (await b.app(options)).update({ component: options.component, version, from: options.from, dryRun: options.dryRun === true, unattended: options.unattended === true });
      return updated(result, exitCodeOfUpdate(result));
    }));
  withCommon(program.command('rollback').description('back to the previous version, to VERSION, or to a named backup').argument('[words...]', '[COMPONENT] [VERSION|BACKUP]: a kept version or the name of a backup'), true)
    .action((words: readonly string[], options: CommonOptions) => b.show(options, async () => {
      if (words.length > 2) throw new HoldlineError('usage', `cannot roll back to ${words.join(' ')}`, { hint: 'holdline rollback [COMPONENT] [VERSION|BACKUP]' });
      const result = await (await b.app(options)).rollback({ words, dryRun: options.dryRun === true });
      return updated(result, exitCodeOfRollback(result));
    }));
  withCommon(program.command('adopt').description('take over a plain app folder without changing what it does (the first update does it too)'), true)
    .option(...COMPONENT)
    .action((options: CommonOptions & OfComponent) => b.show(options, async () => {
      const result = await (await b.app(options)).adopt({ component: options.component, dryRun: options.dryRun === true });
      return updated(result, exitCodeOfUpdate(result));
    }));
}

function addLooking(program: Command, b: Bindings): void {
  withCommon(program.command('status').description('what runs, what is newer, what waits or is blocked'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const status = await (await b.app(options)).status();
      return { json: status, text: b.render((t) => renderStatus(t, status)), exit: status.state === 'broken' ? 21 : 0 };
    }));
  withCommon(program.command('history').description('what was updated, rolled back or reverted, newest first'))
    .option('-n, --lines <count>', 'how many', String(HISTORY_LINES))
    .action((options: CommonOptions & { lines: string }) => b.show(options, async () => {
      const lines = Number(options.lines);
      if (!Number.isInteger(lines) || lines < 1) throw new HoldlineError('usage', `cannot show ${options.lines} lines`, { hint: 'Give a whole number from 1.' });
      const entries = await (await b.app(options)).history(lines);
      return { json: { history: entries }, text: b.render((t) => renderHistory(t, entries)), exit: 0 };
    }));
  withCommon(program.command('backups').description('the backups kept on this device'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const backups = await (await b.app(options)).backups();
      return { json: { backups }, text: b.render((t) => renderBackups(t, backups)), exit: 0 };
    }));
  withCommon(program.command('versions').description('the versions kept here and those to be had, newest first').argument('[component]', 'of this one of several components'))
    .action((component: string | undefined, options: CommonOptions) => b.show(options, async () => {
      const components = await (await b.app(options)).versions({ component });
      return { json: { components }, text: b.render((t) => renderVersions(t, components)), exit: 0 };
    }));
  withCommon(program.command('verify').description('prove the running tree and every backup against their hashes'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const findings = await (await b.app(options)).verify();
      const whole = findings.every((f) => f.ok);
      return { json: { outcome: whole ? 'whole' : 'damaged', findings }, text: b.render((t) => renderVerify(t, findings)), exit: whole ? 0 : 1 };
    }));
}

function addMending(program: Command, b: Bindings): void {
  withCommon(program.command('recover').description('finish or undo an interrupted update (also runs by itself at boot and at each start)'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const report = await (await b.app(options)).recover();
      return { json: report, text: b.render((t) => renderRecover(t, report)), exit: exitCodeOfRecover(report) };
    }));
  withCommon(program.command('unblock').description('let a reverted version be tried again').argument('<version>'))
    .option(...COMPONENT)
    .action((version: string, options: CommonOptions & OfComponent) => b.show(options, async () => {
      const result = await (await b.app(options)).unblock(version, { component: options.component });
      const text = result.unblocked ? `${version} may be tried again\n` : `${version} was not blocked\n`;
      return { json: result, text, exit: 0 };
    }));
  withCommon(program.command('doctor').description('check settings, token, reachability, disk, permissions, clock, units, keys; each with its remedy'))
    .action((options: CommonOptions) => b.show(options, async () => {
      const findings = await (await b.app(options)).doctor();
      const failed = findings.some((f) => f.verdict === 'failed');
      return { json: { outcome: failed ? 'failed' : 'passed', findings }, text: b.render((t) => renderDoctor(t, findings)), exit: failed ? 1 : 0 };
    }));
}

export function addDeviceCommands(program: Command, bindings: Bindings): void {
  addUpdating(program, bindings);
  addLooking(program, bindings);
  addMending(program, bindings);
}
