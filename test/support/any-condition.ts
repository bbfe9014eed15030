// Settings for devices of tests: what is tested must not depend on how busy, hot or full this machine is, or on its network.
import type { Settings } from '../../src/domain/settings.js';

export const ANY_CONDITION = {
  requirements: { disk_margin_mb: 0, memory_mb: 0, max_temperature: 0, under_voltage: 'ignore', max_load: 0 }, network: { metered: 'ignore' },
} as const;

/** The same as the rest of the program sees it, for settings that no file was read for. */
export const ANY_LIMITS: Pick<Settings, 'requirements' | 'network' | 'regression'> = {
  requirements: { diskMarginMb: 0, memoryMb: 0, maxTemperature: 0, underVoltage: 'ignore', maxLoad: 0 },
  network: { metered: 'ignore', dailyBytes: 0, bandwidth: 0, pass: [] }, regression: { rssPercent: 0, cpuPercent: 0, restarts: 0, interval: 60 },
};

/** For a settings file that a command has written. */
export const ANY_CONDITION_YAML = `${Object.entries(ANY_CONDITION).map(([name, section]) => `${name}: ${JSON.stringify(section)}`).join('\n')}\n`;
