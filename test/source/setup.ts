// What the tests of the GitHub source share: a local GitHub, a real file for the cache, a clock that can be set.
import { join } from 'node:path';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Clock, Logger, ReleaseSource } from '../../src/domain/ports.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createFetch } from '../../src/platform/http.js';
import { createGitHubSource, type GitHubSourceOptions } from '../../src/source/github.js';
import { METADATA_DEADLINE_MS } from '../../src/source/octokit-fetch.js';
import type { LocalGitHub, LocalGitHubOptions } from '../support/github.js';
import { startLocalGitHub } from '../support/github.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

export { codeOfAsync as codeOf } from '../support/code-of.js';

export interface TestClock extends Clock { slept: number[]; advance(ms: number): void }

/** Sleeps at once, except the deadline of a request, which never comes. */
export function createTestClock(start = new Date()): TestClock {
  let offsetMs = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(start.getTime() + offsetMs),
    monotonicMs: () => offsetMs,
    advance: (ms) => { offsetMs += ms; },
    sleep(ms, signal) {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      if (ms >= METADATA_DEADLINE_MS) return new Promise((_, reject) => { signal?.addEventListener('abort', () => reject(signal.reason as Error)); });
      slept.push(ms);
      offsetMs += ms;
      return Promise.resolve();
    },
  };
}

export interface TestLog extends Logger { readonly lines: string[] }
export function createTestLog(): TestLog {
  const lines: string[] = [];
  const add = (level: string) => (message: string, fields?: object): void => { lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`); };
  return { lines, debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') };
}

export const TOKEN = 'ghp_secretsecretsecret';
export const NEVER = new AbortController().signal;
export const directFetch = createFetch({ proxy: { https: null, http: null, no: null } });

export interface Bench {
  readonly github: LocalGitHub;
  readonly clock: TestClock;
  readonly log: TestLog;
  readonly folder: string;
  readonly cacheFile: string;
  /** A new one, as after a restart: only the cache file is shared. */
  source(change?: Partial<GitHubSourceOptions>): ReleaseSource;
  close(): Promise<void>;
}

export async function createBench(options: LocalGitHubOptions = {}): Promise<Bench> {
  const clock = createTestClock();
  const log = createTestLog();
  const folder = makeTempFolder('source é');
  const cacheFile = join(folder, 'state', 'source-cache.json');
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: true } }, now: () => clock.now(), ...options });
  return {
    github, clock, log, folder, cacheFile,
    source: (change) => createGitHubSource({
      fetch: directFetch, fs: createFilesystem(), clock, log, cacheFile, repo: 'o/r', apiUrl: github.apiUrl, token: null,
      retries: { maxRetries: 2, retryDelayMs: 5000 }, userAgent: 'holdline/test', ...change,
    }),
    async close() {
      await github.close();
      removeTempFolder(folder);
    },
  };
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The HoldlineError itself, for its context and hint. */
export async function errorOf(act: () => Promise<unknown>): Promise<HoldlineError> {
  try {
    await act();
  } catch (thrown) {
    if (thrown instanceof HoldlineError) return thrown;
    throw thrown;
  }
  throw new Error('no error was thrown');
}
