// A build of the product with one line changed on the way through the bundler: a mistake that the harness must catch. Never in dist/.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { REPOSITORY } from './workshop.js';

export interface Patch { readonly file: string; readonly from: string; readonly to: string }

/** @returns the folder of the built commands, which stands for dist/ */
export async function buildPatched(dist: string, root: string, name: string, patches: readonly Patch[]): Promise<string> {
  const out = join(root, 'patched', name, 'dist');
  rmSync(join(root, 'patched', name), { recursive: true, force: true });
  mkdirSync(join(root, 'patched', name), { recursive: true });
  cpSync(dist, out, { recursive: true });
  for (const thing of ['node_modules', 'package.json']) symlinkSync(join(REPOSITORY, thing), join(root, 'patched', name, thing));
  const used = new Set<Patch>();
  const banner = { js: "import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __f } from 'node:url'; import { dirname as __d } from 'node:path'; const require = __createRequire(import.meta.url); const __filename = __f(import.meta.url); const __dirname = __d(__filename);" };
  await build({
    entryPoints: [join(REPOSITORY, 'src/main/cli.ts')], outfile: join(out, 'cli.js'), bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', banner,
    external: ['koffi', '@serialport/bindings-cpp'], define: { HOLDLINE_VERSION: '"0.0.0"' }, allowOverwrite: true,
    plugins: [{
      name: 'patch',
      setup: (setup) => setup.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const patch of patches.filter(({ file }) => path.endsWith(`/src/${file}`))) {
          if (!contents.includes(patch.from)) throw new Error(`the control ${name} does not fit ${patch.file} any more`);
          contents = contents.replace(patch.from, patch.to);
          used.add(patch);
        }
        return { contents, loader: 'ts' as const };
      }),
    }],
  });
  if (used.size !== patches.length) throw new Error(`the control ${name} changed nothing`);
  return out;
}
