// Bundles a test's child process, so that it starts as the built commands do: one file, only what it uses.
import { buildSync } from 'esbuild';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface ExtractCost {
  readonly digest: string; readonly entries: number; readonly bytesWritten: number; readonly filesLinked: number;
  readonly extractMs: number; readonly totalMs: number; readonly cpuMs: number; readonly peakRssMiB: number;
}

export interface RefusedExtract { readonly code: string; readonly peakRssMiB: number }

/** @returns path of the bundle inside `folder` */
export function buildChild(name: string, folder: string): string {
  const outfile = join(folder, `${name}.mjs`);
  const requireFrom = JSON.stringify(createRequire(import.meta.url).resolve('tar/package.json'));
  buildSync({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', external: ['koffi'], logLevel: 'error',
    banner: { js: `import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(${requireFrom});` },
  });
  return outfile;
}
