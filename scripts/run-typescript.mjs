// Runs a TypeScript program of the tests: node scripts/run-typescript.mjs FILE [ARGUMENTS]. Bundles it beside the sources first,
// so that it runs on every Node we support without a loader.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) { console.error('usage: node scripts/run-typescript.mjs FILE [ARGUMENTS]'); process.exit(2); }
mkdirSync('.cache', { recursive: true });
const out = mkdtempSync(join('.cache', 'run-'));
const program = join(out, `${basename(file, '.ts')}.mjs`);
await build({
  entryPoints: [file], outfile: program, bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning',
  define: { HOLDLINE_VERSION: JSON.stringify('test') },
});
const child = spawn(process.execPath, [program, ...rest], { stdio: 'inherit' });
const forward = (signal) => child.kill(signal);
process.on('SIGTERM', forward);
process.on('SIGINT', () => undefined);
child.once('exit', (code, signal) => {
  rmSync(out, { recursive: true, force: true });
  process.exit(code ?? (signal === null ? 1 : 128));
});
