// Is a cron expression one, and does it ever come true? The five fields that every cron has; the worker evaluates them with croner,
// which `--status` and its kin never load. Pure.

interface Field { readonly name: string; readonly least: number; readonly most: number; readonly names?: readonly string[] }

const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  // 7 is Sunday, too.
  { name: 'day of week', least: 0, most: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** What is wrong with it, as the rest of a sentence; undefined when nothing is. */
export function checkCron(expression: string): string | undefined {
  const parts = expression.split(' ');
  if (parts.length !== FIELDS.length) return `has a cron expression of ${parts.length} fields instead of 5`;
  const values = FIELDS.map((field, index) => readField(parts[index] ?? '', field));
  const wrong = values.find((value) => typeof value === 'string');
  if (wrong !== undefined) return wrong;
  const [, , days, months] = values as readonly (readonly number[])[];
  // Where both days are given, either of them opens it.
  if (parts[4] !== '*' || days === undefined || months === undefined) return undefined;
  const exists = months.some((month) => days.some((day) => day <= (LONGEST_MONTHS[month - 1] ?? 0)));
  return exists ? undefined : `never opens: there is no day ${days.join(' or ')} in month ${months.join(' or ')}`;
}

function readField(text: string, field: Field): readonly number[] | string {
  const found: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(?<range>\*|(?<from>[a-z]+|\d+)(?:-(?<to>[a-z]+|\d+))?)(?:\/(?<step>\d+))?$/iu.exec(part)?.groups;
    const wrong = `has "${part}" for the ${field.name}, which must be from ${field.least} to ${field.most}`;
    if (match === undefined) return wrong;
    const [first, last, step] = match['range'] === '*'
      ? [field.least, field.most, Number(match['step'] ?? 1)]
      : [valueOf(match['from'] ?? '', field), valueOf(match['to'] ?? match['from'] ?? '', field), Number(match['step'] ?? 1)];
    if (first === undefined || last === undefined) return wrong;
    if (first > last) return `has "${part}" for the ${field.name}, whose beginning lies behind its end`;
    if (match['step'] !== undefined && (step < 1 || step > field.most || (match['range'] !== '*' && match['to'] === undefined))) return `has "${part}" for the ${field.name}: a step of at least 1 stands behind * or a range`;
    for (let value = first; value <= last; value += step) found.push(value);
  }
  return found;
}

function valueOf(word: string, { least, most, names }: Field): number | undefined {
  const named = names?.indexOf(word.toLowerCase()) ?? -1;
  const value = named >= 0 ? named + least : /^\d+$/u.test(word) ? Number(word) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
