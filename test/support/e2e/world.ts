// One device and one publisher in a folder of their own: a local GitHub, keys, an app folder, settings, and the built commands.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Manifest } from '../../../src/domain/manifest.js';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { findByEnvironment } from '../../../src/platform/process-table.js';
import { buildRelease, type BuildRequest } from '../../../src/publish/build-release.js';
import { makeKey } from '../../../src/publish/make-key.js';
import { parseSecretKey } from '../../../src/publish/secret-key.js';
import { ANY_CONDITION } from '../any-condition.js';
import { writeFiles, type Files } from '../device-world.js';
import { snapshotFolder, type Snapshot } from '../folder-snapshot.js';
import { startLocalGitHub, type LocalGitHub, type LocalGitHubOptions } from '../github.js';
import { makeTestKey, type TestKey } from '../signed-release.js';
import { makeMemoryFolder, makeTempFolder, removeTempFolder } from '../temp-folder.js';
import { appFiles } from './app-files.js';
import { runCommand, startCommand, type CommandOptions, type Ran, type Running } from './run-command.js';

export const REPO = 'lab/app';
/** Reads and writes everything at the local GitHub. */
export const TOKEN = 'ghp_e2eNotASecretButMustNotLeak0123456789';
const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export type SettingsValues = Readonly<Record<string, unknown>>;

export interface WorldOptions {
  /** What stands in the app's folder before holdline; null for no folder at all. Default: 1.0.0, plain. */
  readonly installed?: Files | null;
  readonly github?: LocalGitHubOptions;
  readonly settings?: SettingsValues;
  /** On a real disk: for what is large, or what memory does not show. Default: in memory, so that nothing waits for a disk. */
  readonly onDisk?: boolean;
}

export interface World {
  readonly root: string;
  readonly appDir: string;
  readonly stateDir: string;
  readonly backupPath: string;
  readonly settingsFile: string;
  readonly github: LocalGitHub;
  readonly publicKey: string;
  readonly secretFile: string;
  /** Trusted, too: for releases put together by hand. */
  readonly handKey: TestKey;
  /** Rewrites the settings: these over the usual ones; undefined takes a key out. */
  configure(values: SettingsValues): void;
  /** Builds and signs into a folder. */
  build(version: string, files: Files, more?: Partial<BuildRequest>): Promise<{ readonly folder: string; readonly manifest: Manifest }>;
  /** Builds, signs, and puts it on the local GitHub. */
  publish(version: string, files?: Files, more?: Partial<BuildRequest>): Promise<Manifest>;
  holdline(args: readonly string[], options?: CommandOptions): Promise<Ran>;
  start(args: readonly string[], options?: CommandOptions): Running;
  /** `holdline run`, when it has opened its socket and started its services. */
  startDaemon(options?: CommandOptions): Promise<Running>;
  /** Everything in the app's folder, `.holdline` included. */
  snapshot(skip?: readonly string[]): Snapshot;
  /** The app's folder as its programs see it: path to content. */
  seen(): Files;
  /** The three places that say a version, through the links: one word when they agree. */
  version(): string;
  close(): Promise<void>;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const root = (options.onDisk === true ? makeTempFolder : makeMemoryFolder)('e2e ü');
  const fs = createFilesystem();
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*', write: true } }, ...options.github });
  github.addRepository(REPO);
  const places = { appDir: join(root, 'the app'), stateDir: join(root, 'state'), backupPath: join(root, 'backups'), settingsFile: join(root, 'etc', 'holdline.yaml'), secretFile: join(root, 'release.key') };
  const { publicKey } = makeKey(fs, { secretFile: places.secretFile, publicFile: join(root, 'release.pub'), password: null });
  const handKey = makeTestKey('hand');
  const installed = options.installed === undefined ? appFiles('1.0.0') : options.installed;
  if (installed !== null) { mkdirSync(places.appDir); writeFiles(places.appDir, installed); }
  mkdirSync(join(root, 'etc'));
  const running: Running[] = [];
  const usual = {
    github_repo: REPO, github_api_url: github.apiUrl, app: 'app', install_dir: places.appDir, state_dir: places.stateDir, runtime_dir: join(root, 'run'), backup_path: places.backupPath,
    trust: { require: 'signature', keys: [publicKey, handKey.publicKey] }, probation: { seconds: 0, interval: 0.2, failures: 1 }, max_retries: 0, retry_delay: 0, ...ANY_CONDITION, ...options.settings,
  };
  const withSettings = (args: readonly string[]): string[] => [...args, '--config', places.settingsFile];
  const world: World = {
    root, ...places, github, publicKey, handKey,
    configure: (values) => { writeFileSync(places.settingsFile, JSON.stringify({ ...usual, ...values }, undefined, 2)); },
    async build(version, files, more) {
      const [directory, folder] = [join(root, `tree ${version}`), join(root, `release ${version}`)];
      fs.remove(directory);
      fs.remove(folder);
      writeFiles(directory, files);
      const { manifest } = await buildRelease({ fs, log: LOG }, { directory, repo: REPO, tag: `v${version}`, out: folder, key: parseSecretKey(fs.readText(places.secretFile), null), ...more });
      return { folder, manifest };
    },
    async publish(version, files = appFiles(version), more = {}) {
      const { folder, manifest } = await world.build(version, files, more);
      await github.addRelease(REPO, { tag: manifest.tag, assets: Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)])) });
      return manifest;
    },
    holdline: (args, more) => runCommand(withSettings(args), more),
    start(args, more) {
      const started = startCommand(withSettings(args), more);
      running.push(started);
      return started;
    },
    async startDaemon(more) {
      const daemon = world.start(['run'], more);
      await daemon.says('"holdline runs"');
      return daemon;
    },
    snapshot: (skip) => snapshotFolder(places.appDir, skip),
    seen: () => seeThrough(places.appDir),
    version: () => versionOf(seeThrough(places.appDir)),
    async close() {
      for (const started of running) await started.kill('SIGKILL');
      endServices(join(root, 'run', 'services.json'));
      await github.close();
      removeTempFolder(root);
    },
  };
  world.configure({});
  return world;
}

function versionOf(files: Files): string {
  const said = new Set([files['VERSION']?.trim(), /'(.*)'/u.exec(files['src/lib/version ü.js'] ?? '')?.[1]]);
  return [...said].join(' and ');
}

function seeThrough(root: string): Files {
  const found: Record<string, string> = {};
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(root, below)).sort()) {
      const path = below === '' ? entry : `${below}/${entry}`;
      if (path === '.holdline') continue;
      try { found[path] = readFileSync(join(root, path), 'utf8'); } catch { walk(path); }
    }
  };
  walk('');
  return found;
}

/** Services outlive a killed daemon by design; these were started by this world's daemons, and carry its mark, with all they have started. */
function endServices(supervisorFile: string): void {
  for (const { pid } of findByEnvironment({ HOLDLINE_SUPERVISOR: supervisorFile })) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* gone already */ }
  }
}

/** A port nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** For messages: what a folder holds, its own name left out. */
export const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).map((name) => basename(name)).sort() : []);
