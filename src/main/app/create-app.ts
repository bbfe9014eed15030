// The device commands: asks the daemon when it runs, else does the work itself.
import { resolve } from 'node:path';
import { HoldlineError } from '../../domain/errors.js';
import type { ApprovalResult, ExplainReport } from '../../domain/explain.js';
import type { Job } from '../../domain/jobs.js';
import { controlSocket, type Layout } from '../../domain/layout.js';
import type { CheckResult, ComponentVersions, Report, UpdateResult } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import type { App } from '../../interface/app.js';
import type { Method } from '../../interface/control/protocol.js';
import type { Terminal } from '../../interface/cli/terminal.js';
import { fetcherScript } from '../fetcher/fetcher-script.js';
import { layoutOf } from '../layout-of.js';
import { readSettings } from '../read-settings.js';
import { askDaemon, NO_DAEMON } from './ask-daemon.js';
import { assertKnown, componentNames, readRollbackWords } from './component-words.js';
import { describeUser } from './describe-user.js';
import { readStatus } from './read-status.js';
import { terminalLog } from './terminal-log.js';

export interface AppParts { readonly settingsFile: string | undefined; readonly report: Report; readonly terminal: Terminal }

interface Context { readonly settings: Settings; readonly layout: Layout; readonly parts: AppParts }

/** @throws HoldlineError of family `settings` */
export function createApp(parts: AppParts): App {
  const settings = readSettings(parts.settingsFile, process.env);
  const context: Context = { settings, layout: layoutOf(settings), parts };
  const names = componentNames(settings);
  const work = <T>(method: Method, job: Job, params: object): Promise<T> => run(context, method, job, params) as Promise<T>;
  return {
    check: async (request) => work<CheckResult>('check', { kind: 'check', ...assertKnown(names, request) }, request),
    async update(request) {
      const from = request.from === undefined ? undefined : resolve(request.from);
      return work<UpdateResult>('update', { kind: 'update', ...assertKnown(names, request), version: request.version, from, dryRun: request.dryRun, unattended: request.unattended }, { ...request, from });
    },
    adopt: async (request) => work<UpdateResult>('adopt', { kind: 'adopt', ...request, ...assertKnown(names, request) }, request),
    async rollback({ words, dryRun }) {
      const asked = { ...readRollbackWords(words, names), dryRun };
      return work<UpdateResult>('rollback', { kind: 'rollback', ...asked }, asked);
    },
    versions: async (request) => work<readonly ComponentVersions[]>('versions', { kind: 'versions', ...assertKnown(names, request) }, request),
    unblock: async (version, request) => work('unblock', { kind: 'unblock', version, ...assertKnown(names, request) }, { version, ...request }),
    hold: async (request) => (await import('./hold-updates.js')).holdUpdates(context.settings, context.layout, request),
    holds: async () => (await import('./hold-updates.js')).listHolds(context.settings, context.layout),
    releaseHold: async (request) => (await import('./hold-updates.js')).releaseHold(context.settings, context.layout, request),
    approve: async (request) => work<ApprovalResult>('approve', { kind: 'approve', by: describeUser(), ...request, ...assertKnown(names, request) }, { by: describeUser(), ...request }),
    explain: async (request) => work<ExplainReport | readonly ExplainReport[]>('explain', { kind: 'explain', ...request, ...assertKnown(names, request) }, request),
    status: () => readStatus(context.settings, context.layout),
    history: async (limit) => (await import('./read-device.js')).readHistoryOf(context.settings, limit),
    backups: async () => (await import('./read-device.js')).readBackupsOf(context.settings),
    verify: async () => (await import('./read-device.js')).verifyAll(context.settings),
    recover: async () => (await import('./recover-device.js')).recoverDevice(context.layout),
    keys: async () => (await import('./read-trust.js')).readKeys(context.settings, context.layout),
    audit: async (since) => (await import('./read-trust.js')).readAudit(context.layout, since),
    doctor: async () => (await import('../doctor/examine.js')).examine(context.settings, context.layout),
  };
}

async function run({ settings, layout, parts }: Context, method: Method, job: Job, params: object): Promise<unknown> {
  for (const warning of settings.warnings) parts.report({ type: 'note', level: 'warn', message: warning });
  const answer = await askDaemon(controlSocket(layout), method, params, parts.report);
  if (answer !== NO_DAEMON) return answer;
  const { wireUpdater } = await import('../wire-updater.js');
  const { servicesWithoutDaemon } = await import('./services-without-daemon.js');
  const stop = new AbortController();
  const abort = (): void => stop.abort(new HoldlineError('interrupted', 'cannot go on: holdline was asked to stop; before the switch nothing has changed, after it the next start goes on'));
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  try {
    const updater = wireUpdater(settings, {
      services: servicesWithoutDaemon(layout), supervisorRuns: false, usage: {}, fetcher: fetcherScript(), report: parts.report, log: terminalLog(parts.terminal, settings.logLevel),
      actor: `uid ${process.getuid?.() ?? '?'}`,
    });
    return await updater.run(job, stop.signal);
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}
