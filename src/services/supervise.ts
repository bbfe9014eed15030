// The supervisor's decisions as one table: what a service's next phase and action are. Pure; touches no process.

//   stopped --start--> running --exited/spawn-failed--> waiting --delay-over--> running
//   running --stop--> stopping --exited--> stopped          waiting --stop--> stopped
export type Phase = 'stopped' | 'running' | 'waiting' | 'stopping';

export type SuperviseEvent = 'start' | 'adopted' | 'stop' | 'exited' | 'spawn-failed' | 'delay-over';

export type SuperviseAction =
  | { readonly do: 'nothing' }
  | { readonly do: 'spawn' }
  | { readonly do: 'terminate' }
  | { readonly do: 'cancel-delay' }
  | { readonly do: 'delay'; readonly ms: number };

export interface Supervised {
  readonly phase: Phase;
  /** Restarts nobody asked for since the last start somebody asked for. */
  readonly restarts: number;
  /** Deaths in a row without a stable run between them. */
  readonly deaths: number;
}

export interface Decision { readonly next: Supervised; readonly action: SuperviseAction }

export const STOPPED: Supervised = { phase: 'stopped', restarts: 0, deaths: 0 };

export const FIRST_DELAY_MS = 1_000;
export const MAX_DELAY_MS = 60_000;
/** A run this long counts as stable: the next death waits the first delay again. */
export const STABLE_RUN_MS = 60_000;

/** 1, 2, 4, … 60 seconds. */
export function restartDelayMs(deaths: number): number {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(Math.max(0, deaths - 1), 16));
}

type Rule = (now: Supervised, ranMs: number) => Decision;

const nothing: Rule = (now) => ({ next: now, action: { do: 'nothing' } });
const startAfresh: Rule = () => ({ next: { phase: 'running', restarts: 0, deaths: 0 }, action: { do: 'spawn' } });
const startAgain: Rule = (now) => ({ next: { ...now, phase: 'running', restarts: now.restarts + 1 }, action: { do: 'spawn' } });
const takeOver: Rule = (now) => ({ next: { ...now, phase: 'running' }, action: { do: 'nothing' } });
const terminate: Rule = (now) => ({ next: { ...now, phase: 'stopping' }, action: { do: 'terminate' } });
const giveUp: Rule = (now) => ({ next: { ...now, phase: 'stopped' }, action: { do: 'cancel-delay' } });
const rest: Rule = (now) => ({ next: { ...now, phase: 'stopped' }, action: { do: 'nothing' } });
const waitThenStart: Rule = (now, ranMs) => {
  const deaths = ranMs >= STABLE_RUN_MS ? 1 : now.deaths + 1;
  return { next: { ...now, phase: 'waiting', deaths }, action: { do: 'delay', ms: restartDelayMs(deaths) } };
};

const TABLE = {
  stopped:  { 'start': startAfresh, 'adopted': takeOver, 'stop': nothing,   'exited': nothing,       'spawn-failed': nothing,       'delay-over': nothing },
  running:  { 'start': nothing,     'adopted': nothing,  'stop': terminate, 'exited': waitThenStart, 'spawn-failed': waitThenStart, 'delay-over': nothing },
  waiting:  { 'start': startAfresh, 'adopted': nothing,  'stop': giveUp,    'exited': nothing,       'spawn-failed': nothing,       'delay-over': startAgain },
  stopping: { 'start': nothing,     'adopted': nothing,  'stop': terminate, 'exited': rest,          'spawn-failed': rest,          'delay-over': nothing },
} as const satisfies Record<Phase, Record<SuperviseEvent, Rule>>;

/** `ranMs`: how long the process that exited had run; 0 for the other events. */
export function decideSupervision(now: Supervised, event: SuperviseEvent, ranMs = 0): Decision {
  return TABLE[now.phase][event](now, ranMs);
}
