// The fetcher: the part that talks to the network and reads what others packed. Before the first byte of either it gives up every right
// but reading and TCP; what it wants written, its parent writes, in the folders of the question at hand. Loads nothing else of ours.
import { HoldlineError, toHoldlineError } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import type { Layout } from '../domain/layout.js';
import type { Logger, ReleaseListing, ReleaseSource } from '../domain/ports.js';
import type { RunEvent } from '../domain/results.js';
import type { Settings } from '../domain/settings.js';
import { fetchSmallAsset } from '../artifact/fetch-small-asset.js';
import { transferBounds } from '../artifact/obtain-manifest.js';
import { plainError } from '../interface/control/protocol.js';
import { brokeredCalls, type BrokeredCalls } from '../platform/brokered-calls.js';
import { systemClock } from '../platform/clock.js';
import { createFilesystem } from '../platform/filesystem.js';
import { giveUpRights } from '../platform/give-up-rights.js';
import { nodeSystemCalls } from '../platform/node-system-calls.js';
import type { SharedListing } from '../source/github.js';
import { localSources, type SourceParts } from './fetcher/local-sources.js';
import { layoutOf } from './layout-of.js';
import { EFFECT_PIPES, MAX_WHOLE_ASSET_BYTES, type FromFetcher, type Question, type SourceFacts, type ToFetcher } from './fetcher/questions.js';

const send = (message: FromFetcher): void => { if (process.connected) process.send?.(message); };

function remoteLog(): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields: Readonly<Record<string, unknown>> = {}): void => send({ type: 'log', level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

interface View { readonly settings: Settings; readonly sources: SourceParts }
interface Work extends View { readonly log: Logger; readonly effects: Pick<BrokeredCalls, 'keepsUnchanged' | 'settle'>; readonly components: ReadonlyMap<string, View> }

function begin(settings: Settings, layout: Layout): Work {
  const given = giveUpRights();
  send({ type: 'begun', lacks: given.done ? null : given.why });
  const log = remoteLog();
  const effects = brokeredCalls(EFFECT_PIPES, nodeSystemCalls());
  const fs = createFilesystem(effects.calls);
  const inside = { fs, log, report: (event: RunEvent) => send({ type: 'event', event }) };
  const repos = new Map<string, SharedListing>();
  const components = new Map(settings.components?.map((view): [string, View] => {
    const repo = view.githubRepo.toLowerCase();
    const listing = repos.get(repo) ?? { kept: undefined };
    repos.set(repo, listing);
    return [view.component.name, { settings: view, sources: localSources({ ...inside, settings: view, layout: layoutOf(view), listing }) }];
  }));
  return { settings, log, effects, components, sources: localSources({ ...inside, settings, layout }) };
}

async function listAll({ components }: Work, { settings }: View, signal: AbortSignal): Promise<Record<string, ReleaseListing>> {
  const listings: Record<string, ReleaseListing> = {};
  for (const [name, view] of components) {
    if (view.settings.githubRepo.toLowerCase() === settings.githubRepo.toLowerCase()) listings[name] = await view.sources.source.list(signal);
  }
  return listings;
}

function sourceOf({ sources }: View, question: Question): ReleaseSource {
  const from = 'from' in question ? question.from : null;
  return from === null ? sources.source : sources.sourceFrom(from);
}

async function perform(work: Work, view: View, question: Question, source: ReleaseSource, signal: AbortSignal): Promise<unknown> {
  const artifact = view.sources.artifact(source);
  switch (question.kind) {
    case 'list': return source.list(signal);
    case 'listings': return listAll(work, view, signal);
    case 'read': {
      const content = await fetchSmallAsset({ source, clock: systemClock, log: work.log }, question.asset, MAX_WHOLE_ASSET_BYTES, transferBounds(view.settings), signal);
      return content.toString('base64');
    }
    case 'file': {
      const file = await source.file?.(question.path, question.etag, question.maxBytes, signal) ?? { kind: 'missing' as const };
      return file.kind === 'content' ? { ...file, content: file.content.toString('base64') } : file;
    }
    case 'payload': return artifact.obtainPayload(question.release, question.manifest, signal);
    case 'listing': return artifact.listPayload(question.payload, signal);
    case 'extract':
      work.effects.keepsUnchanged(question.reuse);
      return artifact.extract(question.payload, question.into, question.reuse, signal);
  }
}

async function answer(work: Work, id: number, question: Question, signal: AbortSignal): Promise<void> {
  const view = question.component === undefined ? work : work.components.get(question.component) ?? work;
  const source = sourceOf(view, question);
  const facts = (): SourceFacts => ({ description: source.description, requestsToday: source.requestsToday(), rateLimit: source.rateLimit() });
  try {
    work.effects.keepsUnchanged(null);
    const result = await perform(work, view, question, source, signal);
    try { work.effects.settle(); } catch (thrown) { throw explainFsError(thrown, 'write what was fetched'); }
    send({ type: 'answer', id, result, facts: facts() });
  } catch (thrown) {
    const error = toHoldlineError(thrown);
    send({ type: 'refusal', id, error: plainError(error), context: error.context, facts: facts() });
  }
}

function main(): void {
  const stop = new AbortController();
  let work: Work | undefined;
  // The parent decides when this ends, also when a person ends both from a terminal: it may have effects to undo.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToFetcher) => {
    if (message.type === 'begin') work = begin(message.settings, message.layout);
    else if (message.type === 'abort') stop.abort(new HoldlineError('interrupted', 'cannot go on: holdline was asked to stop. Nothing was changed'));
    else if (work !== undefined) void answer(work, message.id, message.question, stop.signal);
  });
}

main();
