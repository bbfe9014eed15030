// Probes that ask the device itself: a command, a bridge, a service that must stay active.
import type { BridgeInspector, Clock, Processes, ServiceController } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { HealthSettings, ServiceSettings } from '../domain/settings.js';
import { describeEnd, lastLines } from '../domain/run-words.js';
import type { Finding } from './probe.js';

export type CommandProbeSettings = Extract<HealthSettings, { kind: 'command' }>;
export type ServiceProbeSettings = Extract<HealthSettings, { kind: 'service' }>;
export type BridgeProbeSettings = Extract<HealthSettings, { kind: 'bridge' }>;

export async function probeCommand(probe: CommandProbeSettings, processes: Processes, cwd: string, signal: AbortSignal): Promise<Finding> {
  const result = await processes.run(probe.command, { cwd, timeoutMs: probe.timeout * 1000, signal });
  return { ok: result.code === 0 && !result.timedOut, output: [describeEnd(result, probe.timeout), ...lastLines(result)].join(' | ') };
}

export async function probeBridge(probe: BridgeProbeSettings, inspector: BridgeInspector): Promise<Finding> {
  const bridge = (await inspector.status()).find((status) => status.name === probe.bridge);
  if (bridge === undefined) return { ok: false, output: `no bridge ${probe.bridge} runs` };
  return { ok: bridge.attached && bridge.reading, output: `${bridge.attached ? 'attached' : 'not attached'}, ${bridge.reading ? 'reading' : 'not reading'}: ${bridge.detail}` };
}

/**
 * Active for `activeFor` seconds without a restart, counted on the monotonic clock from the first look (a clock that is set
 * during probation must not count as running time). Young is pending, not failed. A restart before the first success is one
 * failure; after it the service has shown that it dies, and stays failed.
 */
export function watchService(probe: ServiceProbeSettings, service: ServiceSettings, controller: ServiceController, clock: Clock): () => Promise<Finding> {
  let seen: { pid: number | null; restarts: number; sinceMs: number } | undefined;
  let passed = false;
  let died: string | undefined;
  return async () => {
    const status = await controller.status(service);
    const nowMs = clock.monotonicMs();
    const restarted = seen !== undefined && (status.restarts > seen.restarts || (status.active && status.pid !== seen.pid));
    if (passed && (restarted || !status.active)) died ??= describe(status);
    if (died !== undefined) return { ok: false, output: `died after it had been active: ${died}` };
    if (!status.active) return { ok: false, output: describe(status) };
    if (seen === undefined || restarted) seen = { pid: status.pid, restarts: status.restarts, sinceMs: nowMs };
    if (restarted) return { ok: false, output: describe(status) };
    const activeSeconds = (nowMs - seen.sinceMs) / 1000;
    passed ||= activeSeconds >= probe.activeFor;
    return passed ? { ok: true, output: `active for ${activeSeconds.toFixed(1)} s` } : { ok: false, pending: true, output: `active for ${activeSeconds.toFixed(1)} of ${probe.activeFor} s` };
  };
}

function describe(status: ServiceStatus): string {
  const restarts = status.restarts === 0 ? '' : `, restarted ${status.restarts} times by itself`;
  return `${status.active ? 'active' : 'not active'}${restarts}${status.detail === null ? '' : `: ${status.detail}`}`;
}
