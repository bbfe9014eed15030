// What the embedded supervisor asks of the system: processes in groups of their own that outlive the daemon,
// recognised again by pid and start time. Implemented by platform/spawn-service; faked in tests.

import type { ReloadSignal } from './settings.js';

/** A pid alone is reused by the kernel; with its start time (clock ticks since boot) it names one process. */
export interface ProcessIdentity { readonly pid: number; readonly startTime: string }

/** A process that an earlier supervisor left running in this boot. */
export interface LeftProcess {
  readonly service: string;
  readonly pid: number;
  readonly bootId: string;
  /** The text of the `current` link when it was started. */
  readonly generation: string;
}

/** Both null: it was adopted, and only its parent could have learned how it ended. */
export interface ServiceExit { readonly code: number | null; readonly signal: string | null }

export interface ServiceProcess extends ProcessIdentity {
  /** Resolves when the process itself is gone; others of its group may still run. Never rejects. */
  readonly exited: Promise<ServiceExit>;
  /** True while anything but zombies is left in the group. */
  groupAlive(): boolean;
  /** To the whole group; no error when nobody is left. */
  signalGroup(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** To the process alone; no error when it is gone. */
  signal(signal: ReloadSignal): void;
}

export interface SpawnRequest {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a service prints; it goes to a bounded file first, so that no service depends on a living reader. */
export interface ServiceOutput {
  /** Lines since the last call, at most maxLines; the others are only counted. Keeps the file within its bound. */
  collect(maxLines: number): { readonly lines: readonly string[]; readonly skipped: number };
  /** A new process begins: what stands there so far was another's. */
  mark(): void;
  /** The last lines since the mark. */
  tail(maxLines: number): readonly string[];
}

export interface ServiceHost {
  /** Changes with each boot: pids of another boot mean nothing. */
  bootId(): string;
  /** Rejects with the system's own error (ENOENT, EACCES, …). */
  spawn(request: SpawnRequest): Promise<ServiceProcess>;
  /** True while exactly that process lives. */
  recognises(identity: ProcessIdentity): boolean;
  /** Undefined when that process is gone, or is another one by now. */
  adopt(identity: ProcessIdentity): ServiceProcess | undefined;
  /** Group leaders whose environment holds all of these variables. */
  find(env: Readonly<Record<string, string>>): readonly ProcessIdentity[];
  output(name: string): ServiceOutput;
}
