// Bundles what the process tests start (device, app, bridge) below node_modules, where koffi is found; one folder per test process.
import { chmodSync, existsSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The project, also for a program bundled to another place in it. */
function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) || dirname(from) === from ? from : findRoot(dirname(from));
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

export interface Bundle { readonly directory: string; path(name: string): string; remove(): void }

/** `entries`: name to path below the project. */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<Bundle> {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'holdline-bridge-'));
  // One test starts the bridge as another user.
  chmodSync(directory, 0o755);
  await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])), outdir: directory, bundle: true, platform: 'node', target: 'node20', format: 'esm',
    external: ['koffi', '@serialport/bindings-cpp'], define: { HOLDLINE_VERSION: '"0.0.0-test"' }, logLevel: 'warning', outExtension: { '.js': '.mjs' },
  });
  return { directory, path: (name) => join(directory, `${name}.mjs`), remove: () => { rmSync(directory, { recursive: true, force: true }); } };
}
