// One YAML or JSON text merged key by key, and the proof that the edited text says what was decided.
import { meaningOf, readConfigDocument, Unmergeable } from './config-document.js';
import { editMap, type Units } from './edit-document.js';
import { mergeDocuments } from './merge-documents.js';
import { applyEdits } from './text-edits.js';

export interface TextSides { readonly base: string | null; readonly ours: string; readonly theirs: string }
export interface MergedText { readonly text: string; /** Key paths. */ readonly conflicts: readonly string[] }

/** Throws Unmergeable where the file must be treated as a whole. */
export function mergeText(sides: TextSides, unitOf: (text: string) => string): MergedText {
  const bom = sides.ours.startsWith(BOM) ? BOM : '';
  const crlf = usesCrlf(sides.ours);
  const unended = sides.ours.endsWith('\n') ? '' : '\n';
  const [base, ours, theirs] = [sides.base, sides.ours, sides.theirs].map((text) => (text === null ? null : readConfigDocument(normalize(text))));
  if (ours === undefined || ours === null || theirs === undefined || theirs === null) throw new Unmergeable('a side is missing');
  const merged = mergeDocuments(base ?? null, ours, theirs);
  const units: Units = { ours: unitOf(ours.text), theirs: unitOf(theirs.text) };
  const edited = applyEdits(ours.text, editMap(merged.root, units));
  if (meaningOf(readConfigDocument(edited)) !== merged.root.meaning) throw new Unmergeable('the edited text would not say what was decided');
  const text = unended === '' ? edited : edited.replace(/\n$/u, '');
  return { text: bom + (crlf ? text.replaceAll('\n', '\r\n') : text), conflicts: merged.conflicts };
}

const BOM = '\uFEFF';

/** Line feeds only, no BOM, a newline at the end. */
function normalize(text: string): string {
  const plain = text.replace(/^\uFEFF/u, '').replaceAll('\r\n', '\n');
  if (plain.includes('\r')) throw new Unmergeable('a carriage return stands alone');
  return plain.endsWith('\n') ? plain : `${plain}\n`;
}

function usesCrlf(text: string): boolean {
  const lines = text.split('\n').length - 1;
  const crlf = text.split('\r\n').length - 1;
  if (crlf !== 0 && crlf !== lines) throw new Unmergeable('line ends are mixed');
  return crlf > 0;
}
