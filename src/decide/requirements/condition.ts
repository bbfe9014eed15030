// How the device is at this moment: memory, heat, supply, load, clock, network. What it does not tell is unknown, never failed. Pure.
import type { DeviceFacts } from '../../domain/device-facts.js';
import type { NetworkSettings, RequirementSettings } from '../../domain/device-rules.js';
import { PLAUSIBLE_SINCE } from '../../domain/plausible-clock.js';
import type { RequirementCheck, RequirementVerdict } from '../../domain/requirement-report.js';
import type { UpdateType } from '../../domain/release.js';
import { lasting, passing } from './check.js';

interface ConditionRequest {
  readonly device: DeviceFacts;
  readonly rules: RequirementSettings;
  readonly network: Pick<NetworkSettings, 'metered' | 'pass'>;
  readonly type: UpdateType | null;
  readonly now: Date;
}

/** From this share of a limit on it is worth a word. */
const NEAR = 0.9;

export function checkCondition(request: ConditionRequest): RequirementCheck[] {
  const { device, rules, now } = request;
  return [
    lasting('clock', 'a set clock', now.toISOString(), now.getTime() >= PLAUSIBLE_SINCE, 'Set it: timedatectl set-ntp true.'),
    ...(rules.memoryMb === 0 ? [] : [atLeast('memory', rules.memoryMb, device.availableMb ?? null)]),
    ...(rules.maxTemperature === 0 ? [] : [atMost('temperature', rules.maxTemperature, device.temperature ?? null, ' °C', 'Let it cool down: look at its fan, heat sink and enclosure.')]),
    ...(rules.underVoltage === 'ignore' ? [] : [checkVoltage(rules.underVoltage, device.underVoltage ?? null)]),
    ...(rules.maxLoad === 0 ? [] : [atMost('load', rules.maxLoad, device.load ?? null, ' for each core', 'Find what keeps it busy (top), or raise requirements.max_load.')]),
    ...checkNetwork(request),
  ];
}

function atLeast(name: string, least: number, have: number | null): RequirementCheck {
  const verdict: RequirementVerdict = have === null ? 'unknown' : have < least ? 'failed' : have * NEAR < least ? 'warned' : 'passed';
  return passing(name, `${least} MB available`, have === null ? 'not told' : `${Math.floor(have)} MB`, verdict, 'Find what fills it (ps --sort=-rss), or lower requirements.memory_mb.');
}

function atMost(name: string, most: number, have: number | null, unit: string, remedy: string): RequirementCheck {
  const verdict: RequirementVerdict = have === null ? 'unknown' : have > most ? 'failed' : have > most * NEAR ? 'warned' : 'passed';
  return passing(name, `at most ${most}${unit}`, have === null ? 'not told' : `${Math.round(have * 10) / 10}${unit}`, verdict, remedy);
}

function checkVoltage(rule: 'refuse' | 'warn', have: DeviceFacts['underVoltage'] & {} | null): RequirementCheck {
  const verdict: RequirementVerdict = have === null ? 'unknown' : have === 'no' ? 'passed' : have === 'now' && rule === 'refuse' ? 'failed' : 'warned';
  const told = have === null ? 'not told' : have === 'no' ? 'steady' : have === 'now' ? 'too low now' : 'was too low since it was switched on';
  return passing('supply voltage', 'steady', told, verdict, 'Use a stronger power supply and a short cable: a brown-out in the middle of a write costs SD cards.');
}

function checkNetwork({ device, network, type }: ConditionRequest): RequirementCheck[] {
  if (network.metered === 'ignore') return [];
  const metered = device.metered ?? null;
  const excused = type !== null && network.pass.includes(type);
  const verdict: RequirementVerdict = metered === null ? 'unknown' : !metered ? 'passed' : excused ? 'warned' : 'failed';
  const have = metered === null ? 'not told' : metered ? 'metered' : 'not metered';
  return [passing('network', 'not metered', have, verdict, 'Connect it to another network, or allow this one: network.metered: ignore, or network.pass for some types.')];
}
