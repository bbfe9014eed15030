// What makes a run of the proof a failed one. PURE. Knows of no run that may lose "a little".
import type { BridgeReport } from '../../../src/bridge/status.js';
import type { Outcome } from './scenario.js';

/** Sentences; none when every byte is accounted for and the bridge's own counters add up. */
export function judgeOutcome(outcome: Outcome): string[] {
  const faults = [...outcome.wrong];
  if (outcome.missingIn !== 0) faults.push(`device to app: ${describe(outcome.missingIn)} of ${outcome.sent}`);
  if (outcome.missingOut !== 0) faults.push(`app to device: ${describe(outcome.missingOut)} of ${outcome.written}`);
  if (outcome.received === 0 || outcome.arrived === 0) faults.push('nothing was moved at all');
  if (outcome.report === null) faults.push('no bridge answers at the end');
  faults.push(...judgeCounters(outcome.report));
  return faults;
}

/** What does not add up in the bridge's own words, which must hold at every instant. */
export function judgeCounters(report: BridgeReport | null): string[] {
  return (report?.streams ?? []).flatMap((stream) => [
    ...stream.acknowledged + stream.dropped + stream.held === stream.received ? [] : [`the received bytes do not add up: ${JSON.stringify(stream)}`],
    ...stream.confirmed + stream.unsent === stream.written && stream.unsent >= 0 ? [] : [`the written bytes do not add up: ${JSON.stringify(stream)}`],
    ...stream.delivered >= stream.acknowledged && stream.delivered <= stream.received ? [] : [`delivered does not fit: ${JSON.stringify(stream)}`],
  ]);
}

const describe = (missing: number): string => (missing > 0 ? `${missing} bytes lost` : `${-missing} bytes doubled`);

export const percentile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
