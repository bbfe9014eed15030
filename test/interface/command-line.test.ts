import { describe, expect, it } from 'vitest';
import { normaliseArguments } from '../../src/interface/cli/command-line.js';

describe('normaliseArguments', () => {
  it.each<readonly [string, string[], string[]]>([
    ['a flag command', ['--check'], ['check']],
    ['a flag command with its own option', ['--check', '--exit-code', '--json'], ['check', '--exit-code', '--json']],
    ['options before the flag', ['--json', '--status'], ['status', '--json']],
    ['a settings file before the flag', ['--config', '/etc/a b.yaml', '--update', '1.2.0'], ['update', '--config', '/etc/a b.yaml', '1.2.0']],
    ['a version with =', ['--update=1.2.0', '--dry-run'], ['update', '1.2.0', '--dry-run']],
    ['a settings file named like a command', ['--config', 'check', '--status'], ['status', '--config', 'check']],
    ['a subcommand with options before', ['--json', 'rollback', '1.0.0'], ['rollback', '--json', '1.0.0']],
    ['the same command twice', ['--check', '--check'], ['check']],
    ['a subcommand that has its own --status word', ['bridge', 'status', '--json'], ['bridge', 'status', '--json']],
    ['nothing', [], []],
    ['only help', ['--help'], ['--help']],
    ['help of a flag command', ['--update', '--help'], ['update', '--help']],
  ])('%s', (_name, given, wanted) => {
    expect(normaliseArguments(given)).toEqual(wanted);
  });
  it('refuses two commands at once', () => {
    expect(() => normaliseArguments(['--check', '--update'])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
