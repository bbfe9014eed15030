// The services section: names, defaults, and what services say about each other.
import { orderServices } from '../domain/order-services.js';
import type { ServiceSettings } from '../domain/settings.js';
import { suggest } from '../domain/suggest.js';
import type { Finding } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';

type ServiceInput = SettingsInput['services'][number];

/** A service's name; of a unit without one, the unit's without `.service`. */
export function nameService(input: ServiceInput): string {
  return 'unit' in input ? input.name ?? input.unit.replace(/\.service$/u, '') : input.name;
}

/** A service may be called by its name or by its unit. */
export function findServiceName(services: readonly ServiceInput[], called: string): string | undefined {
  const found = services.find((service) => nameService(service) === called) ?? services.find((service) => 'unit' in service && service.unit === called);
  return found === undefined ? undefined : nameService(found);
}

export function completeServices(inputs: readonly ServiceInput[], findings: Finding[]): readonly ServiceSettings[] {
  const services = inputs.map((input, index): ServiceSettings => ({
    name: nameService(input),
    unit: 'unit' in input ? input.unit : null,
    command: 'unit' in input ? null : input.command,
    kind: input.kind,
    dependsOn: input.depends_on.map((called, at) => {
      const found = findServiceName(inputs, called);
      if (found === undefined) findings.push(unknownService(['services', index, 'depends_on', at], called, inputs));
      return found ?? called;
    }),
    env: 'unit' in input ? {} : input.env,
    stopTimeout: input.stop_timeout,
  }));
  services.forEach((service, index) => {
    const first = services.findIndex((other) => other.name === service.name || (other.unit !== null && other.unit === service.unit));
    if (first < index) findings.push({ path: ['services', index], at: 'value', message: `services[${first}] and services[${index}] are both called ${service.name}`, hint: 'Give one of them another name.' });
  });
  const order = orderServices(services);
  if (order.kind === 'cycle') {
    const index = services.findIndex((service) => service.name === order.chain[0]);
    findings.push({ path: ['services', index, 'depends_on'], at: 'value', message: `services depend on each other in a circle (${order.chain.join(' -> ')})`, hint: 'Remove one of these depends_on entries.' });
  }
  return services;
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
