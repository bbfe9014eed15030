import { describe, expect, it } from 'vitest';
import { createPathMatcher, globRoot } from '../../src/domain/match-glob.js';

const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['src/data', ['src/data', 'src/data/a', 'src/data/a/b'], ['src/database', 'src', 'x/src/data']],
  ['src/data/**', ['src/data/a', 'src/data/a/b'], ['src/data', 'src/dat']],
  ['src/*.db', ['src/a.db', 'src/.db', 'src/a b.db'], ['src/x/a.db', 'src/a.dbx']],
  ['**/*.sqlite', ['a.sqlite', 'src/a.sqlite', 'src/x/y.sqlite'], ['a.sqlite3']],
  ['src/**/cache', ['src/cache', 'src/a/cache', 'src/a/b/cache/f'], ['cache', 'src/acache']],
  ['src/?.txt', ['src/a.txt', 'src/ü.txt', 'src/😀.txt'], ['src/ab.txt', 'src//.txt']],
  ['src/[a-c]', ['src/a', 'src/c'], ['src/d', 'src/-']],
  ['src/[!a-c]', ['src/d'], ['src/a', 'src//']],
  ['src/{a,b}.js', ['src/a.js', 'src/b.js'], ['src/c.js', 'src/{a,b}.js']],
  ['./src/', ['src', 'src/a'], ['xsrc']],
  ['a+b(1).txt', ['a+b(1).txt'], ['aab1.txt']],
  ['new\nline', ['new\nline'], ['newline']],
  ['un[closed', ['un[closed'], ['unc']],
  ['un{closed', ['un{closed'], ['unclosed']],
];

describe.each(table)('%s', (pattern, yes, no) => {
  const { matches } = createPathMatcher([pattern]);
  it.each(yes)('matches %j', (path) => { expect(matches(path)).toBe(true); });
  it.each(no)('does not match %j', (path) => { expect(matches(path)).toBe(false); });
});

it.each([['src/data/**', 'src/data'], ['src/*.db', 'src'], ['**/x', ''], ['src/data', 'src/data'], ['./src/', 'src'], ['{a,b}/c', ''], ['*', '']])('below %s is only %j', (pattern, root) => {
  expect(globRoot(pattern)).toBe(root);
});

it('matches nothing without patterns', () => {
  expect(createPathMatcher([]).matches('a')).toBe(false);
});
