// A process that unpacks one hostile payload under the limits given as JSON, and tells how it was refused and what that cost. Bundled by
// its callers, so that nothing else is in its memory.
import { resourceUsage } from 'node:process';
import { extractPayload } from '../../src/artifact/extract.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { ArchiveLimits } from '../../src/domain/settings.js';
import { codeOfThrown } from './code-of.js';

const [payload = '', into = '', limits = ''] = process.argv.slice(2);
const quiet = (): void => undefined;
const deps = { fs: createFilesystem(), report: quiet, log: { debug: quiet, info: quiet, warn: quiet, error: quiet } };
let code = 'accepted';
try {
  await extractPayload(deps, { payload, into, strip: 'auto', managedPaths: ['src', 'config', 'VERSION'], links: 'inside', limits: JSON.parse(limits) as ArchiveLimits, reuse: null }, new AbortController().signal);
} catch (thrown) { code = codeOfThrown(thrown); }
process.stdout.write(JSON.stringify({ code, peakRssMiB: resourceUsage().maxRSS / 1024 }));
