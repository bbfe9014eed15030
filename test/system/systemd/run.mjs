// Starts the systemd proof: bundles it, then runs one process per Debian version, each in a mount and network namespace of its own.
// node test/system/systemd/run.mjs [--only bookworm|trixie] [--scenario NAME]… [--keep]; needs root and the packages named below.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const SUITES = ['bookworm', 'trixie'];
const TOOLS = { mmdebstrap: 'mmdebstrap', 'systemd-nspawn': 'systemd-container', ip: 'iproute2', nsenter: 'util-linux', unshare: 'util-linux' };
const { values } = parseArgs({ options: { only: { type: 'string' }, scenario: { type: 'string', multiple: true }, keep: { type: 'boolean' } } });

const missing = Object.entries(TOOLS).filter(([tool]) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0).map(([, name]) => name);
const why = process.getuid?.() !== 0 ? 'it needs root' : missing.length > 0 ? `these packages are missing: ${[...new Set(missing)].join(', ')}` : undefined;
if (why !== undefined) {
  process.stdout.write(`systemd: skipped, ${why}\n`);
  process.stdout.write(`0 passed, 0 failed\n`);
  process.exit(process.env['CI'] === undefined ? 0 : 1);
}
if (!existsSync(join(root, 'dist/cli.js'))) {
  process.stderr.write(`dist/ is missing: npm run build first\n`);
  process.exit(1);
}

// Below node_modules, where koffi is found.
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
const out = mkdtempSync(join(root, 'node_modules/.cache/holdline-systemd-'));
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const entries = { main: join(here, 'main.ts'), device: join(root, 'test/support/bridge/device.ts'), consumer: join(root, 'test/support/bridge/app.ts') };
await build({
  entryPoints: entries, outdir: out, bundle: true, platform: 'node', target: 'node20', format: 'esm', external: ['koffi', '@serialport/bindings-cpp'],
  define: { HOLDLINE_VERSION: '"0.0.0-test"' }, outExtension: { '.js': '.mjs' }, logLevel: 'warning',
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
});
// nspawn wants a /run of its own, and a loopback nobody shares; both are gone with the last process.
const PREPARE = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd && ip link set lo up && exec "$@"';
const runs = SUITES.filter((suite) => values.only === undefined || values.only === suite).map((suite) => new Promise((resolve) => {
  const scenarios = (values.scenario ?? []).flatMap((name) => ['--scenario', name]);
  const argv = ['--mount', '--net', '--propagation', 'private', 'sh', '-c', PREPARE, 'sh', process.execPath, join(out, 'main.mjs'), '--root', root, '--suite', suite, ...scenarios, ...(values.keep === true ? ['--keep'] : [])];
  const child = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; process.stdout.write(chunk); });
  child.on('close', (code) => resolve({ code, counts: /(\d+) passed, (\d+) failed$/mu.exec(text) }));
}));
const ends = await Promise.all(runs);
const sum = (index) => ends.reduce((total, { counts }) => total + Number(counts?.[index] ?? 0), 0);
const broken = ends.filter(({ code, counts }) => code !== 0 && Number(counts?.[2] ?? 0) === 0).length;
process.stdout.write(`${sum(1)} passed, ${sum(2) + broken} failed\n`);
process.exitCode = sum(2) + broken === 0 && sum(1) > 0 ? 0 : 1;
