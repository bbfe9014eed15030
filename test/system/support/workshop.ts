// Where a part works: a folder of its own, the built commands, compiled tools, signed releases; all gone at the end, whatever the end is.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { mustRun } from './run-process.js';

export const REPOSITORY = process.env['HOLDLINE_REPOSITORY'] ?? process.cwd();
export const SUPPORT = join(REPOSITORY, 'test/system/support');
const MIN_FREE_BYTES = 2 * 2 ** 30;
export const REPO = 'lab/app';

export interface Workshop {
  readonly root: string;
  /** Folder of the built commands. */
  readonly dist: string;
  readonly cut: string;
  readonly publicKey: string;
  /** The signed release of this version, as a folder for `--from`. */
  release(version: string): string;
  /** What is installed before anything else. */
  readonly installed: Files;
  /** Runs at the end, last one first, also after a signal. */
  onClose(command: readonly string[]): void;
  close(): void;
}

export interface WorkshopOptions {
  readonly dist?: string | undefined;
  readonly onDisk?: boolean;
  /** So many files more in every tree, every second one different in each release. */
  readonly more?: number;
}

export async function openWorkshop(options: WorkshopOptions = {}): Promise<Workshop> {
  const dist = options.dist ?? join(REPOSITORY, 'dist');
  if (!existsSync(join(dist, 'cli.js'))) throw new Error(`${dist}/cli.js is not there: run npm run build first`);
  const root = mkdtempSync(join(options.onDisk === true ? tmpdir() : fastFolder(), 'holdline-system-'));
  const atEnd: (readonly string[])[] = [];
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const [command, ...args] of atEnd.toReversed()) spawnSync(command ?? 'true', args, { stdio: 'ignore' });
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on('exit', close);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { close(); process.exit(130); });
  const cut = join(root, 'cut');
  await mustRun('cc', ['-O2', '-Wall', '-o', cut, join(REPOSITORY, 'test/system/native/cut.c')]);
  const publicKey = await makeReleases(root, dist, options.more ?? 0);
  const installed = { ...INSTALLED, ...moreFiles('1.0.0', options.more ?? 0) };
  return { root, dist, installed, cut, publicKey, release: (version) => join(root, 'releases', version), onClose: (command) => { atEnd.push(command); }, close };
}

/** Memory where there is plenty: a kill leaves the page cache as it is, so the disk adds nothing but time. */
function fastFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > MIN_FREE_BYTES) return '/dev/shm';
  } catch { /* there is none */ }
  return tmpdir();
}

export type Files = Readonly<Record<string, string>>;

const big = (word: string): string => `${`// ${word} `.repeat(20)}\n`.repeat(300);
const COMMON: Files = { 'src/same file.js': big('the same in every release'), 'src/lib/ünï.js': 'export const same = true;\n' };

const INSTALLED: Files = {
  ...COMMON, 'VERSION': '1.0.0\n', 'src/main.js': big('one'), 'src/gone.js': 'only in 1.0.0\n', 'src/data/db': 'rows of this device\n', 'src/bin/tool': '#!/bin/sh\necho one\n',
  'config/app.yaml': 'name: app\nport: 8080\n', 'config/users.json': '{"a": 1}\n', 'notes.txt': 'the user\'s own\n',
};

const RELEASES: Readonly<Record<string, Files>> = {
  '1.1.0': {
    ...COMMON, 'VERSION': '1.1.0\n', 'src/main.js': big('two'), 'src/new.js': big('new'), 'src/data/db': 'shipped rows\n', 'src/bin/tool': '#!/bin/sh\necho two\n',
    'config/app.yaml': 'name: app\nport: 8080\nunits: metric\n', 'config/users.json': '{"a": 1}\n',
  },
  '1.2.0': {
    ...COMMON, 'VERSION': '1.2.0\n', 'src/main.js': big('three'), 'src/new.js': big('newer'), 'src/data/db': 'shipped rows\n', 'src/bin/tool': '#!/bin/sh\necho three\n',
    'config/app.yaml': 'name: app\nport: 8080\nunits: metric\nzone: utc\n', 'config/users.json': '{"a": 1}\n',
  },
};

const EXECUTABLE = 'src/bin/tool';

export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode: path === EXECUTABLE ? 0o755 : 0o644 });
  }
}

function moreFiles(version: string, count: number): Files {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return Object.fromEntries(numbers.map((n) => [`src/many/${n % 40}/${n}.js`, `// ${n} ${n % 2 === 0 ? 'same' : version}\n`.repeat(30)]));
}

/** With the product's own publisher: what it signs is what devices get. */
async function makeReleases(root: string, dist: string, more: number): Promise<string> {
  const key = join(root, 'release');
  await mustRun('node', [join(dist, 'cli.js'), 'keygen', '--plain', '-o', key]);
  for (const [version, files] of Object.entries(RELEASES)) {
    writeFiles(join(root, 'trees', version), { ...files, ...moreFiles(version, more) });
    const out = join(root, 'releases', version);
    await mustRun('node', [join(dist, 'cli.js'), 'publish', join(root, 'trees', version), '--repo', REPO, '--tag', `v${version}`, '--out', out, '--key', `${key}.key`]);
  }
  return readFileSync(`${key}.pub`, 'utf8').trim().split('\n').at(-1) ?? '';
}
