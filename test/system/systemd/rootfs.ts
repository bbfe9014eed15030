// A Debian root filesystem per version, built once from the machine's configured apt source and copied for each run.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAptSource } from './apt-source.js';

const PACKAGES = 'systemd,systemd-sysv,udev,dbus,polkitd,procps,libstdc++6';

export function run(program: string, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const ran = spawnSync(program, argv, { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${ran.status ?? ran.signal ?? 'nothing'}: ${ran.stderr || String(ran.error ?? '')}`);
  return ran.stdout;
}

/** A line of apt for this suite, from where this machine takes Debian. */
function aptLine(suite: string): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).filter((name) => /\.(?:list|sources)$/u.test(name)).map((name) => join(folder, name)) : [])];
  const texts = files.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  const codename = /^VERSION_CODENAME=(?<name>\w+)/mu.exec(readFileSync('/etc/os-release', 'utf8'))?.groups?.['name'] ?? '';
  const source = chooseAptSource(texts, codename);
  if (source === undefined) throw new Error('this machine takes Debian from nowhere that its apt sources name: the containers cannot be made');
  const { uri, options } = source;
  return `deb ${options === '' ? '' : `[${options}] `}${uri} ${suite} main`;
}

/** How this machine reaches its mirror (a proxy, a CA of its own): apt inside the new tree would not know. */
function aptConnection(): string {
  return run('apt-config', ['dump']).split('\n').filter((line) => /^Acquire::https?::/u.test(line)).map((line) => `${line}\n`).join('');
}

/** @returns a fresh copy below `.cache/rootfs/`, which the caller removes */
export function makeRootfs(project: string, suite: string): string {
  const cache = join(project, '.cache/rootfs');
  mkdirSync(cache, { recursive: true });
  const base = join(cache, `${suite}-base`);
  if (!existsSync(base)) {
    const building = mkdtempSync(join(cache, 'building-'));
    const connection = `${building}.conf`;
    writeFileSync(connection, aptConnection());
    try {
      run('mmdebstrap', ['--variant=minbase', `--include=${PACKAGES}`, `--aptopt=${connection}`, suite, building, aptLine(suite)]);
      renameSync(building, base);
    } finally {
      for (const path of [building, connection]) rmSync(path, { recursive: true, force: true });
    }
  }
  const copy = mkdtempSync(join(cache, `${suite}-run-`));
  run('cp', ['-a', '--reflink=auto', `${base}/.`, copy]);
  run('chmod', ['755', copy]);
  copyFileSync(process.execPath, join(copy, 'usr/bin/node'));
  run('chmod', ['755', join(copy, 'usr/bin/node')]);
  return copy;
}
