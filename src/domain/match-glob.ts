// Globs over `/`-separated relative paths: `*`, `**`, `?`, `[a-z]`, `{a,b}`. Pure. Names starting with a dot are matched like others.

export interface PathMatcher { matches(path: string): boolean }

/** A pattern that matches a folder covers all below it. `./` in front and `/` at the end do not count; no pattern, no match. */
export function createPathMatcher(patterns: readonly string[]): PathMatcher {
  const expressions = patterns.map((pattern) => new RegExp(`^${translateGlob(cleanPattern(pattern))}(?:/.*)?$`, 'su'));
  return { matches: (path) => expressions.some((expression) => expression.test(path)) };
}

const cleanPattern = (pattern: string): string => pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');

/** The folder above everything a pattern can match, so that the rest need not be looked at; empty for the whole tree. */
export function globRoot(pattern: string): string {
  const parts = cleanPattern(pattern).split('/');
  const first = parts.findIndex((part) => /[*?[\]{}]/.test(part));
  return parts.slice(0, first === -1 ? parts.length : first).join('/');
}

/** One glob as the source of a regular expression, not anchored. */
export function translateGlob(glob: string): string {
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const rest = glob.slice(at);
    const stars = /^(\*\*\/|\*\*|\*)/.exec(rest)?.[0];
    const group = /^\[(!?)((?:[^\]\\/]|\\.)+)\]/.exec(rest);
    const character = rest.charAt(0);
    if (stars !== undefined) {
      source += stars === '*' ? '[^/]*' : stars === '**' ? '.*' : '(?:.*/)?';
      at += stars.length - 1;
    } else if (group !== null) {
      source += `[${group[1] === '!' ? '^/' : ''}${(group[2] ?? '').replace(/[\\[\]^&~|]/g, '\\$&')}]`;
      at += group[0].length - 1;
    } else if (character === '?') {
      source += '[^/]';
    } else if (character === '{' && rest.includes('}')) {
      source += '(?:';
      depth += 1;
    } else if (character === '}' && depth > 0) {
      source += ')';
      depth -= 1;
    } else if (character === ',' && depth > 0) {
      source += '|';
    } else {
      source += character.replace(/[\\^$.*+?()[\]{}|/-]/g, (found) => (found === '-' ? '-' : `\\${found}`));
    }
  }
  return source + ')'.repeat(depth);
}
