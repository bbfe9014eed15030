// The control socket's lines: one JSON object each. A request {id, method, params}; answers {id, event}* then {id, result} or {id, error}.
import { ERROR_TABLE, HoldlineError, type ErrorCode } from '../../domain/errors.js';
import type { PlainError } from '../../domain/jobs.js';
import type { RunEvent } from '../../domain/results.js';

export const METHODS = ['check', 'update', 'rollback', 'adopt', 'unblock', 'approve', 'explain', 'versions', 'activity', 'wake'] as const;
export type Method = (typeof METHODS)[number];

/** Longest line either side reads; a longer one ends the connection. */
export const MAX_LINE_BYTES = 1024 * 1024;

export interface Request { readonly id: number; readonly method: Method; readonly params: Readonly<Record<string, unknown>> }
export type Answer =
  | { readonly id: number; readonly event: RunEvent }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: PlainError };

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMethod = (value: unknown): value is Method => METHODS.some((m) => m === value);

/** @throws HoldlineError `usage` for anything that is not a request of ours */
export function parseRequest(line: string): Request {
  let value: unknown;
  try { value = JSON.parse(line); } catch (cause) { throw new HoldlineError('usage', 'cannot read the request: not JSON', { cause }); }
  if (!isRecord(value) || !Number.isSafeInteger(value['id']) || !isMethod(value['method'])) {
    throw new HoldlineError('usage', 'cannot read the request: it needs a whole number as id and a known method', { hint: `Methods: ${METHODS.join(', ')}.` });
  }
  const params = value['params'] ?? {};
  if (!isRecord(params)) throw new HoldlineError('usage', 'cannot read the request: params is not an object');
  return { id: Number(value['id']), method: value['method'], params };
}

export function plainError(thrown: HoldlineError): PlainError {
  return { code: thrown.code, message: thrown.message, hint: thrown.hint, where: thrown.where };
}

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(ERROR_TABLE, value);

/** The error as it was on the other side; an unknown code (a newer daemon) becomes `internal`. */
export function revivedError(error: PlainError): HoldlineError {
  return new HoldlineError(isCode(error.code) ? error.code : 'internal', error.message, {
    ...(error.hint === undefined || error.hint === null ? {} : { hint: error.hint }),
    ...(error.where === undefined || error.where === null ? {} : { where: error.where }),
  });
}
