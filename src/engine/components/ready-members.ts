// Before anything new: what was interrupted is put in order, for the app and for each component by itself. Under the lock.
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import type { UpdateResult } from '../../domain/results.js';
import { journalDir } from '../../domain/layout.js';
import { readDeviceState } from '../device-state.js';
import { findUnfinished } from '../journal.js';
import type { EngineParts } from '../parts.js';
import { resumeProbation, settleEnded } from '../settle.js';
import { prune } from '../prune.js';
import { noteFailure, noting } from '../updater.js';
import type { AppParts, Member } from './app-parts.js';
import { closeGroupBooks } from './group-books.js';

export interface ReadyMember extends Member {
  /** Why nothing may be done with it now; the others go on. */
  readonly broken: HoldlineError | null;
  /** Its probation was still open and has ended now. */
  readonly resumed: UpdateResult | undefined;
}

/** The version of a component whose module a person no longer waits for. */
export interface GivenUp { readonly component: string; readonly version: string }

/** @throws HoldlineError when what they share is not in order: then nobody knows what a transaction of several has left */
export async function readyMembers(given: AppParts, signal: AbortSignal, givenUp?: GivenUp): Promise<readonly ReadyMember[]> {
  const { app, members } = given;
  recoverOne(app, 'the app');
  readDeviceState(app.fs, app.layout);
  const stuck = await settleGroups(given, givenUp);
  const resumed = await resumeGroup(given, signal);
  const ready: ReadyMember[] = [];
  for (const member of members) {
    const error = stuck.get(member.name);
    if (error !== undefined) ready.push(await leaveAsItIs(member, error));
    else ready.push(resumed.get(member.name) ?? await readyMember(member, signal, givenUp?.component === member.name ? givenUp.version : undefined));
  }
  return ready;
}

/** Closes transactions of several. @returns those whose module has still to undo what it applied: they wait for it together, the others go on */
async function settleGroups({ app, members }: AppParts, givenUp: GivenUp | undefined): Promise<ReadonlyMap<string, HoldlineError>> {
  const stuck = new Map<string, HoldlineError>();
  await settleEnded(app, {
    // What commits and reverts as one is given up on as one: also by the name of another, where the settings no longer have the module.
    isGivenUp: ({ members: moved }) => moved?.some(({ component, to }) => component === givenUp?.component && to.version === givenUp.version) === true,
    close: (books) => closeGroupBooks(members, books),
    tidy: ({ members: moved }) => { for (const { name, parts } of members) if (moved?.some(({ component }) => component === name) === true) prune(parts); },
    onStuck: ({ members: moved }, error) => { for (const { component } of moved ?? []) stuck.set(component, error); },
  });
  return stuck;
}

/** Goes on with a probation of several. @returns those whose verdict was still open */
async function resumeGroup({ app, members, watch }: AppParts, signal: AbortSignal): Promise<ReadonlyMap<string, ReadyMember>> {
  const open = findUnfinished(app.fs, journalDir(app.layout)).flatMap(({ summary }) => summary.begin.members ?? []);
  const names = open.map(({ component }) => component);
  const resumed = await resumeProbation({ ...app, watch: (touched, rules, stop) => watch(names, touched, rules, stop) }, signal, (books) => closeGroupBooks(members, books));
  if (resumed === undefined) return new Map();
  const own = (member: Member): UpdateResult => {
    const move = open.find(({ component }) => component === member.name);
    return { ...resumed, from: move?.from?.version ?? null, to: move?.to.version ?? null };
  };
  return new Map(members.filter(({ name }) => names.includes(name)).map((member) => [member.name, { ...member, broken: null, resumed: own(member) }]));
}

async function readyMember(member: Member, signal: AbortSignal, givenUp: string | undefined): Promise<ReadyMember> {
  const { parts, name } = member;
  try {
    recoverOne(parts, name);
    readDeviceState(parts.fs, parts.layout);
    await settleEnded(parts, { isGivenUp: ({ plan: { to } }) => to.version === givenUp });
    return { ...member, broken: null, resumed: await resumeProbation(parts, signal) };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return leaveAsItIs(member, toHoldlineError(thrown));
  }
}

/** Said once, and shown until it is over. */
async function leaveAsItIs(member: Member, error: HoldlineError): Promise<ReadyMember> {
  const { parts, name } = member;
  parts.log.error(`${name} is left as it is: ${error.message}`, { code: error.code });
  noteFailure(parts, error);
  await noting(parts, () => Promise.reject(error)).catch(() => undefined);
  return { ...member, broken: error, resumed: undefined };
}

function recoverOne(parts: EngineParts, whose: string): void {
  const { outcome, actions } = parts.recover();
  for (const action of actions) parts.log.warn(action);
  if (outcome !== 'broken') return;
  throw new HoldlineError('broken', `cannot go on with ${whose}: recovery could not put it in order: ${actions.join('; ')}`, { hint: 'Run holdline recover and follow what it says; nothing of it is changed until then.' });
}
