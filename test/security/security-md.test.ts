// SECURITY.md promises a test for each attack: each must exist under the name it gives.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFENCES } from './defences.js';

const ROOT = process.cwd();
const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('`test/')).map((line) => line.split('|').map((cell) => cell.trim()));

/** `file`: name · `file`: name */
function proofsOf(cell: string): { readonly file: string; readonly name: string }[] {
  return cell.split(' · ').map((proof) => {
    const match = /^`(?<file>test\/[\w./-]+)`: (?<name>.+)$/u.exec(proof);
    return { file: match?.groups?.['file'] ?? `unreadable: ${proof}`, name: match?.groups?.['name'] ?? '' };
  });
}
const exists = ({ file, name }: { readonly file: string; readonly name: string }): boolean => existsSync(join(ROOT, file)) && readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'").includes(name);
const proofs = rows.flatMap((cells) => proofsOf(cells[3] ?? '').map((proof) => ({ attack: cells[1] ?? '', ...proof })));

describe('the table of attacks', () => {
  it('is long, and each row names what stops it and what shows it', () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const cells of rows) expect(cells.filter((cell) => cell !== '')).toHaveLength(3);
  });
  it.each(proofs)('$attack: $file: $name', (proof) => { expect(exists(proof)).toBe(true); });
  it('leaves no row without a proof that its defence is needed', () => {
    const attacks = rows.map((cells) => cells[1] ?? '');
    expect(attacks.filter((attack) => !attack.endsWith('†') && !DEFENCES.some(({ row }) => attack.startsWith(row)))).toEqual([]);
    expect(DEFENCES.filter(({ row }) => !attacks.some((attack) => attack.startsWith(row))).map(({ row }) => row)).toEqual([]);
    // What is left out must stand in the source, once: else nothing is left out.
    expect(DEFENCES.flatMap(({ leftOut }) => leftOut).filter(({ file, from }) => readFileSync(join(ROOT, file), 'utf8').split(from).length !== 2)).toEqual([]);
  });
  it('would miss a test that is gone', () => expect(exists({ file: 'test/security/threats.test.ts', name: 'an attack nobody thought of' })).toBe(false));
  it('tells the peers\' holes of which we know', () => {
    for (const hole of ['CVE-2026-95625', 'CVE-2025-67903', 'CVE-2026-109399', 'CVE-2020-25860', 'CVE-2024-39698', 'CVE-2026-64824', 'CVE-2026-116630', 'CVE-2025-24010']) expect(text).toContain(hole);
  });
});
