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
    const own = ownReason(service, request.ownChanges?.get(name) ?? request.changes);
    const because = own ?? (service.kind === 'hardware' ? undefined : passedOn(service, touched, byName));
    if (because === undefined || service.onChange === 'none') continue;
    if (service.kind === 'hardware' && hardwareHeld !== null) heldBack.push({ name, because, why: hardwareHeld });
    else touched.set(name, { name, action: actionOf(service), because });
  }
  return { touched: sortTouched(order.map((name) => byName.get(name)).filter((service) => service !== undefined), touched), heldBack };
}

/** Hardware is touched only when its own files are known to change. */
function ownReason(service: PlannedService, changes: TreeChange): TouchReason | undefined {
  if (changes.kind === 'everything') return service.kind === 'hardware' ? undefined : { kind: 'everything', why: changes.why };
  const { paths } = changes;
  const matcher = service.paths === undefined ? undefined : createPathMatcher(service.paths.map(({ glob }) => glob));
  const own = matcher === undefined ? paths : paths.filter((path) => matcher.matches(path));
  const [path] = own;
  return path === undefined ? undefined : { kind: 'path', path, count: own.length };
}

/** A bridge that is upgraded warm lets nobody down: its clients connect again by themselves. */
function passedOn(service: PlannedService, touched: ReadonlyMap<string, TouchedService>, byName: ReadonlyMap<string, PlannedService>): TouchReason | undefined {
  const dependency = service.dependsOn.find((name) => touched.has(name) && !isBridge(byName.get(name)));
  return dependency === undefined ? undefined : { kind: 'service', service: dependency };
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
