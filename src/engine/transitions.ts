// The one transition table. Who may follow whom; everything else is a mistake in the program and throws.
import { HoldlineError } from '../domain/errors.js';
import type { UpdateState } from '../domain/state.js';

const TRANSITIONS = {
  idle:       ['checking', 'available', 'staging'],
  checking:   ['idle', 'current', 'waiting', 'available'],
  current:    ['idle', 'checking', 'available', 'staging'],
  waiting:    ['idle', 'checking', 'available', 'staging'],
  available:  ['idle', 'checking', 'waiting', 'fetching', 'staging'],
  fetching:   ['idle', 'waiting', 'available', 'staging'],
  staging:    ['preparing', 'discarded', 'broken'],
  preparing:  ['ready', 'discarded', 'broken'],
  ready:      ['switching', 'discarded', 'broken'],
  switching:  ['probing', 'committed', 'reverting', 'reverted', 'broken'], // committed: adoption has no probation; reverted, broken: the disk took no `reverting`
  probing:    ['committed', 'reverting'],
  reverting:  ['reverted', 'broken'],
  committed:  ['idle', 'checking', 'staging'],
  discarded:  ['idle', 'checking', 'staging'],
  reverted:   ['idle', 'checking', 'staging'],
  broken:     ['reverting'],                                               // only when a person asks for another try
} as const satisfies Record<UpdateState, readonly UpdateState[]>;

export function canFollow(from: UpdateState, to: UpdateState): boolean {
  const allowed: readonly UpdateState[] = TRANSITIONS[from];
  return allowed.includes(to);
}

export function assertTransition(from: UpdateState, to: UpdateState): void {
  if (canFollow(from, to)) return;
  throw new HoldlineError('internal', `cannot go from ${from} to ${to}: the transition table does not allow it`, {
    hint: 'This is a mistake in holdline, please report it; the device is left as it is.', context: { from, to },
  });
}
