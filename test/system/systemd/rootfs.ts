// A Debian root filesystem per version, built once from the machine's configured apt source and copied for each run.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES = 'systemd,systemd-sysv,udev,dbus,polkitd,procps,libstdc++6';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';

export function run(program: string, argv: readonly string[]): string {
  const ran = spawnSync(program, argv, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${ran.status ?? ran.signal ?? 'nothing'}: ${ran.stderr || String(ran.error ?? '')}`);
  return ran.stdout;
}

/** The mirror this machine takes Debian from. */
function configuredMirror(): string {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])].filter((path) => existsSync(path));
  for (const file of files) {
    const text = readFileSync(file, 'utf8').replace(/^#.*$/gmu, '');
    const found = /(?:^URIs:\s*|^deb (?:\[[^\]]*\] )?)(\S+\/debian)\/?(?:\s|$)/mu.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  return DEFAULT_MIRROR;
}

/** @returns a fresh copy below `.cache/rootfs/`, which the caller removes */
export function makeRootfs(project: string, suite: string): string {
  const cache = join(project, '.cache/rootfs');
  mkdirSync(cache, { recursive: true });
  const base = join(cache, `${suite}-base`);
  if (!existsSync(base)) {
    const building = mkdtempSync(join(cache, 'building-'));
    run('mmdebstrap', ['--variant=minbase', `--include=${PACKAGES}`, suite, building, configuredMirror()]);
    renameSync(building, base);
  }
  const copy = mkdtempSync(join(cache, `${suite}-run-`));
  run('cp', ['-a', '--reflink=auto', `${base}/.`, copy]);
  run('chmod', ['755', copy]);
  copyFileSync(process.execPath, join(copy, 'usr/bin/node'));
  run('chmod', ['755', join(copy, 'usr/bin/node')]);
  return copy;
}
