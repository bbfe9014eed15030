// What the demo plays with: a folder of its own, a local GitHub, a key, an app folder, and the daemon as a real process.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../domain/manifest.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { buildRelease } from '../../publish/build-release.js';
import { makeKey } from '../../publish/make-key.js';
import { parseSecretKey } from '../../publish/secret-key.js';
import { uploadRelease } from '../../publish/upload-release.js';
import { appFiles, EDITED_GREETING, type AppFiles } from './demo-app.js';
import { startSerialLine, type SerialLine } from './serial-line.js';
import { startLocalGitHub, type LocalGitHub } from './local-github/index.js';

export const REPO = 'lab/thermometer';
const TOKEN = 'demo-token-not-secret';
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const STOP_MS = 10_000;

export interface DemoWorld {
  readonly directory: string;
  readonly appDir: string;
  readonly settingsFile: string;
  readonly backupPath: string;
  readonly github: LocalGitHub;
  readonly appUrl: string;
  readonly line: SerialLine;
  /** Builds, signs, uploads, publishes. */
  publish(version: string): Promise<Manifest>;
  startDaemon(): void;
  /** The last lines of the daemon's log, for when something went wrong. */
  daemonLog(): string;
  close(): Promise<void>;
}

export function writeFiles(directory: string, files: AppFiles): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

export async function createDemoWorld(): Promise<DemoWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'holdline-demo-'));
  const appDir = join(directory, 'app');
  const fs = createFilesystem();
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: true } }, limits: { anonymous: 5000 } }); // asked every second: sparing requests is another story
  github.addRepository(REPO);
  const secretFile = join(directory, 'demo.key');
  const { publicKey } = makeKey(fs, { secretFile, publicFile: join(directory, 'demo.pub'), password: null });
  const port = await freePort();
  const line = await startSerialLine(directory);
  const settingsFile = join(directory, 'holdline.yaml');
  writeFileSync(settingsFile, settingsText(github.apiUrl, publicKey, port, line.env));
  // The plain folder a person has before holdline: 1.0.0 by hand, and an edit of their own in config/.
  writeFiles(appDir, appFiles('1.0.0'));
  writeFileSync(join(appDir, 'config', 'app.json'), `${JSON.stringify({ greeting: EDITED_GREETING }, undefined, 2)}\n`);
  let daemon: ChildProcess | undefined;
  let log = '';
  return {
    directory, appDir, settingsFile, backupPath: join(directory, 'backups'), github, line, appUrl: `http://127.0.0.1:${port}/`, daemonLog: () => log,
    async publish(version) {
      const tree = join(directory, `tree-${version}`);
      const out = join(directory, `release-${version}`);
      writeFiles(tree, appFiles(version));
      const built = await buildRelease({ fs, log: QUIET }, { directory: tree, repo: REPO, tag: `v${version}`, out, key: parseSecretKey(fs.readText(secretFile), null) });
      await uploadRelease({ fs, clock: systemClock, log: QUIET, fetch: createFetch({ proxy: { https: null, http: null, no: null } }) }, {
        repo: REPO, apiUrl: github.apiUrl, token: TOKEN, tag: `v${version}`, prerelease: false, notes: `Thermometer ${version}`, files: built.files,
      }, new AbortController().signal);
      return built.manifest;
    },
    startDaemon() {
      const { GITHUB_TOKEN: _token, GITHUB_API_URL: _api, GITHUB_REPO: _repo, HOLDLINE_CONFIG: _config, ...env } = process.env;
      daemon = spawn(process.execPath, [fileURLToPath(new URL('./cli.js', import.meta.url)), 'run', '--config', settingsFile], { env: { ...env, HOLDLINE_BRIDGE_DIR: line.socketDir }, stdio: ['ignore', 'pipe', 'pipe'] });
      const keep = (chunk: Buffer): void => { log = (log + chunk.toString()).slice(-20_000); };
      daemon.stdout?.on('data', keep);
      daemon.stderr?.on('data', keep);
    },
    async close() {
      if (daemon !== undefined) await stopProcess(daemon);
      await line.close();
      await github.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function settingsText(apiUrl: string, publicKey: string, port: number, env: Readonly<Record<string, string>>): string {
  return `# The settings of the demo: what a device would have in /etc/holdline/holdline.yaml.
github_repo: ${REPO}
github_api_url: ${apiUrl}
app: thermometer
install_dir: app
state_dir: state
runtime_dir: run
backup_path: backups
check_interval: 1
trust: {require: signature, keys: ["${publicKey}"]}
services:
  - {name: web, command: [node, src/server.js], env: {PORT: "${port}"}, stop_timeout: 5}
  - {name: reader, command: [node, src/reader.js], env: ${JSON.stringify(env)}, stop_timeout: 5}
health:
  - {http: "http://127.0.0.1:${port}/health", status: 200, timeout: 2}
  - {bridge: meter}
probation: {seconds: 3, interval: 0.5, failures: 3}
# The story must not wait for a busy or hot computer, nor for a phone's network: all is local.
requirements: {disk_margin_mb: 0, memory_mb: 0, max_temperature: 0, under_voltage: ignore, max_load: 0}
network: {metered: ignore}
`;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

/** A port nobody has at this moment; the app takes it a moment later. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
