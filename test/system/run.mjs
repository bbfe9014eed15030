// Runs the system tests: node test/system/run.mjs [PART…] [--full] [--seed N] [--states N] … Each part is bundled and run as a program
// of its own; a part is test/system/PART.ts or test/system/PART/run.ts. Without a name: all parts. Needs root; says what it skips.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ALL = ['kill-grid', 'power-cuts', 'controls', 'faults', 'recovery-time', 'systemd'];
const here = import.meta.dirname;
const words = process.argv.slice(2);
const flagsFrom = words.findIndex((word) => word.startsWith('-'));
const named = flagsFrom < 0 ? words : words.slice(0, flagsFrom);
const flags = flagsFrom < 0 ? [] : words.slice(flagsFrom);
const sourceOf = (part) => [join(here, `${part}.ts`), join(here, part, 'run.ts'), join(here, part, 'run.mjs')].find((path) => existsSync(path));
const parts = named.length > 0 ? named : ALL.filter((part) => sourceOf(part) !== undefined);
const folder = mkdtempSync(join(tmpdir(), 'holdline-system-build-'));
symlinkSync(join(here, '../../node_modules'), join(folder, 'node_modules'));
let failed = 0;
try {
  for (const part of parts) {
    const source = sourceOf(part);
    if (source === undefined) {
      process.stderr.write(`there is no part ${part}; there are: ${ALL.join(', ')}\n`);
      failed += 1;
      continue;
    }
    process.stdout.write(`\n== ${part}\n`);
    const outfile = join(folder, `${part}.mjs`);
    if (source.endsWith('.ts')) {
      const banner = { js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);" };
      await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error', banner });
    }
    const program = source.endsWith('.ts') ? outfile : source;
    const env = { ...process.env, HOLDLINE_REPOSITORY: join(here, '..', '..') };
    const ran = spawnSync(process.execPath, [program, ...flags], { stdio: 'inherit', env });
    if (ran.status !== 0) failed += 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
