// A publisher, a local GitHub in this process, and devices in folders of their own, for measuring the built commands.
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { join, resolve as absolute } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { buildRelease } from '../../src/publish/build-release.js';
import { makeKey } from '../../src/publish/make-key.js';
import { parseSecretKey } from '../../src/publish/secret-key.js';
import { ANY_CONDITION } from '../support/any-condition.js';
import { runTimed } from './run-timed.js';
import { startLocalGitHub, type LocalGitHub } from '../support/github.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

export const CLI = absolute('dist/cli.js');
const REPO = 'lab/app';
const TOKEN = 'bench-token-not-secret';
const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const STOP_MS = 20_000;

export interface BenchDevice {
  /** The app, its state and its backups. */
  readonly home: string;
  readonly appDir: string;
  /** The command line, ready to run. */
  command(...args: string[]): string[];
  startDaemon(environment?: Readonly<Record<string, string>>): ChildProcess;
  remove(): void;
}

export interface BenchWorld {
  readonly root: string;
  readonly github: LocalGitHub;
  /** Packs, signs and shows a folder as a release; answers where its payload is. */
  publish(version: string, folder: string): Promise<{ readonly asset: string; readonly bytes: number }>;
  createDevice(name: string, installed: string | null, settings?: Readonly<Record<string, unknown>>): BenchDevice;
  close(): Promise<void>;
}

export async function createBenchWorld(): Promise<BenchWorld> {
  const root = makeTempFolder('bench');
  const fs = createFilesystem();
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: true } }, limits: { anonymous: 5000 } });
  github.addRepository(REPO);
  const secret = join(root, 'release.key');
  const { publicKey } = makeKey(fs, { secretFile: secret, publicFile: join(root, 'release.pub'), password: null });
  const shared = { github_repo: REPO, github_api_url: github.apiUrl, app: 'app', trust: { require: 'signature', keys: [publicKey] }, probation: { seconds: 0, interval: 0.2, failures: 1 }, ...ANY_CONDITION };
  const devices: BenchDevice[] = [];
  return {
    root, github,
    async publish(version, folder) {
      const out = join(root, `release-${version}`);
      const { files } = await buildRelease({ fs, log: QUIET }, { directory: folder, repo: REPO, tag: `v${version}`, out, key: parseSecretKey(fs.readText(secret), null) });
      const payload = files[0] ?? '';
      const release = await github.addRelease(REPO, { tag: `v${version}`, assets: Object.fromEntries(readdirSync(out).map((name) => [name, join(out, name)])) });
      const id = release.assets.find(({ name }) => payload.endsWith(name))?.id ?? 0;
      return { asset: `${github.apiUrl}/repos/${REPO}/releases/assets/${id}`, bytes: fs.stat(payload)?.size ?? 0 };
    },
    createDevice(name, installed, settings = {}) {
      const device = createDevice(join(root, name), installed, { ...shared, ...settings });
      devices.push(device);
      return device;
    },
    async close() {
      for (const device of devices) device.remove();
      await github.close();
      removeTempFolder(root);
    },
  };
}

function createDevice(home: string, installed: string | null, settings: Readonly<Record<string, unknown>>): BenchDevice {
  const file = join(home, 'holdline.yaml');
  const appDir = join(home, 'app');
  mkdirSync(home, { recursive: true });
  // Linked: nothing writes into an app's files in place, and copying 8,000 of them for every round would be most of the bench.
  if (installed !== null) execFileSync('cp', ['-al', installed, appDir]);
  else mkdirSync(appDir, { recursive: true });
  writeFileSync(file, JSON.stringify({ install_dir: appDir, state_dir: join(home, 'state'), runtime_dir: join(home, 'run'), backup_path: join(home, 'backups'), ...settings }));
  return {
    home, appDir,
    command: (...args) => [process.execPath, CLI, ...args, '--config', file],
    startDaemon(environment = {}) {
      return spawn(process.execPath, [CLI, 'run', '--config', file], { env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

export async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise<void>((done) => { daemon.once('exit', () => done()); });
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

/** A small app of this version around what `extra` names: a folder for `src`, or nothing. */
export function writeApp(folder: string, version: string, extra: Readonly<Record<string, Uint8Array | string>> = {}): string {
  mkdirSync(join(folder, 'src'), { recursive: true });
  mkdirSync(join(folder, 'config'), { recursive: true });
  writeFileSync(join(folder, 'VERSION'), `${version}\n`);
  writeFileSync(join(folder, 'config/app.json'), '{"greeting": "hello"}\n');
  for (const [path, content] of Object.entries(extra)) writeFileSync(join(folder, path), content);
  return folder;
}

/** An installed package as the app's `src`. */
export function writeAppAround(folder: string, version: string, tree: string): string {
  writeApp(folder, version);
  cpSync(tree, join(folder, 'src'), { recursive: true, verbatimSymlinks: true });
  return folder;
}

/** Nothing that gzip, the disk or the kernel could make smaller. */
export const randomMegabytes = (count: number): Buffer => randomBytes(count * 1024 * 1024);

/** A device that runs the old version under holdline already, as before every update but the first. */
export async function createAdopted(world: BenchWorld, name: string, installed: string, settings: Readonly<Record<string, unknown>> = {}): Promise<BenchDevice> {
  const device = world.createDevice(name, installed, settings);
  await runTimed(device.command('adopt', '--json'));
  return device;
}

/** Its control socket is open and its first repair is over. */
export function untilItRuns(daemon: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    daemon.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('"holdline runs"')) resolve();
    });
    daemon.once('exit', () => reject(new Error(`the daemon ended: ${said}`)));
  });
}

const FREE_TRIES = 100;

/** An update by the daemon, as soon as it has nothing else to do: after its start it first settles what was before. */
export async function updateThroughDaemon(device: BenchDevice, version: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await runTimed(device.command('update', version, '--json'));
      return;
    } catch (thrown) {
      if (tries === FREE_TRIES || !String(thrown).includes('"code":"busy"')) throw thrown;
      await pause(100);
    }
  }
}
