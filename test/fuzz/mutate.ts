// Changes bytes in ways that reach deep: bits, bytes, pieces moved and doubled, numbers and words that mean something to a parser.
// The same seed gives the same input, so that every finding can be shown again.

export interface Dice { /** From 0 up to, not including, `below`. */ next(below: number): number }

export function rollDice(seed: number): Dice {
  let state = seed >>> 0;
  return {
    next(below) {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return below <= 0 ? 0 : ((t ^ (t >>> 14)) >>> 0) % below;
    },
  };
}

/** One seed out of several numbers. */
export function mixSeeds(...seeds: readonly number[]): number {
  return seeds.reduce((mixed, seed) => (Math.imul(mixed ^ seed, 0x9e3779b1) ^ (mixed >>> 13)) >>> 0, 0x811c9dc5);
}

const WORDS: readonly Buffer[] = [
  '', '\0', '\n', '\r\n', '\t', ' ', '"', '\\', '\\u0000', '{', '}', '[', ']', '[]', '{}', ',', ':', 'null', 'true', '0', '-1', '1e999', '9007199254740993', '-0', '1.5', '"__proto__":', '"constructor":{"prototype":{}},',
  '../', '/', '..', '//', '$', '${HOME}', '${X:-y}', '$$', '&a *a', '<<: *a', '!!js/function x', '!!binary x', '- ', '? ', '---\n', '%YAML 9.9\n', '\u202e', '\ufeff', '\u{1f600}', '\ud800', 'ED', 'Ed', 'RWQ', 'untrusted comment: ', 'trusted comment: ',
  'format', 'signature', '2026-11-21T09:30:00Z', 'a'.repeat(300), '['.repeat(200), '0'.repeat(64),
].map((word) => Buffer.from(word)).concat([Buffer.from([0xff]), Buffer.from([0xc0, 0x80]), Buffer.from([0x1f, 0x8b, 8]), Buffer.from('ffffffffffffffff', 'hex'), Buffer.from('0020000000000000', 'hex')]);

type Change = (bytes: Buffer, dice: Dice, other: Buffer) => Buffer;

const cut = (bytes: Buffer, from: number, to: number, put: Buffer): Buffer => Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
const span = (bytes: Buffer, dice: Dice): readonly [number, number] => {
  const from = dice.next(bytes.length + 1);
  return [from, Math.min(bytes.length, from + 1 + dice.next(dice.next(4) === 0 ? bytes.length : 8))];
};

const CHANGES: readonly Change[] = [
  (bytes, dice) => { const copy = Buffer.from(bytes); const at = dice.next(copy.length); copy[at] = (copy[at] ?? 0) ^ (1 << dice.next(8)); return copy; },
  (bytes, dice) => { const copy = Buffer.from(bytes); copy[dice.next(copy.length)] = dice.next(256); return copy; },
  (bytes, dice) => { const [from, to] = span(bytes, dice); return cut(bytes, from, to, Buffer.alloc(0)); },
  (bytes, dice) => { const [from, to] = span(bytes, dice); return cut(bytes, to, to, bytes.subarray(from, to)); },
  (bytes, dice) => { const at = dice.next(bytes.length + 1); return cut(bytes, at, at, WORDS[dice.next(WORDS.length)] ?? Buffer.alloc(0)); },
  (bytes, dice) => { const [from, to] = span(bytes, dice); return cut(bytes, from, to, WORDS[dice.next(WORDS.length)] ?? Buffer.alloc(0)); },
  (bytes, dice) => bytes.subarray(0, dice.next(bytes.length + 1)),
  (bytes, dice, other) => { const [from, to] = span(other, dice); const at = dice.next(bytes.length + 1); return cut(bytes, at, Math.min(bytes.length, at + (to - from)), other.subarray(from, to)); },
  (bytes, dice) => swapLines(bytes, dice),
  (bytes, dice) => replaceWord(bytes, dice),
];

/** @param other a second good input, for pieces of it */
export function mutate(bytes: Buffer, dice: Dice, other: Buffer): Buffer {
  let changed = bytes;
  const times = 1 + dice.next(dice.next(3) === 0 ? 8 : 2);
  for (let n = 0; n < times; n += 1) changed = (CHANGES[dice.next(CHANGES.length)] ?? CHANGES[0] ?? ((same: Buffer) => same))(changed, dice, other);
  return changed;
}

function swapLines(bytes: Buffer, dice: Dice): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  const [a, b] = [dice.next(lines.length), dice.next(lines.length)];
  const kept = lines[a] ?? '';
  lines[a] = lines[b] ?? '';
  lines[b] = kept;
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** A whole number, string or literal of a text by another: what stays well-formed goes deepest. */
function replaceWord(bytes: Buffer, dice: Dice): Buffer {
  const text = bytes.toString('latin1');
  const words = [...text.matchAll(/"[^"\n]{0,80}"|-?\d+|\b(?:true|false|null)\b/gu)];
  const chosen = words[dice.next(words.length)];
  const donor = words[dice.next(words.length)]?.[0] ?? '0';
  if (chosen === undefined) return bytes;
  const put = [donor, '0', '-1', '9007199254740993', '1e400', 'null', '[]', '{}', '""', '"../x"', '"\\u0000"', 'true'][dice.next(12)] ?? donor;
  return Buffer.from(text.slice(0, chosen.index) + put + text.slice(chosen.index + chosen[0].length), 'latin1');
}
