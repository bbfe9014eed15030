// Strict JSON, key by key, with the device's indentation. JSON with comments is for the caller to treat as a whole.
import { Unmergeable } from './config-document.js';
import { mergeText, type MergedText, type TextSides } from './merge-text.js';

export function mergeJson(sides: TextSides): MergedText {
  for (const text of [sides.base, sides.ours, sides.theirs]) if (text !== null) demandJson(text);
  const merged = mergeText(sides, indentUnitOf);
  demandJson(merged.text);
  return merged;
}

/** The blanks before the first key on a line of its own. */
function indentUnitOf(text: string): string {
  return /^\{[ \t]*\n(?<unit>[ \t]+)"/u.exec(text.trimStart())?.groups?.['unit'] ?? '';
}

function demandJson(text: string): void {
  try {
    JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (thrown) {
    throw new Unmergeable('not strict JSON', { cause: thrown });
  }
}
