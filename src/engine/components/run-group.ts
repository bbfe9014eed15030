// The transaction of components that commit or revert as one: one plan, one journal beside them all, one probation. A crash at any point
// finds one journal, so that recovery needs to know nothing of groups but where each member lies.
import { journalDir } from '../../domain/layout.js';
import type { JournalMember } from '../../domain/journal.js';
import type { Plan } from '../../domain/plan.js';
import type { UpdateResult } from '../../domain/results.js';
import { joinPlans } from '../../decide/join-plans.js';
import type { Stage, StepContext } from '../../steps/context.js';
import type { Books } from '../close-books.js';
import { createJournal } from '../journal.js';
import type { EngineParts } from '../parts.js';
import type { Run } from '../run.js';
import { carryOut, downtimeOf, makeContext, makeRun, type TransactionEnd } from '../run-transaction.js';
import { resultOf } from '../update-result.js';
import type { AppParts, Member } from './app-parts.js';
import { closeGroupBooks } from './group-books.js';

export interface Move { readonly member: Member; readonly plan: Plan; readonly stage: Stage; readonly bytesDownloaded: number; readonly wentWith?: JournalMember['went_with'] }
export interface GroupTransaction { readonly id: string; readonly moves: readonly Move[]; readonly begunMs: number; readonly admitSwitch?: Run<StepContext>['admitSwitch'] }

/** Answers in the order of the moves. */
export async function runGroup(app: AppParts, { id, moves, begunMs, admitSwitch }: GroupTransaction, signal: AbortSignal): Promise<readonly UpdateResult[]> {
  const parts = groupParts(app, moves.map(({ member }) => member.name));
  const { fs, layout, clock, settings, actor } = parts;
  const plan = joinPlans(moves.map((move) => ({ component: move.member.name, plan: move.plan })));
  const journal = createJournal(fs, journalDir(layout), {
    type: 'begin', format: 1, transaction: id, app: settings.app, install_dir: moves[0]?.member.parts.layout.installDir ?? layout.installDir, state_dir: layout.stateDir,
    at: clock.now().toISOString(), actor, plan, members: moves.map(journalMember),
  });
  for (const { member, plan: { kind, from, to } } of moves) {
    parts.audit.note({ event: 'begun', facts: { transaction: id, component: member.name, kind, from: from?.version ?? null, to: to.version, directory: to.directory } });
  }
  const contexts = new Map(moves.map((move) => [move.member.name, makeContext(move.member.parts, move.stage)]));
  const run = withContexts({ ...makeRun(parts, journal, moves[0]?.stage ?? noStaging, signal), admitSwitch }, contexts);
  const tookMs = (): number => clock.monotonicMs() - begunMs;
  const measured = (name: string): Pick<Books, 'downtimeMs' | 'bytesWritten' | 'bytesDownloaded' | 'warnings'> => {
    const results = contexts.get(name)?.results;
    return {
      downtimeMs: results === undefined ? null : downtimeOf(results), bytesWritten: results?.bytesWritten ?? 0, warnings: results?.warnings,
      bytesDownloaded: moves.find(({ member }) => member.name === name)?.bytesDownloaded ?? 0,
    };
  };
  const end = await carryOut(parts, run, (facts) => closeGroupBooks(app.members, { ...facts, journal, durationMs: tookMs(), downtimeMs: null, bytesDownloaded: 0, bytesWritten: 0 }, measured), signal);
  if (end.outcome === 'discarded' && end.error !== undefined) throw end.error;
  return moves.map((move) => answerOf(move, end, contexts.get(move.member.name), tookMs()));
}

/** The app's parts with the probes of these components: what carries out, watches and resumes a group. */
function groupParts(app: AppParts, names: readonly string[]): EngineParts {
  return { ...app.app, watch: (touched, rules, signal) => app.watch(names, touched, rules, signal) };
}

const noStaging = (): Promise<never> => Promise.reject(new Error('nothing is staged here'));

const journalMember = ({ member, plan, wentWith }: Move): JournalMember =>
  ({ component: member.name, install_dir: member.parts.layout.installDir, state_dir: member.parts.layout.stateDir, from: plan.from, to: plan.to, ...(wentWith === undefined ? {} : { went_with: wentWith }) });

function withContexts(run: Run<StepContext>, contexts: ReadonlyMap<string, StepContext>): Run<StepContext> {
  return { ...run, contextOf: ({ component }) => contexts.get(component ?? '') ?? run.context };
}

function answerOf({ plan, bytesDownloaded }: Move, end: TransactionEnd, context: StepContext | undefined, durationMs: number): UpdateResult {
  const results = context?.results ?? end.results;
  return resultOf(plan, { ...end, results, downtimeMs: downtimeOf(results) }, { durationMs, bytesDownloaded });
}
