// The supervisor's file (`services.json`): which processes it runs, so that the next daemon adopts them. Pure text <-> data.
import type { ProcessIdentity } from '../domain/service-host.js';

export interface RunningRecord {
  readonly name: string;
  /** Null while it is being started: after a crash in that instant it is looked for by its environment. */
  readonly process: ProcessIdentity | null;
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly restarts: number;
  /** What it was started from (the text of the `current` link): one of an older version is not kept. */
  readonly generation: string;
}

export interface SupervisorRecord { readonly bootId: string; readonly services: readonly RunningRecord[] }

export function printSupervisorRecord(record: SupervisorRecord): string {
  const services = record.services.map((service) => ({
    name: service.name, pid: service.process?.pid ?? null, start_time: service.process?.startTime ?? null,
    since: service.since, restarts: service.restarts, generation: service.generation,
  }));
  return `${JSON.stringify({ format: 1, boot_id: record.bootId, services }, null, 2)}\n`;
}

/** Undefined for anything that is not ours: then nothing is adopted by it, and nothing is signalled. */
export function parseSupervisorRecord(text: string): SupervisorRecord | undefined {
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  if (!isObject(value) || value['format'] !== 1 || typeof value['boot_id'] !== 'string' || !Array.isArray(value['services'])) return undefined;
  const services: RunningRecord[] = [];
  for (const entry of value['services']) {
    const service = parseService(entry);
    if (service === undefined) return undefined;
    services.push(service);
  }
  return { bootId: value['boot_id'], services };
}

function parseService(entry: unknown): RunningRecord | undefined {
  if (!isObject(entry)) return undefined;
  const { name, pid, start_time: startTime, since, restarts, generation } = entry;
  if (typeof name !== 'string' || typeof since !== 'string' || typeof restarts !== 'number' || typeof generation !== 'string') return undefined;
  if (pid === null) return { name, process: null, since, restarts, generation };
  // pid 1 and 0 would make a group signal reach everything.
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2 || typeof startTime !== 'string') return undefined;
  return { name, process: { pid, startTime }, since, restarts, generation };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
