// One device and its publisher: a container with holdline installed by the documented steps, and a GitHub in the same network.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { buildRelease } from '../../../src/publish/build-release.js';
import { makeKey } from '../../../src/publish/make-key.js';
import { parseSecretKey } from '../../../src/publish/secret-key.js';
import { startLocalGitHub, type LocalGitHub } from '../../../src/main/demo/local-github/index.js';
import { ANY_CONDITION } from '../../support/any-condition.js';
import { appTree, UNITS, type Web } from './app.js';
import { Container, type Ran } from './container.js';
import { run } from './rootfs.js';

const REPO = 'lab/monitoring';
const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
export const APP_UNITS = ['monitoring.service', 'collector.service'];
export const BRIDGE_UNIT = 'holdline-bridge@meter.service';

const command = (args: readonly string[]): string[] => ['/usr/bin/holdline', ...args, '--config', '/etc/holdline/holdline.yaml'];

export interface World {
  readonly project: string;
  readonly suite: string;
  readonly container: Container;
  readonly github: LocalGitHub;
  /** Where device and consumer programs of the bridge proof are, inside. */
  readonly tools: string;
  configure(more?: Readonly<Record<string, unknown>>): void;
  publish(version: string, behaviour?: Web, ballast?: number): Promise<void>;
  /** `--status --json`, through the daemon where it runs. */
  status(): Readonly<Record<string, unknown>>;
  /** For commands that ask no server. */
  holdline(args: readonly string[], user?: string): Ran;
  ask(args: readonly string[]): Promise<Ran>;
  version(): string;
  /** What the tree's parts say of their version: one word when they agree. */
  whole(): string;
  close(): Promise<void>;
}

/** @param root a Debian of this suite with holdline in it, as prepare.ts leaves it; gone when the world is closed */
export async function createWorld(project: string, suite: string, root: string, programs: string): Promise<World> {
  const github = await startLocalGitHub({ limits: { anonymous: 1_000_000 } });
  github.addRepository(REPO);
  const fs = createFilesystem();
  const work = mkdtempSync(join(root, 'root/publisher-'));
  const { publicKey } = makeKey(fs, { secretFile: join(work, 'release.key'), publicFile: join(work, 'release.pub'), password: null });
  const key = parseSecretKey(readFileSync(join(work, 'release.key'), 'utf8'), null);
  const container = new Container(root, join(root, 'var/log/console.log'));
  const settings = (more: Readonly<Record<string, unknown>>): string => JSON.stringify({
    github_repo: REPO, github_api_url: github.apiUrl, app: 'monitoring', install_dir: '/opt/monitoring', trust: { require: 'signature', keys: [publicKey] },
    services: [{ unit: 'monitoring.service' }, { unit: 'collector.service', depends_on: ['monitoring'] }, { name: 'meter', unit: BRIDGE_UNIT, kind: 'hardware' }],
    health: [{ http: 'http://127.0.0.1:8080/', status: 200 }, { service: 'monitoring', active_for: 1 }, { service: 'collector', active_for: 1 }],
    probation: { seconds: 2, interval: 0.5, failures: 2 }, check_interval: 2, retry_delay: 0, ...ANY_CONDITION, ...more,
  }, undefined, 2);
  const inside = (path: string): string => join(root, path);
  prepare(root, programs);
  writeFileSync(inside('root/holdline.yaml'), settings({}));
  const world: World = {
    project, suite, container, github, tools: '/usr/local/lib/proof',
    configure(more = {}) { writeFileSync(inside('etc/holdline/holdline.yaml'), settings(more)); },
    async publish(version, behaviour = 'good', ballast = 0) {
      const [directory, folder] = [join(work, `tree-${version}`), join(work, `release-${version}`)];
      writeTree(directory, appTree(version, behaviour, ballast));
      const { manifest } = await buildRelease({ fs, log: LOG }, { directory, repo: REPO, tag: `v${version}`, out: folder, key });
      await github.addRelease(REPO, { tag: manifest.tag, assets: Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)])) });
    },
    holdline: (args, user) => container.run(command(args), user === undefined ? {} : { user }),
    ask: (args) => container.runAside(command(args)),
    status: () => JSON.parse(world.holdline(['--status', '--json']).stdout) as Readonly<Record<string, unknown>>,
    version: () => readFileSync(inside('opt/monitoring/VERSION'), 'utf8').trim(),
    whole() {
      const said = ['VERSION', 'src/version.txt'].map((path) => readFileSync(inside(`opt/monitoring/${path}`), 'utf8').trim());
      return [...new Set(said)].join(' and ');
    },
    async close() {
      await container.cutPower();
      await github.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return world;
}

/** What is on the device before holdline: the app as a plain folder with its units, and what the proof itself needs. */
function prepare(root: string, programs: string): void {
  const inside = (path: string): string => join(root, path);
  writeTree(inside('opt/monitoring'), appTree('1.0.0'));
  for (const [name, text] of Object.entries(UNITS)) writeFileSync(inside(`etc/systemd/system/${name}`), text);
  // The proof's own device and consumer: they need koffi beside them.
  mkdirSync(inside('usr/local/lib/proof'), { recursive: true });
  for (const name of ['device.mjs', 'consumer.mjs']) cpSync(join(programs, name), inside(`usr/local/lib/proof/${name}`));
  run('ln', ['-s', '/usr/lib/node_modules/holdline/node_modules', inside('usr/local/lib/proof/node_modules')]);
  mkdirSync(inside('etc/holdline/bridge'), { recursive: true });
  writeFileSync(inside('etc/holdline/bridge/meter.env'), 'PORT=/dev/ttyMETER\nOPTIONS=--baud 115200\n');
  run('chroot', [root, 'useradd', '--system', '--user-group', 'monitoring']);
  run('chroot', [root, 'systemctl', 'enable', '--quiet', ...Object.keys(UNITS)]);
  run('chroot', [root, 'systemctl', 'mask', '--quiet', 'systemd-networkd-wait-online.service', 'systemd-timesyncd.service', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer']);
}

/** The shell block of systemd/README.md, word for word, for the app's two units. */
export function documentedSteps(project: string): string {
  const block = /```sh\n(.*?)```/su.exec(readFileSync(join(project, 'systemd/README.md'), 'utf8'))?.[1];
  if (block === undefined) throw new Error('systemd/README.md has no shell block');
  const steps = block.replace(/^UNITS=.*$/mu, `UNITS="${APP_UNITS.join(' ')}"`);
  return `set -eu\nsudo() { "$@"; }\n${steps}`;
}

function writeTree(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}
