// Runs in a process of its own: downloads one release and prints its peak memory. Arguments: API URL, folder, size.
import { join } from 'node:path';
import { downloadAsset } from '../../src/artifact/download.js';
import { systemClock } from '../../src/platform/clock.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createFetch } from '../../src/platform/http.js';
import { createGitHubSource } from '../../src/source/github.js';

const [apiUrl = '', folder = ''] = process.argv.slice(2);
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const fs = createFilesystem();
const source = createGitHubSource({
  fetch: createFetch({ proxy: { https: null, http: null, no: null } }), fs, clock: systemClock, log, cacheFile: join(folder, 'cache.json'),
  repo: 'acme/big', apiUrl, token: null, retries: { maxRetries: 0, retryDelayMs: 1 }, userAgent: 'holdline/test',
});
const { signal } = new AbortController();
const release = (await source.list(signal)).releases[0];
const asset = release?.assets[0];
if (asset === undefined) throw new Error('no asset');
const beforeKiB = process.resourceUsage().maxRSS;
const started = performance.now();
const done = await downloadAsset({ source, fs, clock: systemClock, log, report: () => undefined }, {
  asset, key: 'payload', expected: { size: asset.size, sha256: asset.sha256 ?? undefined }, maxBytes: 2 ** 31, directory: join(folder, 'downloads'),
  stallMs: 30_000, deadlineMs: 600_000, maxRetries: 1, retryDelayMs: 100, minFreeBytes: 0,
}, signal);
const ms = Math.round(performance.now() - started);
process.stdout.write(JSON.stringify({ size: done.size, beforeKiB, peakKiB: process.resourceUsage().maxRSS, ms, cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000) }));
process.exit(0);
