// `<state_dir>/keys.json`: the statements this device has accepted, as they were signed. Holds no trust of its own: whoever
// changes it can take keys away from the device, never give it one.
import { errnoOf, HoldlineError } from '../../domain/errors.js';
import { explainFsError } from '../../domain/fs-errors.js';
import type { AcceptedStatement, KeyStore } from '../../domain/keys.js';
import { keysFile, type Layout } from '../../domain/layout.js';
import type { Filesystem } from '../../domain/ports.js';

const MAX_STORE_BYTES = 8 * 1024 * 1024;
const MAX_STATEMENTS = 100;
type Places = { readonly fs: Filesystem; readonly layout: Pick<Layout, 'stateDir'> };

/** @throws HoldlineError `recovery-failed` when it cannot be understood: revocations are not forgotten silently */
export function readKeyStore({ fs, layout }: Places): readonly AcceptedStatement[] {
  const path = keysFile(layout);
  let text: string;
  try { text = fs.readText(path, MAX_STORE_BYTES); } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENOTDIR') return [];
    throw explainFsError(thrown, `read the accepted changes of keys in ${path}`);
  }
  const store = parseStore(text);
  if (store !== undefined) return store.statements;
  throw new HoldlineError('recovery-failed', `cannot understand ${path}: it was not written by holdline; no release is trusted, the app is left running`, {
    hint: `Look at the file; move it aside (mv ${path} ${path}.damaged) to trust the keys of the settings alone: changes and revocations of keys are then forgotten.`,
  });
}

/** Durable when it returns. The caller holds the lock. */
export function rememberStatement(places: Places, accepted: AcceptedStatement): void {
  const known = readKeyStore(places);
  if (known.at(-1)?.text === accepted.text) return;
  const statements = [...known, accepted];
  if (statements.length > MAX_STATEMENTS) {
    throw new HoldlineError('key-statement', `cannot take one more change of keys: ${MAX_STATEMENTS} are kept already`, { hint: `Pin the present key in the settings and remove ${keysFile(places.layout)}.` });
  }
  const store: KeyStore = { format: 1, statements };
  try {
    places.fs.makeDirectory(places.layout.stateDir, 0o750);
    places.fs.writeDurably(keysFile(places.layout), `${JSON.stringify(store, undefined, 1)}\n`, 0o644);
  } catch (thrown) { throw explainFsError(thrown, 'remember a change of signing keys'); }
}

function parseStore(text: string): KeyStore | undefined {
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  if (typeof value !== 'object' || value === null || !('format' in value) || value.format !== 1 || !('statements' in value) || !Array.isArray(value.statements)) return undefined;
  return value.statements.every(isAccepted) ? { format: 1, statements: value.statements } : undefined;
}

function isAccepted(value: unknown): value is AcceptedStatement {
  if (typeof value !== 'object' || value === null) return false;
  const { text, signatures, at, tag } = value as Partial<Record<keyof AcceptedStatement, unknown>>;
  return typeof text === 'string' && typeof tag === 'string' && typeof at === 'string' && !Number.isNaN(Date.parse(at)) && Array.isArray(signatures) && signatures.every((one) => typeof one === 'string');
}
