// The services section: names, instances, defaults, and what services say about each other.
import type { Place } from '../domain/errors.js';
import { orderServices } from '../domain/order-services.js';
import type { OnChange, ServiceSettings } from '../domain/settings.js';
import { suggest } from '../domain/suggest.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';
import { parseInstances } from './value-rules.js';

type ServiceInput = SettingsInput['services'][number];

const TEMPLATE = /@\.service$/u;
/** As shipped in systemd/. */
const BRIDGE_UNIT = /^holdline-bridge@(?<bridge>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})\.service$/u;

/** What an entry is called, its instances together; of a unit without a name, the unit's without `.service`. */
export function nameService(input: ServiceInput): string {
  return 'unit' in input ? input.name ?? input.unit.replace(TEMPLATE, '').replace(/\.service$/u, '') : input.name;
}

const instancesOf = (input: ServiceInput): readonly number[] | undefined => (input.instances === undefined ? undefined : parseInstances(input.instances));
const unitOf = (input: ServiceInput, instance: number | undefined): string | null =>
  ('unit' in input ? (instance === undefined ? input.unit : input.unit.replace(TEMPLATE, `@${instance}.service`)) : null);

/** The services an entry stands for. */
function namesOf(input: ServiceInput): readonly string[] {
  const name = nameService(input);
  return instancesOf(input)?.map((instance) => `${name}@${instance}`) ?? [name];
}

/** A service may be called by its name or by its unit, several instances by their common name. Nothing: there is none. */
export function findServiceNames(services: readonly ServiceInput[], called: string): readonly string[] {
  const byName = services.find((service) => nameService(service) === called);
  if (byName !== undefined) return namesOf(byName);
  for (const service of services) {
    if (unitOf(service, undefined) === called) return namesOf(service);
    const index = namesOf(service).findIndex((name, at) => name === called || unitOf(service, instancesOf(service)?.[at]) === called);
    if (index >= 0) return [namesOf(service)[index] ?? called];
  }
  return [];
}

/** @param locate where a key path stands, for what is only found wrong when a plan is made */
export function completeServices(inputs: readonly ServiceInput[], findings: Finding[], locate: (path: KeyPath) => Place | undefined): readonly ServiceSettings[] {
  const expanded = inputs.flatMap((input, index) => {
    findings.push(...checkInstances(input, index));
    const dependsOn = input.depends_on.flatMap((called, at) => {
      const found = findServiceNames(inputs, called);
      if (found.length === 0) findings.push(unknownService(['services', index, 'depends_on', at], called, inputs));
      return found.length === 0 ? [called] : found;
    });
    const paths = input.paths?.map((glob, at) => ({ glob, where: locate(['services', index, 'paths', at]) }));
    const instances: readonly (number | undefined)[] = instancesOf(input) ?? [undefined];
    return instances.map((instance) => ({ index, service: completeService(input, instance, { dependsOn, ...(paths === undefined ? {} : { paths }) }) }));
  });
  const services = expanded.map(({ service }) => service);
  expanded.forEach(({ index, service }) => {
    const first = expanded.find((other) => other.service.name === service.name || (other.service.unit !== null && other.service.unit === service.unit))?.index ?? index;
    if (first < index) findings.push({ path: ['services', index], at: 'value', message: `services[${first}] and services[${index}] are both called ${service.name}`, hint: 'Give one of them another name.' });
  });
  const order = orderServices(services);
  if (order.kind === 'cycle') {
    const index = expanded.find(({ service }) => service.name === order.chain[0])?.index ?? 0;
    findings.push({ path: ['services', index, 'depends_on'], at: 'value', message: `services depend on each other in a circle (${order.chain.join(' -> ')})`, hint: 'Remove one of these depends_on entries.' });
  }
  return services;
}

function completeService(input: ServiceInput, instance: number | undefined, more: Pick<ServiceSettings, 'dependsOn' | 'paths'>): ServiceSettings {
  const name = nameService(input);
  const fill = (value: string): string => (instance === undefined ? value : value.replaceAll('%i', String(instance)));
  const onChange = input.on_change ?? defaultOnChange(input);
  return {
    name: instance === undefined ? name : `${name}@${instance}`,
    unit: unitOf(input, instance),
    command: 'unit' in input ? null : input.command.map(fill),
    kind: input.kind,
    env: 'unit' in input ? {} : Object.fromEntries(Object.entries(input.env).map(([key, value]) => [key, fill(value)])),
    stopTimeout: input.stop_timeout,
    ...more,
    ...(onChange === undefined ? {} : { onChange }),
    ...(instance === undefined ? {} : { instanceOf: name }),
  };
}

/** A bridge's own unit is never stopped for an update: the line it holds would be let go. */
function defaultOnChange(input: ServiceInput): OnChange | undefined {
  const bridge = 'unit' in input ? BRIDGE_UNIT.exec(input.unit)?.groups?.['bridge'] : undefined;
  return bridge === undefined ? undefined : { bridge };
}

function checkInstances(input: ServiceInput, index: number): readonly Finding[] {
  const template = 'unit' in input && TEMPLATE.test(input.unit);
  const wrong = (key: string, message: string, hint: string): Finding => ({ path: ['services', index, key], at: 'value', message: `services[${index}].${key} ${message}`, hint });
  if (input.instances === undefined) return template ? [wrong('unit', `${input.unit} is a template, and no instances are given`, 'Add a line like instances: "1..4", or name one instance: app@1.service.')] : [];
  if ('unit' in input && !template) return [wrong('instances', `need a template unit, and ${input.unit} is none`, `Write unit: ${input.unit.replace(/\.service$/u, '')}@.service.`)];
  if (input.kind === 'hardware') return [wrong('instances', 'cannot be given for a hardware service: a device has one owner', 'Write one entry for each.')];
  return [];
}

export function unknownService(path: Finding['path'], called: string, services: readonly ServiceInput[]): Finding {
  const names = services.map(nameService);
  const near = suggest(called, names);
  return {
    path, at: 'value',
    message: `there is no service "${called}"${near === undefined ? '' : `, did you mean "${near}"?`}`,
    hint: names.length === 0 ? 'Add it to services.' : `In services are: ${names.join(', ')}.`,
  };
}
