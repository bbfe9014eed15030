// One job over several components, under the one lock where it changes anything: the counterpart of engine/updater for a device of many parts.
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import type { ExplainReport } from '../../domain/explain.js';
import type { Job, OfComponent } from '../../domain/jobs.js';
import type { CheckResult, ComponentCheck, ComponentFailure, ComponentVersions, UpdateResult } from '../../domain/results.js';
import { adoptDevice } from '../adopt.js';
import { approve } from '../approve.js';
import { explain } from '../explain.js';
import { listVersions } from '../list-versions.js';
import { noteHolds } from '../note-holds.js';
import { noteSettings } from '../note-settings.js';
import { readDevice } from '../read-device.js';
import { findTarget, rollBack } from '../rollback.js';
import { downloadUpdate, runUpdate } from '../update.js';
import { anchorAudit, backUp, check, noteFailure, takeLock, unblock, watched, watchedCycle, type Updater } from '../updater.js';
import { assertApart, memberOf, placesOf, type AppParts, type ComponentPlace, type Member } from './app-parts.js';
import { asUpdate } from './as-update.js';
import { checkGroup, findLifted } from './find-group.js';
import { mergeChecks, mergeUpdates } from './merge-results.js';
import { assertMayGoBack } from './may-go-back.js';
import { readNeighbours } from './neighbours.js';
import { rollBackGroup } from './rollback-group.js';
import { readyMembers, type GivenUp, type ReadyMember } from './ready-members.js';
import { runTurn, type Act } from './run-turn.js';
import { updateGroup } from './update-group.js';

export function createComponentsUpdater(given: AppParts): Updater {
  const app = { ...given, members: withNeighbours(given) };
  return {
    async run(job, signal) {
      switch (job.kind) {
        case 'check': return checkAll(app, job.component, signal);
        case 'cycle': return turn(app, undefined, false, signal, async (place) => (place.length > 1
          ? updateGroup(app, place, { asked: () => ({ who: 'daemon', named: undefined }), from: undefined, dryRun: false, leaves: true }, signal)
          : eachOf(async ({ parts }) => asUpdate(await watchedCycle(parts, signal)))(place)));
        case 'update': return update(app, job, signal);
        case 'rollback': return rollback(app, job, signal);
        case 'adopt': return turn(app, job.component, true, signal, eachOf(({ parts }) => adoptDevice(parts, job, signal)));
        case 'versions': return versions(app, job.component, signal);
        case 'settle': return underAppLock(app, signal, async () => null);
        case 'download': return withOne(app, job, signal, ({ parts }) => downloadUpdate(parts, job.version, signal));
        case 'backup': return withOne(app, job, signal, async ({ parts }) => backUp(parts));
        case 'approve': return withOne(app, job, signal, async ({ parts }) => approve(parts, job));
        case 'explain': return job.component === undefined && job.version === undefined ? explainAll(app, signal) : explainOne(app, memberOf(app, requireName(app, job)), job.version, signal);
        case 'unblock': return withOne(app, job, signal, async ({ parts }) => unblock(parts, job.version), job.version);
      }
    },
  };
}

/** What members of a group need of each other is judged when all of them have been chosen. */
const withNeighbours = ({ members, together }: AppParts): readonly Member[] => members.map((member) => {
  const fellows = together.find((group) => group.includes(member.name))?.filter((name) => name !== member.name) ?? [];
  return { ...member, parts: { ...member.parts, neighbours: () => readNeighbours(member, members, fellows) } };
});

const eachOf = (act: (member: ReadyMember) => Promise<UpdateResult>): Act => async (place) => {
  const results: UpdateResult[] = [];
  for (const member of place) results.push(await act(member));
  return results;
};

async function underAppLock<Result>(app: AppParts, signal: AbortSignal, work: (ready: readonly ReadyMember[]) => Promise<Result>, givenUp?: GivenUp): Promise<Result> {
  const lock = takeLock(app.app);
  try {
    assertApart(app.members);
    const ready = await readyMembers(app, signal, givenUp);
    noteSettings(app.app);
    noteHolds(app.app);
    return await work(ready);
  } catch (thrown) {
    noteFailure(app.app, toHoldlineError(thrown));
    throw thrown;
  } finally {
    anchorAudit(app.app);
    lock.release();
  }
}

/** @param all also those that are not enabled */
async function turn(app: AppParts, component: string | undefined, all: boolean, signal: AbortSignal, act: Act): Promise<UpdateResult> {
  const begunMs = app.app.clock.monotonicMs();
  const places = chosenPlaces(app, component, all);
  const done = await underAppLock(app, signal, (ready) => runTurn(places, ready, act, signal));
  return mergeUpdates(done, app.app.clock.monotonicMs() - begunMs);
}

/** A person who names one means that one, and what moves with it; also one that is not enabled. */
function chosenPlaces(app: AppParts, component: string | undefined, all: boolean): readonly ComponentPlace[] {
  const places = placesOf(app);
  if (component === undefined) return all ? places : places.filter((place) => place.every(({ facts }) => facts.enabled));
  const member = memberOf(app, component);
  return places.filter((place) => place.some(({ name }) => name === member.name));
}

async function update(app: AppParts, job: Extract<Job, { kind: 'update' }>, signal: AbortSignal): Promise<UpdateResult> {
  const { version, from, dryRun, component, unattended } = job;
  if (version !== undefined && component === undefined) {
    throw new HoldlineError('usage', `cannot update to ${version}: this device has several components`, { hint: `Say which one: holdline --update ${version} --component NAME (${app.members.map(({ name }) => name).join(', ')}).` });
  }
  const versionOf = ({ name }: Member): string | undefined => (name === component ? version : undefined);
  return turn(app, component, false, signal, async (place) => (place.length > 1
    ? updateGroup(app, place, { asked: (member) => ({ who: unattended === true ? 'daemon' : 'person', named: versionOf(member), dryRun }), from, dryRun, leaves: false }, signal)
    : eachOf((member) => watched(member.parts, () => runUpdate(member.parts, { version: versionOf(member), from, dryRun, unattended }, signal)))(place)));
}

async function rollback(app: AppParts, job: Extract<Job, { kind: 'rollback' }>, signal: AbortSignal): Promise<UpdateResult> {
  const { component, target, dryRun } = job;
  if (component === undefined) {
    throw new HoldlineError('usage', 'cannot roll back: this device has several components', { hint: `Say which one: holdline rollback NAME [VERSION] (${app.members.map(({ name }) => name).join(', ')}).` });
  }
  return turn(app, component, true, signal, async (place) => {
    const [member] = place;
    if (member === undefined || place.length > 1) return rollBackGroup(app, place, { component, target, dryRun }, signal);
    const found = findTarget(member.parts, readDevice(member.parts), target);
    assertMayGoBack({ name: member.name, neighbours: readNeighbours(member, app.members) }, found.kind === 'version' ? found.version.record : found.backup.manifest.record);
    return [await rollBack(member.parts, { target, dryRun }, signal)];
  });
}

async function versions(app: AppParts, component: string | undefined, signal: AbortSignal): Promise<readonly ComponentVersions[]> {
  const known: ComponentVersions[] = [];
  for (const { name, parts } of component === undefined ? app.members : [memberOf(app, component)]) known.push({ component: name, versions: await listVersions(parts, signal) });
  return known;
}

async function explainAll(app: AppParts, signal: AbortSignal): Promise<readonly ExplainReport[]> {
  const reports: ExplainReport[] = [];
  for (const member of app.members) reports.push(await explainOne(app, member, undefined, signal));
  return reports;
}

async function explainOne({ members }: AppParts, member: Member, version: string | undefined, signal: AbortSignal): Promise<ExplainReport> {
  return explain(member.parts, version, signal, await findLifted(member, members, signal));
}

function requireName({ members }: AppParts, { component, kind }: Pick<Job, 'kind'> & OfComponent): string {
  if (component !== undefined) return component;
  throw new HoldlineError('usage', `cannot ${kind} all of them: this device has several components`, { hint: `Say which one, with --component or by its name: ${members.map(({ name }) => name).join(', ')}.` });
}

async function withOne<Result>(app: AppParts, { component, kind }: Pick<Job, 'kind'> & OfComponent, signal: AbortSignal, act: (member: ReadyMember) => Promise<Result>, givenUp?: string): Promise<Result> {
  const { name } = memberOf(app, requireName(app, { component, kind }));
  return underAppLock(app, signal, async (ready) => {
    const member = memberOf({ members: ready }, name) as ReadyMember;
    if (member.broken !== null) throw member.broken;
    return act(member);
  }, givenUp === undefined ? undefined : { component: name, version: givenUp });
}

/** Looks at each; one that cannot be looked at does not hide the others. */
async function checkAll(app: AppParts, component: string | undefined, signal: AbortSignal): Promise<CheckResult> {
  const places = chosenPlaces(app, component, false);
  const found: (ComponentCheck | ComponentFailure)[] = [];
  const errors: HoldlineError[] = [];
  for (const place of places) {
    try {
      const [only] = place;
      const results = only !== undefined && place.length === 1 ? [await check(only.parts, signal)] : await checkGroup(place, signal);
      found.push(...results.map((result, index) => ({ component: place[index]?.name ?? '', ...result })));
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = toHoldlineError(thrown);
      errors.push(error);
      found.push(...place.map(({ name }): ComponentFailure => ({ component: name, outcome: 'failed', reason: error.message, code: error.code })));
    }
  }
  const [first] = errors;
  if (first !== undefined && errors.length === places.length) throw first;
  return mergeChecks(found);
}

