// Names of files that exist only while one durable write runs; a crash may leave them behind, and then they are rubbish.

const TEMPORARY = /^\..+\.tmp-\d+-\d+$/s;
/** Room for the suffix inside the 255 bytes of a file name. */
const MAX_STEM_BYTES = 200;

/** `.NAME.tmp-<pid>-<n>`, shortened where NAME is long, so that the name always fits. */
export function temporaryName(name: string, pid: number, n: number): string {
  return `.${stemOf(name)}.tmp-${pid}-${n}`;
}

/** Is `candidate` a leftover of a durable write of the file `name`? */
export function isTemporaryOf(name: string, candidate: string): boolean {
  const start = `.${stemOf(name)}.tmp-`;
  return candidate.startsWith(start) && /^\d+-\d+$/.test(candidate.slice(start.length));
}

function stemOf(name: string): string {
  let stem = name;
  while (Buffer.byteLength(stem) > MAX_STEM_BYTES) stem = [...stem].slice(0, -1).join('');
  return stem;
}

export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}
