// Which processes an update touches, how, in which order and because of what: those whose own files change, and those that
// depend on one that is touched. Pure. A process whose files stay as they are keeps running.
import { HoldlineError } from '../domain/errors.js';
import { createPathMatcher } from '../domain/match-glob.js';
import { orderServices } from '../domain/order-services.js';
import type { HeldBackService, ServicePlan, TouchAction, TouchedService, TouchReason } from '../domain/plan.js';
import type { ServiceSettings } from '../domain/settings.js';
import type { TreeChange } from './list-changes.js';
import { sortTouched } from './sort-touched.js';

export type PlannedService = Pick<ServiceSettings, 'name' | 'kind' | 'dependsOn' | 'paths' | 'onChange' | 'instanceOf'>;

export interface ServicesRequest {
  readonly services: readonly PlannedService[];
  readonly changes: TreeChange;
  /** By name, of a service that has not taken the change before yet: compared with what it runs from. */
  readonly ownChanges?: ReadonlyMap<string, TreeChange> | undefined;
  /** Why hardware processes are left alone now; null when they may be touched. */
  readonly hardwareHeld: string | null;
  /** What is planned, for the message: `1.1.0`. */
  readonly version: string;
}

/** @throws settings-invalid for a circle or an unknown name, service-paths for a glob that matches nothing before or after */
export function planServices(request: ServicesRequest): ServicePlan {
  const { services, hardwareHeld } = request;
  const order = orderOf(services);
  const byName = new Map(services.map((service) => [service.name, service]));
  const touched = new Map<string, TouchedService>();
  const heldBack: HeldBackService[] = [];
  for (const service of services) assertPathsMatch(service, request);
  for (const name of order) {
    const service = byName.get(name);
    if (service === undefined) continue;
    const own = ownPaths(service, request.ownChanges?.get(name) ?? request.changes);
    const below = service.kind === 'hardware' ? [] : touchedBelow(service, touched, byName);
    const because = reasonOf(own, below);
    if (because === undefined || service.onChange === 'none') continue;
    if (service.kind === 'hardware' && hardwareHeld !== null) heldBack.push({ name, because, why: hardwareHeld });
    else touched.set(name, { name, action: actionOf(service), because, ...doubtOf(own, below) });
  }
  return { touched: sortTouched(order.map((name) => byName.get(name)).filter((service) => service !== undefined), touched), heldBack };
}

/** Its own files that change: `certain` ones, and those of which only the merge will say it. */
interface OwnPaths { readonly certain: readonly string[]; readonly doubtful: readonly string[]; readonly everything: string | null }

/** Hardware is touched only when its own files are known to change. */
function ownPaths(service: PlannedService, changes: TreeChange): OwnPaths {
  if (changes.kind === 'everything') return { certain: [], doubtful: [], everything: service.kind === 'hardware' ? null : changes.why };
  const matcher = service.paths === undefined ? undefined : createPathMatcher(service.paths.map(({ glob }) => glob));
  const own = changes.paths.filter((path) => matcher?.matches(path) ?? true);
  return { certain: own.filter((path) => !changes.doubtful.has(path)), doubtful: own.filter((path) => changes.doubtful.has(path)), everything: null };
}

/** What it depends on and is touched. A bridge that is upgraded warm lets nobody down: its clients connect again by themselves. */
const touchedBelow = (service: PlannedService, touched: ReadonlyMap<string, TouchedService>, byName: ReadonlyMap<string, PlannedService>): readonly TouchedService[] =>
  service.dependsOn.filter((name) => !isBridge(byName.get(name))).map((name) => touched.get(name)).filter((entry) => entry !== undefined);

function reasonOf({ certain, doubtful, everything }: OwnPaths, below: readonly TouchedService[]): TouchReason | undefined {
  if (everything !== null) return { kind: 'everything', why: everything };
  const [path] = [...certain, ...doubtful];
  if (path !== undefined) return { kind: 'path', path, count: certain.length + doubtful.length };
  const [first] = below;
  return first === undefined ? undefined : { kind: 'service', service: first.name };
}

function doubtOf({ certain, doubtful, everything }: OwnPaths, below: readonly TouchedService[]): Pick<TouchedService, 'unless'> {
  if (everything !== null || certain.length > 0 || below.some(({ unless }) => unless === undefined)) return {};
  return { unless: { paths: doubtful, services: below.map(({ name }) => name) } };
}

const isBridge = (service: PlannedService | undefined): boolean => typeof service?.onChange === 'object' && 'bridge' in service.onChange;

function actionOf({ onChange, instanceOf }: PlannedService): TouchAction {
  if (typeof onChange === 'object') return 'reload';
  return instanceOf === undefined ? 'restart' : 'roll';
}

/** A typing mistake in a glob would mean a process that is never restarted and runs on with old code: better no update. */
function assertPathsMatch({ name, paths }: PlannedService, { changes, version }: ServicesRequest): void {
  if (changes.kind === 'everything') return;
  for (const { glob, where } of paths ?? []) {
    const matcher = createPathMatcher([glob]);
    if ([...changes.known].some((path) => matcher.matches(path))) continue;
    const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
    throw new HoldlineError('service-paths', `cannot plan ${version}: ${place}"${glob}" of the service ${name} matches no file, neither in ${version} nor in what runs. Nothing has changed on the device`, {
      hint: 'Correct or remove the glob in its paths: a service whose files nobody sees would go on with old code.', ...(where === undefined ? {} : { where }), context: { service: name, glob },
    });
  }
}

function orderOf(services: readonly PlannedService[]): readonly string[] {
  const order = orderServices(services);
  if (order.kind === 'order') return order.names;
  if (order.kind === 'cycle') {
    throw new HoldlineError('settings-invalid', `cannot order the services: they depend on each other in a circle (${order.chain.join(' -> ')})`, {
      hint: 'Remove one of these depends_on entries.',
    });
  }
  throw new HoldlineError('settings-invalid', `cannot order the services: ${order.service} depends on ${order.dependency}, which is not in services`, {
    hint: `Add ${order.dependency} to services, or remove it from depends_on.`,
  });
}
