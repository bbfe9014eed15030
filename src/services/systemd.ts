// Services as systemd units, through `systemctl`. No shell, no password prompt, every call bounded; names are
// checked and stand behind `--`. Never reloads, enables or edits a unit.
import { errnoOf, HoldlineError } from '../domain/errors.js';
import type { Processes, RunResult, ServiceController } from '../domain/ports.js';
import type { ServiceStatus } from '../domain/results.js';
import type { ServiceSettings } from '../domain/settings.js';
import { assertUnitName, describeUnitState, parseUnitState, SHOWN_PROPERTIES, type UnitState } from './unit-state.js';

const QUERY_TIMEOUT_MS = 10_000;
/** systemd's own default for a start or stop is 90 s; a unit that allows itself more is not waited for longer. */
const JOB_TIMEOUT_MS = 150_000;
const JOURNAL_LINES = 10;

type Verb = 'start' | 'stop' | 'kill';
const FAILURE = { start: 'service-start', stop: 'service-stop', kill: 'service-reload' } as const satisfies Record<Verb, string>;

export interface SystemdOptions {
  readonly processes: Processes;
  /** PATH and the like; the language and the time zone are fixed so that answers can be read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createSystemd(options: SystemdOptions): ServiceController {
  return new Systemd(options);
}

class Systemd implements ServiceController {
  readonly #processes: Processes;
  readonly #env: Record<string, string>;

  constructor({ processes, environment }: SystemdOptions) {
    this.#processes = processes;
    this.#env = { PATH: environment['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
  }

  async start(service: ServiceSettings): Promise<void> {
    const unit = unitOf(service);
    // A unit that failed too often refuses to start until that is forgotten: a rollback must not meet that.
    if ((await this.#show(unit)).active === 'failed') await this.#systemctl('reset-failed', unit, QUERY_TIMEOUT_MS);
    let answer = await this.#systemctl('start', unit, JOB_TIMEOUT_MS);
    if (answer.code === 0 && !answer.timedOut) return;
    if ((await this.#show(unit)).result === 'start-limit-hit') {
      await this.#systemctl('reset-failed', unit, QUERY_TIMEOUT_MS);
      answer = await this.#systemctl('start', unit, JOB_TIMEOUT_MS);
      if (answer.code === 0 && !answer.timedOut) return;
    }
    throw await this.#explain('start', service, answer);
  }

  async stop(service: ServiceSettings): Promise<void> {
    const unit = unitOf(service);
    const answer = await this.#systemctl('stop', unit, JOB_TIMEOUT_MS);
    if (answer.code === 0 && !answer.timedOut) return;
    if (!answer.timedOut && /not loaded|not found/iu.test(answer.stderr)) return; // what is not there does not run
    throw await this.#explain('stop', service, answer);
  }

  async reload(service: ServiceSettings): Promise<void> {
    const { onChange } = service;
    if (typeof onChange !== 'object' || !('signal' in onChange)) return;
    const unit = unitOf(service);
    if ((await this.#show(unit)).pid === null) return; // what does not run reads the new files when it starts
    const answer = await this.#run(['systemctl', 'kill', '--no-pager', '--no-ask-password', '--kill-who=main', `--signal=${onChange.signal}`, '--', unit], QUERY_TIMEOUT_MS);
    if (answer.code === 0 && !answer.timedOut) return;
    if ((await this.#show(unit)).pid === null) return; // it has just ended
    throw await this.#explain('kill', service, answer);
  }

  async status(service: ServiceSettings): Promise<ServiceStatus> {
    const unit = unitOf(service);
    const base = { name: service.name, kind: service.kind };
    let state: UnitState;
    try {
      state = await this.#show(unit);
    } catch (thrown) {
      return { ...base, active: false, pid: null, restarts: 0, since: null, detail: thrown instanceof Error ? thrown.message : String(thrown) };
    }
    const active = state.active === 'active' || state.active === 'reloading';
    return { ...base, active, pid: state.pid, restarts: state.restarts, since: active ? state.since : null, detail: active && state.restarts === 0 ? null : describeUnitState(unit, state) };
  }

  async #show(unit: string): Promise<UnitState> {
    const answer = await this.#run(['systemctl', 'show', '--no-pager', `--property=${SHOWN_PROPERTIES.join(',')}`, '--', unit], QUERY_TIMEOUT_MS);
    if (answer.code !== 0 || answer.timedOut) {
      throw noSystemd(answer.stderr) ?? new HoldlineError('step-failed', `cannot ask systemd about ${unit}: ${answer.timedOut ? 'no answer in time' : lastLine(answer.stderr)}`);
    }
    return parseUnitState(answer.stdout);
  }

  #systemctl(verb: Exclude<Verb, 'kill'> | 'reset-failed', unit: string, timeoutMs: number): Promise<RunResult> {
    return this.#run(['systemctl', verb, '--no-pager', '--no-ask-password', '--', unit], timeoutMs);
  }

  async #run(argv: readonly string[], timeoutMs: number): Promise<RunResult> {
    try {
      return await this.#processes.run(argv, { env: this.#env, timeoutMs });
    } catch (thrown) {
      if (errnoOf(thrown instanceof Error ? thrown.cause : undefined) !== 'ENOENT') throw thrown;
      throw new HoldlineError('step-failed', 'cannot manage units: there is no systemctl on this device', {
        cause: thrown, hint: 'Without systemd write the service as a command: {name: web, command: [node, src/server.js]}',
      });
    }
  }

  async #explain(verb: Verb, service: ServiceSettings, answer: RunResult): Promise<HoldlineError> {
    const unit = unitOf(service);
    const code = FAILURE[verb];
    const context = { service: service.name, unit };
    const missing = noSystemd(answer.stderr);
    if (missing !== undefined) return missing;
    if (/authentication is required|interactive authentication|access denied|permission denied|not authorized/iu.test(answer.stderr)) {
      return new HoldlineError('permission', `cannot ${verb} ${unit}: systemd refuses it to this user`, {
        context, hint: 'Install the polkit rule systemd/50-holdline.rules and name the unit in it.',
      });
    }
    if (await this.#isShuttingDown()) {
      return new HoldlineError('interrupted', `cannot ${verb} ${unit}: the system is shutting down`, { context, hint: 'Nothing is lost: the next start goes on.' });
    }
    const state = await this.#show(unit).catch(() => undefined);
    const journal = verb === 'start' ? await this.#journal(unit) : '';
    const why = answer.timedOut ? `no end of the job within ${JOB_TIMEOUT_MS / 1000} s` : describe(unit, state, answer);
    return new HoldlineError(code, `cannot ${verb} ${unit}: ${why}${journal}`, { context, hint: `Look at it with: systemctl status ${unit}` });
  }

  /** Then systemd takes no job that a shutdown would undo, which says nothing about a version. */
  async #isShuttingDown(): Promise<boolean> {
    const answer = await this.#run(['systemctl', 'is-system-running', '--no-pager'], QUERY_TIMEOUT_MS).catch(() => undefined);
    return answer?.stdout.trim() === 'stopping';
  }

  /** The unit's last lines; nothing where this user may not read the journal. */
  async #journal(unit: string): Promise<string> {
    const answer = await this.#processes.run(['journalctl', '--no-pager', '--quiet', '--output=cat', `--lines=${JOURNAL_LINES}`, `--unit=${unit}`], { env: this.#env, timeoutMs: QUERY_TIMEOUT_MS })
      .catch(() => undefined);
    const lines = (answer?.code === 0 ? answer.stdout : '').split('\n').map((line) => line.trim()).filter((line) => line !== '').slice(-JOURNAL_LINES);
    return lines.length === 0 ? '' : `; its last lines: ${lines.join(' | ')}`;
  }
}

function describe(unit: string, state: UnitState | undefined, answer: RunResult): string {
  if (state === undefined || (state.load === 'loaded' && state.result === 'success')) return lastLine(answer.stderr);
  return describeUnitState(unit, state);
}

function unitOf(service: ServiceSettings): string {
  if (service.unit === null) throw new HoldlineError('internal', `cannot manage ${service.name} through systemd: it is not a unit`);
  assertUnitName(service.unit);
  return service.unit;
}

function noSystemd(stderr: string): HoldlineError | undefined {
  if (!/not been booted with systemd|failed to connect to (?:[a-z]+ )*bus/iu.test(stderr)) return undefined;
  return new HoldlineError('step-failed', 'cannot manage units: systemd does not run on this device', {
    hint: 'Without systemd write the service as a command: {name: web, command: [node, src/server.js]}',
  });
}

/** Where systemctl sends its reader for more is no reason. */
const lastLine = (text: string): string => text.trim().split('\n').findLast((line) => !/^See .* for details\.$/u.test(line)) ?? '';
