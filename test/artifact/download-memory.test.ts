// Memory stays flat whatever the size: measured in a process that does nothing else.
import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLocalGitHub, type LocalGitHub } from '../support/github.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const MiB = 1024 * 1024;
/** What Node's own socket reads leave to the collector varies by some 40 MiB; a download held in memory would add 95. */
const GROWTH_LIMIT_MIB = 64;
let folder: string;
let github: LocalGitHub;
let child: string;

beforeAll(async () => {
  folder = makeTempFolder('memory');
  github = await startLocalGitHub();
  child = join(folder, 'child.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../support/download-child.ts', import.meta.url))], outfile: child, bundle: true, platform: 'node', format: 'esm', target: 'node20', external: ['koffi'], logLevel: 'error',
    banner: { js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);' },
  });
});
afterAll(async () => {
  await github.close();
  removeTempFolder(folder);
});

interface Measured { readonly size: number; readonly beforeKiB: number; readonly peakKiB: number; readonly ms: number; readonly cpuMs: number }

async function measure(size: number): Promise<Measured> {
  const content = join(folder, `payload-${size}.tar.gz`);
  const file = openSync(content, 'w');
  ftruncateSync(file, size); // sparse: the bytes do not matter here
  closeSync(file);
  github.removeRelease('acme/big', 'v1.0.0');
  await github.addRelease('acme/big', { tag: 'v1.0.0', assets: { 'payload.tar.gz': content } });
  const { stdout } = await promisify(execFile)(process.execPath, [child, github.apiUrl, join(folder, `state-${size}`)], { encoding: 'utf8' });
  return JSON.parse(stdout) as Measured;
}

it('of 5 MB and of 100 MB', async () => {
  github.addRepository('acme/big');
  const small = await measure(5 * MiB);
  const large = await measure(100 * MiB);
  const growth = (large.peakKiB - small.peakKiB) / 1024;
  process.stdout.write(`download of 5 / 100 MiB: peak RSS ${Math.round(small.peakKiB / 1024)} / ${Math.round(large.peakKiB / 1024)} MiB (before ${Math.round(large.beforeKiB / 1024)}), ${large.ms} ms, ${large.cpuMs} ms CPU\n`);
  expect(large.size).toBe(100 * MiB);
  expect(growth).toBeLessThan(GROWTH_LIMIT_MIB);
});
