// What a release says of processes can narrow what the device allows, never widen it: units, users, paths and trust are the device's. Pure.
import { HoldlineError } from '../domain/errors.js';
import type { Manifest } from '../domain/manifest.js';
import type { ServiceSettings } from '../domain/settings.js';

/** Of one entry of `processes`; everything else in it is the device's to say. */
const PROCESS_KEYS: ReadonlySet<string> = new Set(['name', 'unit', 'paths', 'description']);

type Services = readonly Pick<ServiceSettings, 'name' | 'unit' | 'paths'>[];

/** What is not said is not wanted. @throws HoldlineError `manifest-forbidden`, naming what the device does not allow */
export function assertAllowed({ tag, processes = [], hooks = {} }: Pick<Manifest, 'tag'> & Partial<Pick<Manifest, 'processes' | 'hooks'>>, services: Services): void {
  for (const entry of processes) {
    const wrong = whyForbidden(entry, services);
    if (wrong !== undefined) throw forbidden(tag, wrong, services);
  }
  const [hook] = Object.keys(hooks);
  if (hook === undefined) return;
  throw new HoldlineError('manifest-forbidden', `cannot take release ${tag}: its manifest wants to run the hook ${JSON.stringify(hook)}, and only the settings of a device say which programs run. Nothing was changed`, {
    hint: 'A release can ship the program; the device names it, as hooks: {before_switch: [src/hooks/drain.sh]}. Ask the publisher to take hooks out of the manifest.', context: { tag },
  });
}

function forbidden(tag: string, what: string, services: Services): HoldlineError<'manifest-forbidden'> {
  const names = services.map(({ name, unit }) => unit ?? name);
  return new HoldlineError('manifest-forbidden', `cannot take release ${tag}: ${what}, which the settings of this device do not allow. Nothing was changed`, {
    hint: `A release cannot widen what the device allows${names.length === 0 ? '' : ` (here: ${names.join(', ')})`}: if it is meant, add it to the settings; else ask the publisher.`, context: { tag },
  });
}

function whyForbidden(entry: unknown, services: Services): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'it names a process that is none';
  const { name, unit, paths, ...rest } = entry as Readonly<Record<string, unknown>>;
  const called = typeof name === 'string' ? name : typeof unit === 'string' ? unit : undefined;
  if (called === undefined) return 'it names a process without a name';
  const service = services.find((one) => one.name === called || one.unit === called);
  if (service === undefined) return `it wants the ${typeof unit === 'string' ? `unit ${unit}` : `process ${called}`}`;
  if (unit !== undefined && unit !== service.unit) return `it wants the unit ${String(unit)} for ${service.name}`;
  const key = Object.keys(rest).find((one) => !PROCESS_KEYS.has(one));
  if (key !== undefined) return `it sets ${JSON.stringify(key)} of the process ${service.name}`;
  // Fewer of the device's own globs is narrower, another one is not; a process without globs is made of everything.
  const own = service.paths;
  const wider = Array.isArray(paths) && own !== undefined ? paths.find((path: unknown) => !own.some(({ glob }) => glob === path)) : undefined;
  return wider === undefined && (paths === undefined || Array.isArray(paths)) ? undefined : `it gives the process ${service.name} the paths ${JSON.stringify(wider ?? paths)}`;
}
