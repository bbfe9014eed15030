// A YAML or JSON file as keys and values that know where in the text they stand. JSON is read as the YAML it is, so that
// numbers keep every digit and keys their order.
import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Node, type Pair } from 'yaml';

/** Thrown inside the merge only: the file is then merged as a whole. */
export class Unmergeable extends Error {}

/** Anything without keys: a scalar, a list (lists are never taken apart), an empty value. */
export interface Atom {
  readonly kind: 'atom';
  /** Equal when the values mean the same. */
  readonly meaning: string;
  /** Equal when they are also written alike: `yes` and `"yes"` differ to a YAML 1.1 reader. */
  readonly spelling: string;
}

export interface Mapping {
  readonly kind: 'map';
  readonly flow: boolean;
  /** Offsets of the braces of a flow mapping. */
  readonly start: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly spelling: string;
  readonly text: string;
}

export type Value = Atom | Mapping;

export interface Entry {
  readonly key: string;
  readonly value: Value;
  readonly keyStart: number;
  /** Offset of the colon. */
  readonly colon: number;
  /** End of the value's own text, without trailing comment; just after the colon when it is empty. */
  readonly end: number;
  readonly text: string;
}

export function readConfigDocument(text: string): Mapping {
  // Twice the same key is found below: the library's own search takes the square of the number of keys.
  const document = parseDocument(text, { intAsBigInt: true, prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) throw new Unmergeable(document.errors[0]?.message);
  visit(document, {
    Node: (_key, node) => { if (isAlias(node) || node.anchor !== undefined) throw new Unmergeable('anchors and aliases tie places together'); },
  });
  if (!isMap(document.contents)) throw new Unmergeable('the file holds no keys');
  const root = readValue(document.contents, text);
  if (root.kind !== 'map') throw new Unmergeable('the file holds no keys');
  return root;
}

/** One text for all that means the same, whatever the order of keys. */
export function meaningOf(value: Value): string {
  return value.kind === 'atom' ? value.meaning : meaningOfMap([...value.entries].map(([key, entry]) => [key, meaningOf(entry.value)]));
}

export function meaningOfMap(entries: readonly (readonly [key: string, meaning: string])[]): string {
  return `{${entries.map(([key, meaning]) => `${JSON.stringify(key)}:${meaning}`).sort().join(',')}}`;
}

function readValue(node: Node, text: string): Value {
  if (isMap(node)) return readMap(node.items as Pair[], node.flow === true, node, text);
  if (isSeq(node)) {
    const items = (node.items as Node[]).map((item) => readValue(item, text));
    const tag = JSON.stringify(node.tag ?? '');
    return { kind: 'atom', meaning: `${tag}[${items.map(meaningOf).join(',')}]`, spelling: `${tag}[${items.map((item) => item.spelling).join(',')}]` };
  }
  if (!isScalar(node)) throw new Unmergeable('a value is neither scalar, list nor mapping');
  // 1.10 and 1.1 are one number, and two versions: numbers are equal when they are written alike.
  const number = typeof node.value === 'number' || typeof node.value === 'bigint';
  const meaning = JSON.stringify([node.tag ?? '', typeof node.value, number ? node.source ?? '' : String(node.value)]);
  return { kind: 'atom', meaning, spelling: `${node.type === 'PLAIN' ? 'plain' : 'quoted'}${meaning}` };
}

function readMap(pairs: readonly Pair[], flow: boolean, node: Node, text: string): Mapping {
  if (node.tag !== undefined) throw new Unmergeable('a mapping has a tag');
  const entries = new Map<string, Entry>();
  for (const pair of pairs) {
    const entry = readEntry(pair, text);
    if (entries.has(entry.key)) throw new Unmergeable('a key is there twice');
    entries.set(entry.key, entry);
  }
  const [start, end] = node.range ?? [0, 0];
  const spelling = meaningOfMap([...entries].map(([key, entry]) => [key, entry.value.spelling]));
  return { kind: 'map', flow, start, end, entries, spelling, text };
}

function readEntry(pair: Pair, text: string): Entry {
  const { key, value } = pair;
  if (!isScalar(key) || key.tag !== undefined) throw new Unmergeable('a key is not a plain word');
  const keyStart = key.range?.[0];
  const colon = colonAfter(pair, text);
  if (keyStart === undefined || value === null || typeof value !== 'object') throw new Unmergeable('a key has no place');
  return { key: String(key.value), value: readValue(value as Node, text), keyStart, colon, end: Math.max(colon + 1, endOf(value as Node, text)), text };
}

/** The end of a node's last own character; the library's range of a block collection may run over comments. */
function endOf(node: Node, text: string): number {
  const last: unknown = (isMap(node) || isSeq(node)) && node.flow !== true ? node.items.at(-1) : undefined;
  if (isMap(node) && last !== undefined) return endOfPair(last as Pair, text);
  if (isSeq(node) && last !== undefined) return endOf(last as Node, text);
  return isScalar(node) && node.source === '' && node.type === 'PLAIN' ? node.range?.[0] ?? 0 : node.range?.[1] ?? 0;
}

function endOfPair(pair: Pair, text: string): number {
  return Math.max(colonAfter(pair, text) + 1, pair.value === null ? 0 : endOf(pair.value as Node, text));
}

/** A key written `? key` has its colon on another line, and is not taken apart. */
function colonAfter(pair: Pair, text: string): number {
  const end = isScalar(pair.key) ? pair.key.range?.[1] : undefined;
  for (let at = end ?? text.length; at < text.length; at += 1) {
    if (text[at] === ':') return at;
    if (text[at] !== ' ' && text[at] !== '\t') break;
  }
  throw new Unmergeable('a key is not a plain word');
}
