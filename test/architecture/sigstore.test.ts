// The sigstore libraries cost memory and start-up time on every device: one file may load them, and only when it is called.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ONLY_LOADER = join('src', 'artifact', 'attestation', 'sigstore.ts');
const isStatic = (line: string): boolean => /^(?:import|export)\b(?!\s+type\b).*@sigstore\//u.test(line);
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((name) => join('src', name)).filter((name) => name.endsWith('.ts') && !name.includes('architecture-probe'));

it('sigstore is named in one file, and loaded there by a dynamic import alone', () => {
  const naming = files.filter((file) => readFileSync(file, 'utf8').includes('@sigstore/'));
  expect(naming).toEqual([ONLY_LOADER]);
  const lines = readFileSync(ONLY_LOADER, 'utf8').split('\n');
  expect(lines.filter(isStatic)).toEqual([]);
  expect(lines.filter((line) => line.includes('import(\'@sigstore/'))).toHaveLength(1);
});

it('control: a static import would be seen, a type would not', () => {
  expect(isStatic('import { Verifier } from \'@sigstore/verify\';')).toBe(true);
  expect(isStatic('export { Verifier } from \'@sigstore/verify\';')).toBe(true);
  expect(isStatic('import type { Verifier } from \'@sigstore/verify\';')).toBe(false);
});
