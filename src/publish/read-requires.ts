// What a release requires of a device, as its publisher writes it into a file. Strict: a requirement that is misspelt would be none.
import { HoldlineError } from '../domain/errors.js';
import type { Requirements } from '../domain/manifest.js';
import type { Filesystem } from '../domain/ports.js';
import { suggest } from '../domain/suggest.js';
import { REQUIREMENT_KEYS } from '../artifact/manifest.js';

const MAX_BYTES = 64 * 1024;

/** Values are judged with the manifest, before anything is built. Throws `usage`. */
export function readRequires(fs: Pick<Filesystem, 'readText'>, file: string): Requirements {
  let text: string;
  try { text = fs.readText(file, MAX_BYTES); } catch (cause) { throw usage(`${file} cannot be read`, 'Give the path of a JSON file: {"node": ">=20.19", "arch": ["arm64"], "os": {"debian": ">=12"}}', cause); }
  let value: unknown;
  try { value = JSON.parse(text); } catch (cause) { throw usage(`${file} is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, 'Correct it: one object, keys and texts in double quotes.', cause); }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usage(`${file} holds no object`, `Known keys: ${REQUIREMENT_KEYS.join(', ')}.`);
  const unknown = Object.keys(value).find((key) => !REQUIREMENT_KEYS.includes(key));
  if (unknown === undefined) return value;
  const near = suggest(unknown, REQUIREMENT_KEYS);
  throw usage(`${file}: unknown key "${unknown}"${near === undefined ? '' : `, did you mean "${near}"?`}`, `Known keys: ${REQUIREMENT_KEYS.join(', ')}.`);
}

function usage(what: string, hint: string, cause?: unknown): HoldlineError {
  return new HoldlineError('usage', `cannot publish: ${what}`, { hint, ...(cause === undefined ? {} : { cause }) });
}
