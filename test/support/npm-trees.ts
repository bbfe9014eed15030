// Published npm packages with everything they need, as trees nobody here wrote: installed once, below .cache, without running their scripts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const TIMEOUT_MS = 600_000;

/** The folder that holds node_modules of `node-red@4.1.15`, say. Throws where npm reaches no registry. */
export function npmTree(specifier: string): string {
  const folder = resolve('.cache/npm-trees', specifier.replace('@', '-'));
  if (existsSync(folder)) return folder;
  const making = `${folder}.new-${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    writeFileSync(`${making}/package.json`, '{"name":"app","private":true}\n');
    const ran = spawnSync('npm', ['install', specifier, '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: making, encoding: 'utf8', timeout: TIMEOUT_MS });
    if (ran.status !== 0) throw new Error(`npm cannot install ${specifier}: ${ran.stderr}`);
    // Complete or not there: another process may look at the same moment.
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}
