// The main job: from an available release to a committed version, or back to what ran.
import { versionDir } from '../domain/layout.js';
import type { Plan } from '../domain/plan.js';
import type { UpdateResult } from '../domain/results.js';
import { treeDigest, type Tree } from '../domain/tree.js';
import { makeUpdatePlan, type UpdateTarget } from '../decide/make-plan.js';
import type { Stage } from '../steps/context.js';
import type { Device } from '../domain/device.js';
import { adoptIfPlain, planAdoption } from './adopt.js';
import { admitSwitch, type Asked } from './admit-release.js';
import { findUpdate, type Candidate, type Found } from './find-update.js';
import { noteChoice } from './leave-withdrawn.js';
import type { EngineParts, ObtainedPayload } from './parts.js';
import { askAround, planContext } from './plan-context.js';
import { readDevice } from './read-device.js';
import { rememberFound, rememberPayload } from './remember-found.js';
import { runTransaction, transactionId } from './run-transaction.js';
import { currentResult, plannedResult, resultOf, waitingResult } from './update-result.js';

export interface UpdateRequest { readonly version: string | undefined; readonly from: string | undefined; readonly dryRun: boolean; readonly unattended?: boolean | undefined }

/** @param known what a check found a moment ago */
export async function runUpdate(parts: EngineParts, request: UpdateRequest, signal: AbortSignal, known?: Found): Promise<UpdateResult> {
  const begunMs = parts.clock.monotonicMs();
  const took = (): number => parts.clock.monotonicMs() - begunMs;
  const device = readDevice(parts);
  const source = request.from === undefined ? parts.source : parts.sourceFrom(request.from);
  const asked: Asked = { who: known === undefined && request.unattended !== true ? 'person' : 'daemon', named: request.version, dryRun: request.dryRun };
  const found = known ?? await findUpdate(parts, source, asked, signal);
  rememberFound(parts, found, request.from === undefined);
  const { result, candidate } = found;
  if (result.waiting !== null) return waitingResult(device.version, result.latest_version, result.waiting, took());
  if (candidate === null) return currentResult(device.version, took());
  if (known === undefined && !request.dryRun) noteChoice(parts, candidate.release.version);
  const { id, plan, stage, bytesDownloaded } = await prepareUpdate(parts, found, candidate, { dryRun: request.dryRun, makeId: () => transactionId(parts) }, signal);
  if (request.dryRun) return plannedResult(plan, took(), bytesDownloaded);
  const end = await runTransaction(parts, { id, plan, stage, bytesDownloaded, begunMs, admitSwitch: () => admitSwitch(parts, candidate, asked, signal) }, signal);
  if (end.outcome === 'discarded' && end.error !== undefined) throw end.error;
  return resultOf(plan, end, { durationMs: took(), bytesDownloaded });
}

/** All that a transaction needs, fetched, proven and planned. */
export interface Prepared { readonly id: string; readonly plan: Plan; readonly stage: Stage; readonly bytesDownloaded: number }
/** `makeId` is asked after an adoption, which is a transaction of its own. */
export interface PrepareOptions { readonly dryRun: boolean; makeId(): string }

/** Takes over a plain folder first; in a dry run nothing is touched, and the plan shows everything that would happen. */
export async function prepareUpdate(parts: EngineParts, { result }: Found, candidate: Candidate, { dryRun, makeId }: PrepareOptions, signal: AbortSignal): Promise<Prepared> {
  const before = readDevice(parts);
  const device = dryRun ? before : await adoptIfPlain(parts, before, signal);
  parts.report({ type: 'state', state: 'fetching', detail: `${candidate.release.tag} from ${candidate.source.description}` });
  const payload = await obtainPayload(parts, candidate, signal);
  for (const message of payload.warnings) parts.report({ type: 'note', level: 'warn', message });
  const id = makeId();
  const adoption = device.kind === 'plain' ? planAdoption(parts, device) : undefined;
  const target = await describeTarget(parts, candidate, payload, signal);
  const standing = await askAround(parts, device, { from: device.version, to: target.version, type: result.release?.type ?? 'patch' }, signal);
  const plan = makeUpdatePlan(planContext(parts, adoption?.after ?? device, id, standing), target);
  const shown = dryRun ? { ...plan, steps: [...adoption?.plan.steps ?? [], ...plan.steps] } : plan;
  return { id, plan: shown, stage: stageOf(parts, candidate, payload, device, signal), bytesDownloaded: payload.bytesDownloaded };
}

export interface DownloadedUpdate { readonly version: string; readonly path: string; readonly bytes_downloaded: number }

/** Fetches and verifies; a following update finds the payload there. Null where there is nothing to fetch now. */
export async function downloadUpdate(parts: EngineParts, version: string | undefined, signal: AbortSignal): Promise<DownloadedUpdate | null> {
  const found = await findUpdate(parts, parts.source, { who: 'person', named: version }, signal);
  rememberFound(parts, found, true);
  if (found.candidate === null) return null;
  const { release, source } = found.candidate;
  parts.report({ type: 'state', state: 'fetching', detail: `${release.tag} from ${source.description}` });
  const payload = await obtainPayload(parts, found.candidate, signal);
  return { version: release.version, path: payload.path, bytes_downloaded: payload.bytesDownloaded };
}

async function obtainPayload(parts: EngineParts, { release, manifest, source }: Candidate, signal: AbortSignal): Promise<ObtainedPayload> {
  const payload = await parts.artifact(source).obtainPayload(release, manifest, signal);
  if (manifest === null) rememberPayload(parts, release, payload.sha256);
  parts.audit.note({ event: 'fetched', facts: { tag: release.tag, sha256: payload.sha256, bytes: payload.bytesDownloaded, source: source.description } });
  return payload;
}

async function describeTarget(parts: EngineParts, { release, manifest, source }: Candidate, payload: ObtainedPayload, signal: AbortSignal): Promise<UpdateTarget> {
  const files: Tree = payload.files ?? await parts.artifact(source).listPayload(payload, signal);
  return {
    version: release.version, tag: release.tag, treeDigest: treeDigest(files), signed: manifest !== null, files,
    ...(manifest?.requires.components === undefined ? {} : { requires: manifest.requires.components }),
  };
}

function stageOf(parts: EngineParts, { source }: Candidate, payload: ObtainedPayload, device: Device, signal: AbortSignal): Stage {
  const reuse = device.current === null ? null : versionDir(parts.layout, device.current.directory);
  return (into) => parts.artifact(source).extract(payload, into, reuse, signal);
}
