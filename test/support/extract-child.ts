// A process that extracts one payload and tells what it cost; bundled by its callers, so that nothing else is in its memory.
import { resourceUsage } from 'node:process';
import { extractPayload } from '../../src/artifact/extract.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { treeDigest } from '../../src/domain/tree.js';

const [payload = '', into = '', current = ''] = process.argv.slice(2);
const quiet = (): void => undefined;
const fs = createFilesystem();
const started = performance.now();
const result = await extractPayload({ fs, report: quiet, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } }, {
  payload, into, strip: 'auto', managedPaths: ['src', 'config', 'VERSION'], links: 'inside', isCode: (path) => !path.startsWith('config/'),
  limits: { payloadBytes: 2 ** 31, unpackedBytes: 2 ** 33, entries: 500_000, depth: 64, ratio: 200 },
  reuse: current === '' ? null : { directory: current, isReusable: (path) => !path.startsWith('config/') },
}, new AbortController().signal);
const extractMs = performance.now() - started;
fs.syncFilesystem(into);
const usage = resourceUsage();
process.stdout.write(JSON.stringify({
  digest: treeDigest(result.tree), entries: result.entries, bytesWritten: result.bytesWritten, filesLinked: result.filesLinked, extractMs,
  totalMs: performance.now() - started, cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000, peakRssMiB: usage.maxRSS / 1024,
}));
