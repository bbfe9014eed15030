// What was typed after `holdline rollout`, as a change with figures and times. Pure.
import { HoldlineError } from '../../domain/errors.js';
import type { RolloutRequest } from '../../interface/app.js';
import type { RolloutChange } from '../../publish/change-rollout.js';

const UNITS_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** @param salt for a rollout that names none */
export function toChange(request: RolloutRequest, salt: string): RolloutChange {
  const { action, value } = request;
  switch (action) {
    case 'start': return start(request, salt);
    case 'raise': {
      if (value === undefined) throw usage('no percentage is named', 'Like: holdline rollout raise 50.');
      return { kind: 'raise', percent: percentOf('the percentage', value), ...stepOf(request) };
    }
    case 'withdraw': return { kind: 'withdraw', version: value ?? null, salt };
    case 'pause': case 'resume': {
      if (value !== undefined) throw usage(`${action} takes no ${value}`, `It concerns the rollout as it is: holdline rollout ${action}.`);
      return { kind: action };
    }
    case 'show': throw usage('show changes nothing', 'Run holdline rollout show.');
  }
}

function start(request: RolloutRequest, salt: string): RolloutChange {
  if (request.value === undefined) throw usage('no version is named', 'Like: holdline rollout start 1.3.0 --percent 5.');
  if (request.percent === undefined) throw usage('no percentage is named', 'Give --percent: 5 to begin with few, 100 for everybody.');
  const { addPercent, everyS } = stepOf(request);
  return {
    kind: 'start', version: request.value, percent: percentOf('--percent', request.percent), addPercent: addPercent ?? 0, everyS: everyS ?? 0,
    start: timeOf('--begin', request.begin), expires: timeOf('--expires', request.expires), salt: request.salt ?? salt, groups: request.groups, exclude: request.exclude,
  };
}

function stepOf({ add, every }: RolloutRequest): { readonly addPercent: number | null; readonly everyS: number | null } {
  if ((add === undefined) !== (every === undefined)) throw usage('--add and --every go together', 'Like: --add 20 --every 1d.');
  return { addPercent: add === undefined ? null : percentOf('--add', add), everyS: every === undefined ? null : secondsOf(every) };
}

function percentOf(what: string, text: string): number {
  const value = /^\d{1,3}(\.\d{1,2})?$/u.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value <= 100)) throw usage(`${what} is ${text}`, 'Give a percentage from 0 to 100, with two decimals at the most.');
  return value;
}

function secondsOf(text: string): number {
  const parts = /^(\d{1,9})([smhd])$/u.exec(text);
  const seconds = Number(parts?.[1]) * (UNITS_S[parts?.[2] ?? ''] ?? 0);
  if (!(seconds > 0)) throw usage(`--every is ${text}`, 'Give a time like 30m, 6h or 1d.');
  return seconds;
}

function timeOf(what: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usage(`${what} is ${text}`, 'Give a date like 2026-12-01 or 2026-12-01T06:00:00Z.');
  return new Date(at).toISOString();
}

const usage = (why: string, hint: string): HoldlineError => new HoldlineError('usage', `cannot change the rollout: ${why}`, { hint });
