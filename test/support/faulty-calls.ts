// Any object of functions, made to fail or to die at its n-th effect. A death is final: every later call throws Crash too,
// so that no `finally` and no error path of the code under test can still reach the disk. Used for platform/ and recovery/ alike.
import { EFFECTS } from '../../src/platform/system-calls.js';

/** The process is dead. Not an Error with an errno: code that swallows it must still be unable to change anything. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

export type Fault =
  /** Dies before the n-th effect (from 1). `torn`: writes and copies leave the first half of their bytes first. */
  | { readonly kind: 'crash'; readonly at: number; readonly torn?: boolean }
  /** The n-th effect fails and nothing of it happens; the process lives on. `lasting`: so does every later one. */
  | { readonly kind: 'error'; readonly at: number; readonly code: 'ENOSPC' | 'EIO' | 'EROFS'; readonly lasting?: boolean };

export interface FaultyCalls<Calls extends object> {
  readonly calls: Calls;
  /** `rename /a /b`, one line per effect that was reached, in order. */
  readonly effects: readonly string[];
  readonly fired: () => boolean;
}

type AnyFunction = (...values: unknown[]) => unknown;

/** Effects that only wait for the disk: skipped (but counted), because a killed process loses no page of the cache. */
const SKIPPED: readonly string[] = ['fsync', 'syncFilesystem'];
const ERRNO_OF = { ENOSPC: 28, EIO: 5, EROFS: 30 } as const;
/** With a full disk these still work. */
const WORK_ON_A_FULL_DISK: readonly string[] = ['unlink', 'rmdir', 'chmod', 'lchown', 'truncate'];

export function faultyCalls<Calls extends object>(real: Calls, fault?: Fault): FaultyCalls<Calls> {
  const effects: string[] = [];
  let fired = false;
  let dead = false;
  const strike = (name: string, values: readonly unknown[], call: AnyFunction): unknown => {
    effects.push([name, ...values.map(describe)].join(' '));
    if (fault?.kind === 'crash' && effects.length === fault.at) {
      fired = dead = true;
      if (fault.torn === true) tear(real, name, values);
      throw new Crash(`died before ${effects.at(-1) ?? name}`);
    }
    if (fault?.kind === 'error' && hits(fault, effects.length, name)) {
      fired = true;
      throw Object.assign(new Error(`${fault.code}: injected, ${name}`), { code: fault.code, errno: -ERRNO_OF[fault.code], syscall: name, path: String(values[0]) });
    }
    return SKIPPED.includes(name) ? undefined : call(...values);
  };
  const calls = Object.fromEntries(Object.entries(real).map(([name, call]: [string, AnyFunction]) => [name, (...values: unknown[]) => {
    if (dead && name === 'close') return call(...values); // the kernel closes a dead process's files
    if (dead) throw new Crash('already dead');
    return isEffect(name) ? strike(name, values, call) : call(...values);
  }]));
  return { calls: calls as Calls, effects, fired: () => fired };
}

const isEffect = (name: string): boolean => (EFFECTS as readonly string[]).includes(name);

function hits(fault: Extract<Fault, { kind: 'error' }>, count: number, name: string): boolean {
  if (count === fault.at) return true;
  if (fault.lasting !== true || count < fault.at) return false;
  return fault.code !== 'ENOSPC' || !WORK_ON_A_FULL_DISK.includes(name);
}

/** What a kill in the middle of a large write can leave. */
function tear(real: object, name: string, values: readonly unknown[]): void {
  const [first, second] = values;
  if (name === 'write' && second instanceof Uint8Array) {
    call(real, 'write', first, second.subarray(0, Math.floor(second.length / 2)));
  }
  if (name === 'copyFile') {
    call(real, 'copyFile', first, second);
    const { size } = call(real, 'lstat', second) as { size: number };
    call(real, 'truncate', second, Math.floor(size / 2));
  }
}

function call(real: object, name: string, ...values: unknown[]): unknown {
  const found = (real as Record<string, AnyFunction | undefined>)[name];
  if (found === undefined) throw new Error(`the harness needs ${name}`);
  return found(...values);
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
