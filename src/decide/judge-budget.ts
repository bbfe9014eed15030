// Does the update fit into what may still be downloaded today? Days are UTC days: every device knows them, and no clock change makes one twice as long. Pure.
import type { NetworkSettings } from '../domain/device-rules.js';
import type { UpdateType } from '../domain/release.js';
import type { Ruling } from '../domain/ruling.js';

export interface BytesOfDay {
  /** `2026-11-26`, UTC. */
  readonly day: string;
  readonly bytes: number;
}

export interface BudgetRequest {
  readonly network: Pick<NetworkSettings, 'dailyBytes' | 'pass'>;
  /** What was counted last. */
  readonly spent: BytesOfDay;
  /** Bytes that are still to be downloaded; null where nobody says. */
  readonly needed: number | null;
  readonly tag: string;
  readonly type: UpdateType;
  readonly now: Date;
}

const DAY_MS = 86_400_000;

export const dayOf = (now: Date): string => now.toISOString().slice(0, 10);

/** A day that has not come (the clock was wrong) counts as today: a budget is not spent twice. */
export function bytesToday(spent: BytesOfDay, now: Date): number {
  return spent.day >= dayOf(now) ? spent.bytes : 0;
}

export function judgeBudget({ network, spent, needed, tag, type, now }: BudgetRequest): Ruling {
  const { dailyBytes, pass } = network;
  if (dailyBytes === 0) return { rule: 'budget', verdict: 'pass', detail: 'no byte budget is set' };
  const used = bytesToday(spent, now);
  const left = Math.max(0, dailyBytes - used);
  if (pass.includes(type)) return { rule: 'budget', verdict: 'pass', detail: `${type} updates pass the byte budget (network.pass)` };
  const size = needed ?? 1;
  if (size <= left) return { rule: 'budget', verdict: 'pass', detail: `${needed === null ? 'of unknown size' : `${needed} bytes`} of ${left} left today` };
  const detail = `${tag} ${needed === null ? 'does not say its size' : `needs ${needed} bytes`}, ${left} of network.daily_bytes ${dailyBytes} are left today (UTC)`;
  if (size > dailyBytes) return wait(`${detail}: it never fits; raise network.daily_bytes, or bring it by hand: holdline --update --from FOLDER`, null);
  return wait(detail, new Date((Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS).toISOString());
}

const wait = (detail: string, until: string | null): Ruling => ({ rule: 'budget', verdict: 'wait', detail, waiting: { reason: 'budget', detail, until } });
