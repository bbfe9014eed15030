// Embedded services while no daemon runs: nothing is started or stopped, and status tells so. What a killed daemon left
// running keeps running; the next daemon restarts it when it belongs to another version.
import type { Filesystem, ServiceController } from '../domain/ports.js';
import type { ServiceHost } from '../domain/service-host.js';
import { parseSupervisorRecord } from './supervisor-record.js';

export interface AbsentOptions { readonly host: ServiceHost; readonly filesystem: Filesystem; readonly stateFile: string }

export function createAbsentSupervisor({ host, filesystem, stateFile }: AbsentOptions): ServiceController {
  return {
    start: async () => undefined,
    stop: async () => undefined,
    reload: async () => undefined,
    status: async (service) => {
      const left = findLeftOver({ host, filesystem, stateFile }, service.name);
      return {
        name: service.name, kind: service.kind, active: left !== undefined, pid: left?.pid ?? null, restarts: left?.restarts ?? 0, since: left?.since ?? null,
        detail: left === undefined ? 'holdline run is not running, and it is what starts this service' : 'runs without its supervisor: holdline run is not running',
      };
    },
  };
}

function findLeftOver({ host, filesystem, stateFile }: AbsentOptions, name: string): { pid: number; restarts: number; since: string } | undefined {
  if (filesystem.stat(stateFile) === undefined) return undefined;
  const record = parseSupervisorRecord(filesystem.readText(stateFile));
  const running = record?.bootId === host.bootId() ? record.services.find((service) => service.name === name) : undefined;
  if (running === undefined || running.process === null) return undefined;
  return host.recognises(running.process) ? { pid: running.process.pid, restarts: running.restarts, since: running.since } : undefined;
}
