// Random soak of the built commands: node test/system/soak/run.mjs --minutes N --seed S [--steps N]. Needs no root. Ends by itself.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
// Below node_modules, where koffi is found.
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
const out = mkdtempSync(join(root, 'node_modules/.cache/holdline-soak-'));
try {
  await build({
    entryPoints: [join(here, 'main.ts')], outdir: out, bundle: true, platform: 'node', target: 'node20', format: 'esm', external: ['koffi', '@serialport/bindings-cpp'], logLevel: 'error',
    // The commands under test are found relative to the sources, not to this bundle.
    define: { HOLDLINE_VERSION: '"soak"', 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'test/support/e2e/run-command.ts')).href) }, outExtension: { '.js': '.mjs' },
    banner: { js: `import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(${JSON.stringify(join(root, 'package.json'))});` },
  });
  process.exitCode = spawnSync(process.execPath, [join(out, 'main.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
