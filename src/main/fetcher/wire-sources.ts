// Sources and artifacts for an app, or for each of its components: one fetcher for all of them, and one listing of a repository for all who share it.
import type { Filesystem, Logger, ReleaseListing } from '../../domain/ports.js';
import type { Report } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { layoutOf } from '../layout-of.js';
import { createFetcher, type Fetcher } from './fetcher-process.js';
import type { SourceParts, SourceSurroundings } from './local-sources.js';
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
  const listings = new Map<string, Promise<Readonly<Record<string, ReleaseListing>>>>();
  return {
    of(view) {
      if (view.component === null) return remoteSources(inside(view), process);
      const { name } = view.component;
      const asked = ofComponent(process, name);
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

/** Each question says of which component it is. */
const ofComponent = (fetcher: Fetcher, component: string): Fetcher => ({
  ask: (question, grant, signal) => fetcher.ask({ ...question, component }, grant, signal), facts: () => fetcher.facts(), bytesWritten: () => fetcher.bytesWritten(), close: () => fetcher.close(),
});
