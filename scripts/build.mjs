// Bundles each composition root into one file, so that a device loads no dependency tree and a recovery needs no package.
// koffi and the serial bindings stay outside: they find their prebuilt binaries beside themselves.
import { build } from 'esbuild';
import { rm } from 'node:fs/promises';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

const roots = {
  cli: 'src/main/cli.ts',
  daemon: 'src/main/daemon.ts',
  worker: 'src/main/worker.ts',
  fetcher: 'src/main/fetcher.ts',
  recover: 'src/main/recover.ts',
  bridge: 'src/main/bridge.ts',
  'module-host': 'src/main/module-host.ts',
  library: 'src/main/library.ts',
  'demo-device': 'src/main/demo/serial-device.ts',
  'bridge-client': 'src/bridge/client/index.ts',
};
const entryPoints = Object.fromEntries(Object.entries(roots).filter(([, path]) => existsSync(path)));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

await rm('dist', { recursive: true, force: true });

/** The rescue path and the bridge are single files: nothing they need may be replaced under them. */
const alone = new Set(['recover', 'bridge', 'bridge-client', 'module-host']);
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outdir: 'dist',
  external: ['koffi', '@serialport/bindings-cpp'],
  // The same code as ES modules: what is not used stays out, which `--status` feels.
  alias: { yaml: './node_modules/yaml/browser/dist/index.js' },
  define: { HOLDLINE_VERSION: JSON.stringify(version) },
  sourcemap: false,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};
// CommonJS dependencies inside an ES module bundle ask for require, __filename and __dirname.
const banner = {
  js: [
    "import { createRequire as __createRequire } from 'node:module';",
    "import { fileURLToPath as __fileURLToPath } from 'node:url';",
    "import { dirname as __dirnameOf } from 'node:path';",
    'const require = __createRequire(import.meta.url);',
    'const __filename = __fileURLToPath(import.meta.url);',
    'const __dirname = __dirnameOf(__filename);',
  ].join('\n'),
};
/** Most chunks hold no CommonJS: each banner less is a fraction of a millisecond less before `--status` answers. */
function dropUnusedBanner(path) {
  const [before, code, ...more] = readFileSync(path, 'utf8').split(`${banner.js}\n`);
  if (code !== undefined && more.length === 0 && !/\b(?:require|__filename|__dirname)\b/.test(code)) writeFileSync(path, before + code);
}
const pick = (wanted) => Object.fromEntries(Object.entries(entryPoints).filter(([name]) => alone.has(name) === wanted));

if (Object.keys(pick(false)).length > 0) {
  const { metafile } = await build({ ...common, entryPoints: pick(false), splitting: true, chunkNames: 'chunk-[hash]', banner, metafile: true });
  Object.keys(metafile.outputs).forEach(dropUnusedBanner);
}
for (const [name, path] of Object.entries(pick(true))) {
  await build({ ...common, entryPoints: { [name]: path }, banner });
}
if (process.argv.includes('--types')) {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' });
}
