// YAML, key by key. Anchors, several documents, tabs and broken files are for the caller to treat as a whole.
import { mergeText, type MergedText, type TextSides } from './merge-text.js';

export function mergeYaml(sides: TextSides): MergedText {
  // Levels are moved as they are: a block scalar counts its blanks.
  return mergeText(sides, () => '');
}
