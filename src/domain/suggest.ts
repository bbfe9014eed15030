// "Did you mean …?" for a word nobody knows.

/** The candidate nearest to the word, or undefined when none is near enough to be a likely typo. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > MAX_WORD_LENGTH) return undefined;
  const plain = normalize(word);
  // A third of the letters may be wrong, and one even in a short word.
  let limit = Math.max(1, Math.floor(plain.length / 3));
  let best: string | undefined;
  for (const candidate of candidates) {
    const distance = countEdits(plain, normalize(candidate), limit);
    if (distance <= limit && candidate !== word) {
      best = candidate;
      limit = distance - 1;
    }
  }
  return best;
}

const MAX_WORD_LENGTH = 64;

/** `checkInterval`, `check-interval` and `check_interval` are the same word to a person. */
function normalize(word: string): string {
  return word.replace(/([a-z0-9])([A-Z])/gu, '$1_$2').replaceAll('-', '_').toLowerCase();
}

/** Insertions, deletions, substitutions and swaps of neighbours; any number above `limit` once it is exceeded. */
function countEdits(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, substituted, swapped));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
