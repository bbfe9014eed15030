// The text of holdline.yaml as plain values, with the place of every key and value. It never runs or expands what the
// file says: no aliases, no tags, no second parse of substituted text.
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type ParsedNode } from 'yaml';
import type { Place } from '../domain/errors.js';
import { substitute, type Variables } from './substitute.js';

export type KeyPath = readonly (string | number)[];

/** A mistake and where it stands: at a key path of the file, or at an offset of its text. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly hint?: string | undefined;
  /** An unknown key is shown at the key, a wrong value at the value. */
  readonly at: 'key' | 'value';
  readonly offset?: number | undefined;
}

export interface ParsedSettings {
  readonly values: Readonly<Record<string, unknown>>;
  readonly findings: readonly Finding[];
  /** Paths (as `pathText`) of scalars that hold a substituted variable. */
  readonly substituted: ReadonlySet<string>;
  /** Line and column, counted from 1; the file's begin for what is missing in it. */
  locate(finding: Finding): Omit<Place, 'file'>;
}

const MAX_SETTINGS_CHARACTERS = 256 * 1024;

export const pathText = (path: KeyPath): string => JSON.stringify(path);

export function parseSettingsYaml(source: string | Uint8Array, variables: Variables): ParsedSettings {
  const reader = new Reader(variables);
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/u, '') : decodeUtf8(source);
  if (text === undefined) reader.refuse('the file is not UTF-8 text', 'Save it as UTF-8.');
  else if (text.length > MAX_SETTINGS_CHARACTERS) reader.refuse('the file is larger than 256 KiB', 'A settings file is a few kilobytes: is this the right file?');
  else reader.read(text);
  return reader.finish();
}

class Reader {
  readonly #variables: Variables;
  readonly #lines = new LineCounter();
  readonly #findings: Finding[] = [];
  readonly #substituted = new Set<string>();
  readonly #places = new Map<string, { readonly key: number; readonly value: number }>();
  #values: Record<string, unknown> = {};

  constructor(variables: Variables) { this.#variables = variables; }

  refuse(message: string, hint?: string, offset = 0, path: KeyPath = []): void {
    this.#findings.push({ path, message, hint, at: 'value', offset });
  }

  read(text: string): void {
    try {
      const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
      for (const problem of [...document.errors, ...document.warnings]) this.refuse(...explainSyntax(problem.code, problem.message, text, problem.pos[0]));
      if (document.errors.length > 0) return;
      const root: ParsedNode | null = document.contents;
      if (root === null || (isScalar(root) && root.value === null)) return;
      if (isMap(root)) this.#values = this.#mapping(root.items, []);
      else this.refuse('the file must hold keys and values', 'Begin with a line like github_repo: owner/name.', root.range[0]);
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      this.refuse('the file is nested too deeply');
    }
  }

  finish(): ParsedSettings {
    const places = this.#places;
    const lines = this.#lines;
    return {
      values: this.#values,
      findings: this.#findings,
      substituted: this.#substituted,
      locate: (finding) => {
        const offset = finding.offset ?? nearestPlace(places, finding);
        const { line, col } = lines.lineStarts.length === 0 ? { line: 1, col: 1 } : lines.linePos(offset);
        return { line: Math.max(1, line), column: Math.max(1, col) };
      },
    };
  }

  #mapping(items: readonly Pair[], path: KeyPath): Record<string, unknown> {
    // Without a prototype, a key named __proto__ is a key like any other.
    const values: Record<string, unknown> = Object.create(null);
    for (const { key, value } of items) {
      const keyNode = key as Node | null;
      const keyOffset = keyNode?.range?.[0] ?? 0;
      if (!isScalar(keyNode)) {
        this.refuse('a key must be a plain word', undefined, keyOffset, path);
        continue;
      }
      const name = String(keyNode.value);
      if (name === '<<') {
        this.refuse('merge keys (<<) are not supported', 'Write the values out.', keyOffset, path);
        continue;
      }
      const valueNode = value as Node | null;
      this.#places.set(pathText([...path, name]), { key: keyOffset, value: placeOfValue(valueNode, keyOffset) });
      const result = this.#value(valueNode, [...path, name]);
      // A key without a value (its lines are all comments) means its default.
      if (result !== null) values[name] = result;
    }
    return values;
  }

  #value(node: Node | null, path: KeyPath): unknown {
    if (node === null) return null;
    if (isMap(node)) return this.#mapping(node.items as Pair[], path);
    if (isSeq(node)) {
      return (node.items as (Node | null)[]).map((item, index) => {
        const offset = item?.range?.[0] ?? 0;
        this.#places.set(pathText([...path, index]), { key: offset, value: offset });
        return this.#value(item, [...path, index]);
      });
    }
    if (isAlias(node)) {
      this.refuse('aliases (*name) are not supported', 'Write the value out.', node.range?.[0] ?? 0, path);
      return null;
    }
    return isScalar(node) ? this.#scalar(node.value, path) : null;
  }

  #scalar(value: unknown, path: KeyPath): unknown {
    if (typeof value !== 'string') return value;
    const { text, used, problems } = substitute(value, this.#variables);
    for (const message of problems) this.#findings.push({ path, message, at: 'value', hint: message.includes('not set') ? 'Set it, put it into .env beside the settings file, or give a default: ${NAME:-default}.' : undefined });
    if (used) this.#substituted.add(pathText(path));
    return text;
  }
}

/** The place of the path, or of what encloses it: a missing key is shown at the mapping that lacks it. */
function nearestPlace(places: ReadonlyMap<string, { readonly key: number; readonly value: number }>, finding: Finding): number {
  for (let length = finding.path.length; length > 0; length -= 1) {
    const place = places.get(pathText(finding.path.slice(0, length)));
    if (place !== undefined) return length === finding.path.length ? place[finding.at] : place.value;
  }
  return 0;
}

/** An empty value stands nowhere; then the key's place is the useful one. */
function placeOfValue(node: Node | null, keyOffset: number): number {
  if (node === null || (isScalar(node) && node.value === null && node.source === '')) return keyOffset;
  return node.range?.[0] ?? keyOffset;
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function explainSyntax(code: string, message: string, text: string, offset: number): [message: string, hint: string | undefined, offset: number] {
  switch (code) {
    case 'TAB_AS_INDENT': return ['a tab is used to indent', 'Indent with spaces.', offset];
    case 'DUPLICATE_KEY': return [`the key ${/^[^\s:]+/u.exec(text.slice(offset, offset + 80))?.[0] ?? ''} is there twice`, 'Keep one of them.', offset];
    case 'MULTIPLE_DOCS': return ['the file holds more than one YAML document', 'Remove everything from the second --- on.', offset];
    case 'TAG_RESOLVE_FAILED': return ['tags (!name) are not supported', 'Remove the tag.', offset];
    default: return [`this is not YAML: ${message}`, undefined, offset];
  }
}
