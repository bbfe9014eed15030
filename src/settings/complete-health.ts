// The health section: one probe per entry, each with a name that messages can use.
import type { HealthSettings } from '../domain/settings.js';
import { findServiceNames, unknownService } from './complete-services.js';
import type { Finding } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';
import { parseHostPort } from './value-rules.js';

type ProbeInput = SettingsInput['health'][number];

export function completeHealth(inputs: readonly ProbeInput[], services: SettingsInput['services'], findings: Finding[]): readonly HealthSettings[] {
  const names = new Set<string>();
  return inputs.flatMap((input, index) => {
    if (input.name !== undefined && names.has(input.name)) {
      findings.push({ path: ['health', index, 'name'], at: 'value', message: `two probes are called "${input.name}"`, hint: 'Give one of them another name.' });
    }
    return servicesOf(input, index, services, findings).map((service) => {
      const name = uniqueName(input.name ?? describeProbe(input, service), names);
      names.add(name);
      return completeProbe(input, name, service);
    });
  });
}

/** A probe of several instances is one of each. */
function servicesOf(input: ProbeInput, index: number, services: SettingsInput['services'], findings: Finding[]): readonly string[] {
  if (!('service' in input)) return [''];
  const found = findServiceNames(services, input.service);
  if (found.length === 0) findings.push(unknownService(['health', index, 'service'], input.service, services));
  return found.length === 0 ? [input.service] : found;
}

function completeProbe(input: ProbeInput, name: string, service: string): HealthSettings {
  const common = { name, timeout: input.timeout };
  if ('http' in input) return { kind: 'http', ...common, url: input.http, status: input.status };
  if ('tcp' in input) {
    const { host, port } = parseHostPort(input.tcp) ?? { host: input.tcp, port: 0 };
    return { kind: 'tcp', ...common, host, port };
  }
  if ('command' in input) return { kind: 'command', ...common, command: input.command };
  if ('service' in input) return { kind: 'service', ...common, service, activeFor: input.active_for };
  return { kind: 'bridge', ...common, bridge: input.bridge };
}

function describeProbe(input: ProbeInput, service: string): string {
  if ('http' in input) return `http ${input.http}`;
  if ('tcp' in input) return `tcp ${input.tcp}`;
  if ('command' in input) return `command ${input.command[0] ?? ''}`;
  return 'service' in input ? `service ${service}` : `bridge ${input.bridge}`;
}

function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted} (${count})`;
  return name;
}
