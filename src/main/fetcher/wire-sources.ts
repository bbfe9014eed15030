// Sources and artifacts for an app, or for each of its components: one fetcher for all of them, one listing of a repository for all who share it,
// and one look at the manifest of a release that carries several of them.
import type { Filesystem, Logger, ReleaseListing } from '../../domain/ports.js';
import { MANIFEST_ASSET, SIGNATURE_ASSET } from '../../domain/release.js';
import type { Report } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { layoutOf } from '../layout-of.js';
import { createFetcher, type Fetcher } from './fetcher-process.js';
import type { SourceParts, SourceSurroundings } from './local-sources.js';
import type { Question } from './questions.js';
import { askListings, remoteSources } from './remote-sources.js';

export interface WiredSources {
  of(view: Settings): SourceParts;
  close(): void;
}

export interface SourceWiring { readonly log: Logger; readonly report: Report; readonly fetcher: string | ((inside: SourceSurroundings) => SourceParts) }

export function wireSources(settings: Settings, fs: Filesystem, { log, report, fetcher }: SourceWiring): WiredSources {
  const inside = (view: Settings): SourceSurroundings => ({ settings: view, layout: layoutOf(view), fs, log, report });
  if (typeof fetcher !== 'string') return { of: (view) => fetcher(inside(view)), close: () => undefined };
  const process = createFetcher({ ...inside(settings), script: fetcher });
  const manifests: KeptAnswers = new Map();
  const listings = new Map<string, Promise<Readonly<Record<string, ReleaseListing>>>>();
  return {
    of(view) {
      if (view.component === null) return remoteSources(inside(view), process);
      const { name } = view.component;
      const asked = ofComponent(process, name, manifests);
      /** A refusal is shared too: asking again at once would only spend what is left. */
      const listOnce = (signal: AbortSignal): Promise<Readonly<Record<string, ReleaseListing>>> => {
        const repo = view.githubRepo.toLowerCase();
        const known = listings.get(repo) ?? askListings(inside(view), asked, signal);
        listings.set(repo, known);
        return known;
      };
      return remoteSources(inside(view), asked, async (signal) => (await listOnce(signal))[name] ?? { releases: [], rateLimit: null });
    },
    close: () => process.close(),
  };
}

/** By the address of the asset, as the fetcher answered: everyone who uses it proves it anew. */
type KeptAnswers = Map<string, unknown>;

/** Of releases that carry several components; more, or longer ones, are asked for again. */
const MAX_KEPT_ANSWERS = 32;
const MAX_KEPT_LENGTH = 128 * 1024;

const isManifestRead = (question: Question): question is Extract<Question, { kind: 'read' }> =>
  question.kind === 'read' && question.from === null && [MANIFEST_ASSET, SIGNATURE_ASSET].includes(question.asset.name);

/** Each question says of which component it is. */
function ofComponent(fetcher: Fetcher, component: string, kept: KeptAnswers): Fetcher {
  const ask: Fetcher['ask'] = async (question, grant, signal) => {
    if (!isManifestRead(question)) return fetcher.ask({ ...question, component }, grant, signal);
    const { url } = question.asset;
    if (kept.has(url)) return kept.get(url);
    const answer = await fetcher.ask({ ...question, component }, grant, signal);
    if (kept.size < MAX_KEPT_ANSWERS && typeof answer === 'string' && answer.length <= MAX_KEPT_LENGTH) kept.set(url, answer);
    return answer;
  };
  return { ask, facts: () => fetcher.facts(), bytesWritten: () => fetcher.bytesWritten(), close: () => fetcher.close() };
}
