// The sections requirements, network and regression, as the rest of the program calls them.
import type { Settings } from '../domain/settings.js';
import type { SettingsInput } from './schema.js';

type Limits = Pick<Settings, 'requirements' | 'network' | 'regression'>;

export function completeLimits({ requirements, network, regression }: Pick<SettingsInput, 'requirements' | 'network' | 'regression'>): Limits {
  return {
    requirements: {
      diskMarginMb: requirements.disk_margin_mb, memoryMb: requirements.memory_mb, maxTemperature: requirements.max_temperature,
      underVoltage: requirements.under_voltage, maxLoad: requirements.max_load,
    },
    network: { metered: network.metered, dailyBytes: network.daily_bytes, bandwidth: network.bandwidth, pass: network.pass },
    regression: { rssPercent: regression.rss_percent, cpuPercent: regression.cpu_percent, restarts: regression.restarts, interval: regression.interval },
  };
}
