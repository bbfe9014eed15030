// A fresh folder for one test, and its removal: also of read-only folders and odd names.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const makeTempFolder = (name: string): string => mkdtempSync(join(tmpdir(), `holdline-${name}-`));

export function removeTempFolder(path: string): void {
  if (!path.startsWith(join(tmpdir(), 'holdline-'))) throw new Error(`not a temp folder of ours: ${path}`);
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    execFileSync('chmod', ['-R', 'u+rwx', path]);
    execFileSync('rm', ['-rf', path]); // names that are not UTF-8
  }
}
