// `${VAR}`, `${VAR:-default}` and `$$` in one scalar. The result is never read as YAML again, and never substituted twice.

export interface Substituted {
  readonly text: string;
  /** True where a variable was replaced: then the text stands for whatever type the key wants. */
  readonly used: boolean;
  readonly problems: readonly string[];
}

export type Variables = Readonly<Record<string, string | undefined>>;

const PATTERN = /\$\$|\$\{(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>[^}]*))?\}|(?<broken>[^}]*\}?))/gu;

/** As in a shell, a default also stands in for an empty variable. A `$` before anything else is an ordinary character. */
export function substitute(text: string, variables: Variables): Substituted {
  if (!text.includes('$')) return { text, used: false, problems: [] };
  const problems: string[] = [];
  let used = false;
  const result = text.replaceAll(PATTERN, (whole: string, name?: string, fallback?: string) => {
    if (whole === '$$') return '$';
    if (name === undefined) {
      problems.push(`"${whole}" is not \${NAME} or \${NAME:-default}; a plain dollar sign is written $$`);
      return whole;
    }
    used = true;
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) problems.push(`the environment variable ${name} is not set`);
    return value ?? '';
  });
  return { text: result, used, problems };
}
