// One extraction in a fresh folder, with everything around it watched.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractPayload, listPayload, type ExtractRequest, type ExtractResult, type PayloadListing } from '../../src/artifact/extract.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { Logger } from '../../src/domain/ports.js';
import type { RunEvent } from '../../src/domain/results.js';
import type { ArchiveLimits } from '../../src/domain/settings.js';
import { makeTempFolder, removeTempFolder } from './temp-folder.js';

export const TEST_LIMITS: ArchiveLimits = { payloadBytes: 2 ** 28, unpackedBytes: 2 ** 28, entries: 1000, depth: 16, ratio: 200 };
export const silentLog: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Bench {
  readonly root: string;
  readonly into: string;
  readonly events: RunEvent[];
  extract(payload: Buffer, overrides?: Partial<ExtractRequest>, signal?: AbortSignal): Promise<ExtractResult>;
  list(payload: Buffer, overrides?: Partial<ExtractRequest>): Promise<PayloadListing>;
  /** Removes what was unpacked. */
  clear(): void;
  remove(): void;
}

/** `root` holds a payload, an `outside` folder nobody may touch, and `work/tree`, the place to unpack into. */
export function openBench(): Bench {
  const root = makeTempFolder('extract');
  const into = join(root, 'work/tree');
  const fs = createFilesystem();
  const events: RunEvent[] = [];
  const deps = { fs, log: silentLog, report: (event: RunEvent) => { events.push(event); } };
  mkdirSync(join(root, 'outside/deep'), { recursive: true });
  mkdirSync(join(root, 'work'));
  writeFileSync(join(root, 'outside/passwd'), 'root');
  writeFileSync(join(root, 'work/neighbour'), 'next door');
  const request = (payload: Buffer, overrides: Partial<ExtractRequest>): ExtractRequest => {
    writeFileSync(join(root, 'payload.tar.gz'), payload);
    return {
      payload: join(root, 'payload.tar.gz'), into, strip: 'auto', managedPaths: ['src', 'config', 'VERSION'],
      limits: TEST_LIMITS, links: 'inside', reuse: null, ...overrides,
    };
  };
  return {
    root, into, events,
    extract: async (payload, overrides = {}, signal = new AbortController().signal) => await extractPayload(deps, request(payload, overrides), signal),
    list: async (payload, overrides = {}) => await listPayload(deps, request(payload, overrides), new AbortController().signal),
    clear: () => fs.remove(into),
    remove: () => { if (existsSync(root)) removeTempFolder(root); },
  };
}
