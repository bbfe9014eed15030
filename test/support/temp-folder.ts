// A fresh folder for one test, and its removal: also of read-only folders and odd names.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const makeTempFolder = (name: string): string => mkdtempSync(join(tmpdir(), `holdline-${name}-`));

/** In memory where the machine has such a place: thousands of small worlds, none of which waits for a disk. */
export const makeMemoryFolder = (name: string): string => mkdtempSync(join(memoryRoot(), `holdline-${name}-`));

const SHARED_MEMORY = '/dev/shm';

function memoryRoot(): string {
  try {
    accessSync(SHARED_MEMORY, constants.W_OK);
    return statfsSync(SHARED_MEMORY).bavail * statfsSync(SHARED_MEMORY).bsize > 64 * 1024 * 1024 ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

export function removeTempFolder(path: string): void {
  if (![tmpdir(), SHARED_MEMORY].some((root) => path.startsWith(join(root, 'holdline-')))) throw new Error(`not a temp folder of ours: ${path}`);
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    execFileSync('chmod', ['-R', 'u+rwx', path]);
    execFileSync('rm', ['-rf', path]); // names that are not UTF-8
  }
}
