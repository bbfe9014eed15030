// What a device that finds nothing new asks GitHub in a day: the real source and the daemon's own timing, a day of fake time.
import { join } from 'node:path';
import { nextCheckDelay } from '../../../src/main/daemon/next-check.js';
import type { Clock } from '../../../src/domain/ports.js';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { createFetch } from '../../../src/platform/http.js';
import { createGitHubSource } from '../../../src/source/github.js';
import { startLocalGitHub } from '../../support/github.js';
import type { Section } from '../section.js';
import type { Row } from '../table.js';

const REPO = 'lab/app';
const TOKEN = 'idle-token-not-secret';
const DAY_MS = 24 * 3_600_000;
const INTERVAL_S = 3600;
const RELEASES = 30;
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export const requests: Section = {
  name: 'requests', title: 'an idle day at GitHub',
  run: async (world) => [...await idleDay(join(world.root, 'with'), TOKEN), ...await idleDay(join(world.root, 'without'), null)],
};

async function idleDay(folder: string, token: string | null): Promise<Row[]> {
  let nowMs = Date.parse('2026-11-21T00:00:00Z');
  const end = nowMs + DAY_MS;
  const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: (_ms, signal) => new Promise((_resolve, reject) => { signal?.addEventListener('abort', () => reject(new Error('stopped')), { once: true }); }) };
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: false } }, now: clock.now });
  let counted = 0;
  let least = Number.POSITIVE_INFINITY;
  let checks = 0;
  try {
    for (let minor = 0; minor < RELEASES; minor += 1) await github.addRelease(REPO, { tag: `v1.${minor}.0`, assets: { 'app.tar.gz': Buffer.from('payload') } });
    const fetch = createFetch({ proxy: { https: null, http: null, no: null } });
    for (let first = true; ; first = false) {
      nowMs += nextCheckDelay({ interval: INTERVAL_S, first, waiting: null, now: clock.now(), random: 0.5 }) * 1000;
      if (nowMs >= end) break;
      checks += 1;
      // A new one for each check, as each check is a new worker: what is remembered is on the disk.
      const source = createGitHubSource({ fetch, fs: createFilesystem(), clock, log: QUIET, cacheFile: join(folder, 'source.json'), repo: REPO, apiUrl: github.apiUrl, token, retries: { maxRetries: 0, retryDelayMs: 1 }, userAgent: 'holdline/bench' });
      await source.list(new AbortController().signal);
      counted = source.requestsToday();
      least = Math.min(least, source.rateLimit()?.remaining ?? Number.NaN);
    }
    const unchanged = github.requests.filter(({ status }) => status === 304).length;
    const limit = token === null ? 60 : 5000;
    const what = `idle day ${token === null ? 'without' : 'with'} a token, check_interval ${INTERVAL_S}`;
    return [{
      what, ours: `${github.requests.length} requests in ${checks} checks, ${unchanged} of them 304`, peer: `${limit - least} of ${limit} an hour spent at the most`,
      ratio: counted === github.requests.length ? 'as counted' : `counted ${counted}`, aim: '<= 1 a check', met: github.requests.length <= checks && counted === github.requests.length,
    }];
  } finally { await github.close(); }
}
