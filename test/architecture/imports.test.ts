// The house rules of imports are lint rules; this proves that a forbidden import really fails the lint.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const FORBIDDEN: readonly (readonly [folder: string, line: string])[] = [
  ['domain', "import { chooseRelease } from '../../decide/choose-release.js';"],
  ['decide', "import { readFileSync } from 'node:fs';"],
  ['decide', "import { createFilesystem } from '../../platform/filesystem.js';"],
  ['engine', "import { extractPayload } from '../../artifact/extract.js';"],
  ['engine', "import { request } from 'undici';"],
  ['source', "import { treeDigest } from '../../artifact/read-tree.js';"],
  ['steps', "import { runPlan } from '../../engine/run-plan.js';"],
  ['health', "import { connect } from 'node:net';"],
  ['settings', "import { execFile } from 'node:child_process';"],
  ['interface', "import { runPlan } from '../../engine/run-plan.js';"],
  ['publish', "import { createGitHubSource } from '../../source/github.js';"],
  ['platform', "import { runPlan } from '../../engine/run-plan.js';"],
  ['recovery', "import { runPlan } from '../../engine/run-plan.js';"],
  ['recovery', "import semver from 'semver';"],
  ['bridge', "import { runPlan } from '../../engine/run-plan.js';"],
  ['bridge', "import { treeDigest } from '../../domain/tree.js';"],
];
const ALLOWED: readonly (readonly [folder: string, line: string])[] = [
  ['engine', "import { makeUpdatePlan } from '../../decide/make-plan.js';"],
  ['platform', "import { readFileSync } from 'node:fs';"],
  ['recovery', "import { readFileSync } from 'node:fs';"],
  ['recovery', "import { readJournal } from '../read-journal.js';"],
  ['recovery', "import type { Plan } from '../../domain/plan.js';"],
  ['bridge', "import { frame } from '../protocol.js';"],
  ['bridge', "import { HoldlineError } from '../../domain/errors.js';"],
];
const PROBE = 'architecture-probe';

function lint(folder: string, line: string): { ok: boolean; output: string } {
  const directory = join('src', folder, PROBE);
  mkdirSync(directory, { recursive: true });
  const name = /\{ (\w+) \}|import (\w+)/u.exec(line);
  writeFileSync(join(directory, 'probe.ts'), `${line}\nexport const probe: unknown = ${name?.[1] ?? name?.[2] ?? '0'};\n`);
  try {
    return { ok: true, output: execFileSync('node_modules/.bin/oxlint', ['--deny-warnings', directory], { encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    return { ok: false, output: String((error as { stdout?: unknown }).stdout) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('forbidden imports fail the lint', () => {
  afterAll(() => { for (const [folder] of [...FORBIDDEN, ...ALLOWED]) rmSync(join('src', folder, PROBE), { recursive: true, force: true }); });
  it.each(FORBIDDEN)('%s: %s', (folder, line) => {
    const result = lint(folder, line);
    expect(result.ok).toBe(false);
    expect(result.output).toContain('no-restricted-imports');
  });
  it.each(ALLOWED)('control: %s may say %s', (folder, line) => {
    expect(lint(folder, line).output).not.toContain('no-restricted-imports');
  });
});
