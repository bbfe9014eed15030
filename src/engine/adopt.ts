// Takes over a plain app folder: the same files, now selected by a link. What runs goes on running.
import { HoldlineError } from '../domain/errors.js';
import type { Device } from '../domain/device.js';
import type { Plan } from '../domain/plan.js';
import type { UpdateResult } from '../domain/results.js';
import type { VersionRecord } from '../domain/state.js';
import { treeDigest } from '../domain/tree.js';
import { makeAdoptPlan } from '../decide/make-plan.js';
import type { EngineParts } from './parts.js';
import { NOTHING_STANDS, planContext } from './plan-context.js';
import { readDevice } from './read-device.js';
import { runTransaction, transactionId, type TransactionEnd } from './run-transaction.js';
import { stageFolder } from '../steps/stage-folder.js';
import { currentResult, plannedResult, resultOf } from './update-result.js';

export async function adoptDevice(parts: EngineParts, request: { readonly dryRun: boolean }, signal: AbortSignal): Promise<UpdateResult> {
  const begunMs = parts.clock.monotonicMs();
  const device = readDevice(parts);
  if (device.kind !== 'plain') return currentResult(device.version, 0);
  const { plan, end } = await adopt(parts, device, request.dryRun, signal);
  const durationMs = parts.clock.monotonicMs() - begunMs;
  return end === undefined ? plannedResult(plan, durationMs, 0) : resultOf(plan, end, { durationMs, bytesDownloaded: 0 });
}

/** The device as it is after adoption. @throws when the folder could not be adopted: nothing has changed then */
export async function adoptIfPlain(parts: EngineParts, device: Device, signal: AbortSignal): Promise<Device> {
  if (device.kind !== 'plain') return device;
  parts.report({ type: 'note', level: 'info', message: `taking over ${parts.layout.installDir}: its files stay what they are, and become the first kept version` });
  const { end } = await adopt(parts, device, false, signal);
  if (end?.outcome === 'committed') return readDevice(parts);
  throw end?.error ?? new HoldlineError('step-failed', `cannot take over ${parts.layout.installDir}: ${end?.reason ?? 'it did not finish'}`);
}

/** The plan alone, and the device as it would be after it: what a dry run plans on. */
export function planAdoption(parts: EngineParts, device: Device): { readonly plan: Plan; readonly after: Device } {
  const plan = adoptPlan(parts, device, transactionId(parts));
  const { version, directory } = plan.to;
  const record: VersionRecord = { format: 1, version, tag: null, tree_digest: '', created: parts.clock.now().toISOString(), origin: 'adopted', has_shipped_config: false };
  const current = { version, directory, record };
  const managed = device.managed.map((path) => (path.status === 'own' ? { ...path, status: 'linked' as const } : path));
  return { plan, after: { ...device, kind: 'adopted', current, versions: [current], managed } };
}

const ownPaths = (device: Device): string[] => device.managed.filter((m) => m.status === 'own').map((m) => m.path);

function adoptPlan(parts: EngineParts, device: Device, id: string): Plan {
  const paths = ownPaths(device);
  const outside = (path: string): boolean => !paths.some((managed) => path === managed || path.startsWith(`${managed}/`) || managed.startsWith(`${path}/`));
  const digest = treeDigest(parts.trees.read(parts.layout.installDir, outside));
  return makeAdoptPlan(planContext(parts, device, id, NOTHING_STANDS), { version: device.version ?? '0.0.0', treeDigest: digest });
}

async function adopt(parts: EngineParts, device: Device, dryRun: boolean, signal: AbortSignal): Promise<{ plan: Plan; end: TransactionEnd | undefined }> {
  const begunMs = parts.clock.monotonicMs();
  const { layout, fs } = parts;
  const id = transactionId(parts);
  const plan = adoptPlan(parts, device, id);
  if (dryRun) return { plan, end: undefined };
  const stage = stageFolder(fs, layout.installDir, ownPaths(device));
  return { plan, end: await runTransaction(parts, { id, plan, stage, bytesDownloaded: 0, begunMs }, signal) };
}
