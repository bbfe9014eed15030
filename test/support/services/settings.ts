// Services as the settings would give them.
import type { ServiceSettings } from '../../../src/domain/settings.js';

export function commandService(name: string, command: readonly string[], extra: Partial<ServiceSettings> = {}): ServiceSettings {
  return { name, unit: null, command, kind: 'service', dependsOn: [], env: {}, stopTimeout: 5, ...extra };
}

export function unitService(unit: string, extra: Partial<ServiceSettings> = {}): ServiceSettings {
  return { name: unit.replace(/\.service$/u, ''), unit, command: null, kind: 'service', dependsOn: [], env: {}, stopTimeout: 5, ...extra };
}
