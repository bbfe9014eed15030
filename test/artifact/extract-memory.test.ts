// Memory does not follow the size of a file: measured in a process of its own, as the difference between a large and a larger one (below that, the collector has no need to run).
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildChild, type ExtractCost } from '../support/build-child.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const MIB = 1024 * 1024;
let root: string;
let child: string;
beforeAll(() => {
  root = makeTempFolder('memory');
  child = buildChild('extract-child', root);
});
afterAll(() => removeTempFolder(root));

function costOf(megabytes: number): ExtractCost {
  const folder = join(root, String(megabytes));
  mkdirSync(join(folder, 'tree/src'), { recursive: true });
  writeFileSync(join(folder, 'tree/VERSION'), '1.0.0\n');
  const piece = randomBytes(MIB);
  const file = openSync(join(folder, 'tree/src/big'), 'w');
  for (let index = 0; index < megabytes; index += 1) writeSync(file, piece);
  closeSync(file);
  execFileSync('tar', ['-c', '-I', 'gzip -1', '-f', join(folder, 'p.tar.gz'), '-C', join(folder, 'tree'), '.']);
  const cost = JSON.parse(execFileSync(process.execPath, [child, join(folder, 'p.tar.gz'), join(folder, 'into')], { encoding: 'utf8' })) as ExtractCost;
  rmSync(folder, { recursive: true });
  return cost;
}

it('stays flat from 40 MB to 160 MB', () => {
  const [small, large] = [costOf(40), costOf(160)];
  expect(large.bytesWritten).toBe(160 * MIB + 6);
  expect(large.peakRssMiB - small.peakRssMiB).toBeLessThan(20);
}, 120_000);
