// Starts the systemd proof: bundles it, then runs one process per Debian version, each in a mount and network namespace of its own.
// node test/system/systemd/run.mjs [--only bookworm|trixie] [--scenario NAME]… [--keep]; needs root and the packages named below.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
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
function whyNot() {
  if (process.getuid?.() !== 0) return 'it needs root';
  if (missing.length > 0) return `these packages are missing: ${[...new Set(missing)].join(', ')}`;
  const namespaces = spawnSync('unshare', ['--mount', '--net', '--propagation', 'private', 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], { encoding: 'utf8' });
  return namespaces.status === 0 ? undefined : `no namespace can be made here (${namespaces.stderr.trim()})`;
}
const why = whyNot();
if (why !== undefined) {
  const line = `skipped systemd: ${why}\n`;
  process.stdout.write(`${line}0 passed, 0 failed\n`);
  // The whole run tells it again at its end.
  if (process.env['HOLDLINE_SKIPPED'] !== undefined) appendFileSync(process.env['HOLDLINE_SKIPPED'], line);
  process.exit(0);
}
if (!existsSync(join(root, 'dist/cli.js'))) {
  process.stderr.write(`dist/ is missing: npm run build first\n`);
  process.exit(1);
}

// Below node_modules, where koffi is found.
mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
const out = mkdtempSync(join(root, 'node_modules/.cache/holdline-systemd-'));
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const entries = { main: join(here, 'main.ts'), prepare: join(here, 'prepare.ts'), device: join(root, 'test/support/bridge/device.ts'), consumer: join(root, 'test/support/bridge/app.ts') };
await build({
  entryPoints: entries, outdir: out, bundle: true, platform: 'node', target: 'node20', format: 'esm', external: ['koffi', '@serialport/bindings-cpp'],
  define: { HOLDLINE_VERSION: '"0.0.0-test"' }, outExtension: { '.js': '.mjs' }, logLevel: 'warning',
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
});
/** Two containers in one control group would end each other's units: each gets one of its own, in whatever hierarchies systemd uses here. */
function ownCgroups() {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const current = (mark) => lines.find((line) => line.includes(mark))?.split(':').slice(2).join(':');
  return [['/sys/fs/cgroup/unified', current('0::')], ['/sys/fs/cgroup/systemd', current('name=systemd')], ['/sys/fs/cgroup', current('0::')]]
    .filter(([root, path]) => path !== undefined && existsSync(join(root, path, 'cgroup.procs'))).map(([root, path]) => join(root, path));
}
function makeCgroups(suite) {
  return ownCgroups().flatMap((parent) => {
    const folder = join(parent, `holdline-proof-${suite}-${process.pid}`);
    try { mkdirSync(folder); return [folder]; } catch { return []; }
  });
}
function canMakeCgroups() {
  const made = makeCgroups('probe');
  for (const folder of made) rmdirSync(folder);
  return made.length > 0 && made.length === ownCgroups().length;
}
// nspawn wants a /run of its own, and a loopback nobody shares; both are gone with the last process.
const PREPARE = 'for folder in $CGROUPS; do echo $$ > "$folder/cgroup.procs"; done; unset CGROUPS; mount -t tmpfs tmpfs /run && mkdir -p /run/systemd && ip link set lo up && exec "$@"';
/** Outside of the namespaces: in them there is no network. */
const prepare = (suite) => new Promise((resolve) => {
  const child = spawn(process.execPath, [join(out, 'prepare.mjs'), '--root', root, '--suite', suite], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
  child.on('close', (code) => resolve(code === 0 ? text.trim() : undefined));
});
const runSuite = async (suite) => {
  const begun = performance.now();
  const rootfs = await prepare(suite);
  if (rootfs === undefined) return { code: 1, counts: null };
  process.stdout.write(`${suite}: installed in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  try { return await runProof(suite, rootfs); } finally { if (values.keep !== true) rmSync(rootfs, { recursive: true, force: true }); }
};
const runProof = (suite, rootfs) => new Promise((resolve) => {
  const cgroups = makeCgroups(suite);
  const scenarios = (values.scenario ?? []).flatMap((name) => ['--scenario', name]);
  const argv = ['--mount', '--net', '--propagation', 'private', 'sh', '-c', PREPARE, 'sh', process.execPath, join(out, 'main.mjs'), '--root', root, '--rootfs', rootfs, '--suite', suite, ...scenarios, ...(values.keep === true ? ['--keep'] : [])];
  const child = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, CGROUPS: cgroups.join(' ') } });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; process.stdout.write(chunk); });
  child.on('close', (code) => {
    for (const folder of cgroups) spawnSync('find', [folder, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { stdio: 'ignore' });
    resolve({ code, counts: /(\d+) passed, (\d+) failed$/mu.exec(text) });
  });
});
const suites = SUITES.filter((suite) => values.only === undefined || values.only === suite);
const ends = [];
if (canMakeCgroups()) ends.push(...await Promise.all(suites.map(runSuite)));
else for (const suite of suites) ends.push(await runSuite(suite));
const sum = (index) => ends.reduce((total, { counts }) => total + Number(counts?.[index] ?? 0), 0);
const broken = ends.filter(({ code, counts }) => code !== 0 && Number(counts?.[2] ?? 0) === 0).length;
process.stdout.write(`${sum(1)} passed, ${sum(2) + broken} failed\n`);
process.exitCode = sum(2) + broken === 0 && sum(1) > 0 ? 0 : 1;
