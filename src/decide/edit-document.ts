// Carries decided changes into the device's own text, so that every line nobody changed stays byte for byte.
import { Unmergeable, type Entry } from './config-document.js';
import type { Addition, Change, MapChange } from './merge-documents.js';
import { applyEdits, indentAt, lineEnd, lineStart, reindent, reindentLine, type Edit, type Indentation } from './text-edits.js';

/** One level of indentation on either side; empty for YAML. */
export interface Units { readonly ours: string; readonly theirs: string }

export function editMap(change: MapChange, units: Units): readonly Edit[] {
  return change.ours.flow ? editFlowMap(change, units) : editBlockMap(change, units);
}

function editBlockMap(change: MapChange, units: Units): readonly Edit[] {
  const { ours, changes, additions } = change;
  const edits: Edit[] = [];
  for (const entry of ours.entries.values()) edits.push(...editBlockEntry(entry, changes.get(entry.key) ?? { kind: 'keep' }, units));
  const last = [...ours.entries.values()].at(-1);
  if (last === undefined) throw new Unmergeable('a block mapping without keys');
  const base = indentOfKey(last);
  for (const { anchor, entry } of anchorAdditions(additions)) {
    const at = endWithInnerComments(anchor === null ? last : ours.entries.get(anchor) ?? last);
    edits.push({ start: at, end: at, text: blockTextOf(entry, base) });
  }
  return edits;
}

function editBlockEntry(entry: Entry, change: Change, units: Units): readonly Edit[] {
  const { text } = entry;
  switch (change.kind) {
    case 'keep': return [];
    case 'delete': {
      const start = startWithDroppedComments(entry, change.base);
      return [{ start, end: lineEnd(text, entry.end), text: ownComments(entry, change.base, '') }];
    }
    case 'inside':
      if (change.map.size > 0 || change.map.ours.flow) return editMap(change.map, units);
      return [...moveCommentsAbove(entry, change.base, ''), { start: entry.colon + 1, end: lineEnd(text, entry.end), text: ' {}\n' }];
    case 'replace': return replaceBlockValue(entry, change.by, change.base);
  }
}

function replaceBlockValue(entry: Entry, by: Entry, base: Entry | undefined): readonly Edit[] {
  const { text } = entry;
  if (isInline(entry) && isInline(by)) {
    const value = inlineValue(by);
    return [{ start: entry.colon + 1, end: entry.end, text: value === '' ? '' : (blanksAfterColon(entry) || ' ') + value }];
  }
  const theirs = by.text.slice(by.colon + 1, lineEnd(by.text, by.end));
  const value = by.value.kind === 'map' || !theirs.endsWith('\n') ? `${theirs.replace(/\n?$/u, '')}\n` : theirs;
  return [...moveCommentsAbove(entry, base, theirs), { start: entry.colon + 1, end: lineEnd(text, entry.end), text: reindent(value, { base: indentOfKey(by), unit: '' }, { base: indentOfKey(entry), unit: '' }) }];
}

/** What a person wrote beside a value that goes is kept above its key. */
function moveCommentsAbove(entry: Entry, base: Entry | undefined, theirs: string): readonly Edit[] {
  const start = lineStart(entry.text, entry.keyStart);
  const moved = ownComments(entry, base, theirs);
  return moved === '' ? [] : [{ start, end: start, text: moved }];
}

/** A flow mapping whose entries come or go is written anew from its pieces; else only the pieces change. */
function editFlowMap(change: MapChange, units: Units): readonly Edit[] {
  const { ours, changes, additions } = change;
  const entries = [...ours.entries.values()];
  const kept = entries.filter((entry) => changes.get(entry.key)?.kind !== 'delete');
  const inner = new Map(entries.map((entry) => [entry.key, editFlowEntry(entry, changes.get(entry.key) ?? { kind: 'keep' }, units)]));
  if (kept.length === entries.length && additions.length === 0) return [...inner.values()].flat();
  const style = flowStyle(change, units);
  const pieces = kept.map((entry) => ({ key: entry.key, text: applyEdits(entry.text, inner.get(entry.key) ?? [], entry.keyStart, entry.end) }));
  for (const { entry, after } of additions) {
    const position = after === null ? 0 : pieces.findIndex((piece) => piece.key === after) + 1;
    const slice = entry.text.slice(entry.keyStart, entry.end);
    pieces.splice(position, 0, { key: entry.key, text: reindent(slice, { base: indentAt(entry.text, entry.keyStart), unit: units.theirs }, { base: style.indent, unit: units.ours }) });
  }
  const body = pieces.length === 0 ? '' : style.open + pieces.map((piece) => piece.text).join(style.between) + style.close;
  return [{ start: ours.start + 1, end: ours.end - 1, text: body }];
}

function editFlowEntry(entry: Entry, change: Change, units: Units): readonly Edit[] {
  if (change.kind === 'inside') return editMap(change.map, units);
  if (change.kind !== 'replace') return [];
  const value = reindent(inlineValue(change.by), { base: indentAt(change.by.text, change.by.keyStart), unit: units.theirs }, { base: indentAt(entry.text, entry.keyStart), unit: units.ours });
  return [{ start: entry.colon + 1, end: entry.end, text: (blanksAfterColon(entry) || (entry.end === entry.colon + 1 ? ' ' : '')) + value }];
}

interface FlowStyle { readonly open: string; readonly between: string; readonly close: string; readonly indent: string }

function flowStyle({ ours, theirs }: MapChange, units: Units): FlowStyle {
  const [first, second] = [...ours.entries.values()];
  const source = first === undefined ? theirs : ours;
  const [lead, next] = first === undefined ? [...theirs.entries.values()] : [first, second];
  const last = [...source.entries.values()].at(-1);
  if (lead === undefined || last === undefined || !source.flow) throw new Unmergeable('nothing shows how the mapping is to be written');
  const open = source.text.slice(source.start + 1, lead.keyStart);
  const close = source.text.slice(last.end, source.end - 1).replace(/^\s*,/u, '');
  const between = next === undefined ? `,${open.includes('\n') ? open : ' '}` : source.text.slice(lead.end, next.keyStart);
  if (/\S/u.test(open + close) || !/^\s*,\s*$/u.test(between) || !gapsAreBlank([...ours.entries.values()])) throw new Unmergeable('a flow mapping holds comments');
  const from: Indentation = { base: indentAt(source.text, source.start), unit: units.theirs };
  const to: Indentation = { base: indentAt(ours.text, ours.start), unit: units.ours };
  const move = (blanks: string): string => (source === ours ? blanks : reindent(`${blanks}.`, from, to).slice(0, -1));
  return { open: move(open), between: move(between), close: move(close), indent: open.includes('\n') ? move(open).replace(/^[^]*\n/u, '') : to.base };
}

function gapsAreBlank(entries: readonly Entry[]): boolean {
  return entries.every((entry, index) => {
    const next = entries[index + 1];
    return next === undefined || /^\s*,\s*$/u.test(entry.text.slice(entry.end, next.keyStart));
  });
}

/** Additions that follow an addition go to the same place in the text, in order. */
function anchorAdditions(additions: readonly Addition[]): readonly { readonly anchor: string | null; readonly entry: Entry }[] {
  const anchors = new Map<string, string | null>();
  return additions.map(({ entry, after }) => {
    const anchor = after !== null && anchors.has(after) ? anchors.get(after) ?? null : after;
    anchors.set(entry.key, anchor);
    return { anchor, entry };
  });
}

/** The entry's lines with the comment directly above it, moved to another indentation. */
function blockTextOf(entry: Entry, base: string): string {
  const { text } = entry;
  const keyLine = lineStart(text, entry.keyStart);
  const from = indentAt(text, entry.keyStart);
  if (text.slice(keyLine, entry.keyStart).trim() !== '') return `${base}${reindent(text.slice(entry.keyStart, entry.end), { base: from, unit: '' }, { base, unit: '' })}\n`;
  let start = keyLine;
  while (start > 0 && isComment(text.slice(lineStart(text, start - 1), start), from)) start = lineStart(text, start - 1);
  // Above the first key stands what belongs to the file as a whole.
  if (isFileHeader(text, start)) start = keyLine;
  else if (text.slice(lineStart(text, start - 1), start).trim() === '') start = lineStart(text, start - 1);
  const lines = text.slice(start, lineEnd(text, entry.end)).replace(/\n$/u, '').split('\n');
  return `${lines.map((line) => reindentLine(line, { base: from, unit: '' }, { base, unit: '' })).join('\n')}\n`;
}

/** The end of an entry's lines, and of the comments after it that are indented as its content. */
function endWithInnerComments(entry: Entry): number {
  const { text } = entry;
  const depth = indentOfKey(entry).length;
  let end = lineEnd(text, entry.end);
  for (let next = end; next < text.length;) {
    const line = text.slice(next, lineEnd(text, next + 1));
    if (!/^\s*#/u.test(line) || line.search(/\S/u) <= depth) break;
    next += line.length;
    end = next;
  }
  return end;
}

/** Comments directly above an entry go with it when the release shipped them there; a person's own stay. */
function startWithDroppedComments(entry: Entry, base: Entry): number {
  const { text } = entry;
  const shipped = new Set(commentsAbove(base));
  let start = lineStart(text, entry.keyStart);
  for (let above = start; above > 0;) {
    above = lineStart(text, above - 1);
    const line = text.slice(above, start);
    if (!isComment(line, indentOfKey(entry)) || !shipped.has(line.trim()) || isFileHeader(text, above)) break;
    start = above;
  }
  return start;
}

function commentsAbove(entry: Entry): readonly string[] {
  const comments: string[] = [];
  for (let at = lineStart(entry.text, entry.keyStart); at > 0;) {
    const above = lineStart(entry.text, at - 1);
    const line = entry.text.slice(above, at);
    if (!isComment(line, indentOfKey(entry))) break;
    comments.push(line.trim());
    at = above;
  }
  return comments;
}

/** Comments in the entry's own lines that neither the old nor the new release wrote there, each on a line of its own. */
function ownComments(entry: Entry, base: Entry | undefined, theirs: string): string {
  const ours = entry.text.slice(entry.colon + 1, lineEnd(entry.text, entry.end));
  const known = (base === undefined ? '' : base.text.slice(base.colon + 1, lineEnd(base.text, base.end))) + theirs;
  const comments = [...ours.matchAll(/(?<=^|\s)#.*$/gmu)].map((match) => match[0].trim()).filter((comment) => !known.includes(comment));
  return comments.map((comment) => `${indentOfKey(entry)}${comment}\n`).join('');
}

const isComment = (line: string, indent: string): boolean => line.startsWith(`${indent}#`);
/** Only blank lines and comments stand before the offset. */
const isFileHeader = (text: string, offset: number): boolean => /^(?:[ \t]*(?:#.*)?\n)*$/u.test(text.slice(0, offset));
const indentOfKey = (entry: Entry): string => indentAt(entry.text, entry.keyStart);
const blanksAfterColon = (entry: Entry): string => /^[ \t]*/u.exec(entry.text.slice(entry.colon + 1, entry.end))?.[0] ?? '';
const inlineValue = (entry: Entry): string => entry.text.slice(entry.colon + 1, entry.end).trimStart();

/** The whole value stands on the key's line, and is no block scalar. */
function isInline(entry: Entry): boolean {
  return !entry.text.slice(entry.colon + 1, entry.end).includes('\n');
}
