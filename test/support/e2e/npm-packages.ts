// Payloads nobody here wrote: published npm packages, fetched once by npm itself into the ignored cache of this checkout.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../../.cache/npm-packages/', import.meta.url));

/** Why there is nothing to test with: npm reached no registry. Under CI that is a failure. */
export class NoPackages extends Error {}

function npm(args: readonly string[], cwd: string): void {
  try {
    execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: 280_000 });
  } catch (cause) {
    const message = `npm could not fetch the packages of this test: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw process.env['CI'] === 'true' ? new Error(message, { cause }) : new NoPackages(message, { cause });
  }
}

/** The package's own tarball. */
export function packedPackage(name: string, version: string): string {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, `${name}-${version}.tgz`);
  if (!existsSync(path)) npm(['pack', `${name}@${version}`, '--silent'], CACHE);
  return path;
}

/** The package with all it needs, as `npm install` lays it out; no script of it is run. */
export function installedPackage(name: string, version: string): string {
  const path = join(CACHE, `${name}-${version}-installed`);
  if (existsSync(path)) return path;
  const partial = `${path}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'package.json'), JSON.stringify({ name: 'payload', private: true, dependencies: { [name]: version } }));
  npm(['install', '--omit=dev', '--ignore-scripts'], partial);
  renameSync(partial, path);
  return path;
}
