// The shape of requirements, network and regression: how a device must be, what its line may carry, how much hungrier a new version may be.
import * as z from 'zod/mini';

const MAX_MB = 1_000_000_000;
const number = (value: number, most: number) => z._default(z.number().check(z.minimum(0), z.maximum(most)), value);
const whole = (value: number, most = Number.MAX_SAFE_INTEGER) => z._default(z.int().check(z.minimum(0), z.maximum(most)), value);
const MAX_INTERVAL_S = 3600;

const REQUIREMENTS = { disk_margin_mb: 64, memory_mb: 64, max_temperature: 80, under_voltage: 'refuse', max_load: 0 } as const;
const requirements = z.strictObject({
  disk_margin_mb: number(REQUIREMENTS.disk_margin_mb, MAX_MB),
  memory_mb: number(REQUIREMENTS.memory_mb, MAX_MB),
  max_temperature: number(REQUIREMENTS.max_temperature, 200),
  under_voltage: z._default(z.enum(['refuse', 'warn', 'ignore']), REQUIREMENTS.under_voltage),
  max_load: number(REQUIREMENTS.max_load, 10_000),
});

/** Slower than this a download would not end in a day. */
const MIN_BANDWIDTH = 1000;
const network = z.strictObject({
  metered: z._default(z.enum(['wait', 'ignore']), 'wait'),
  daily_bytes: whole(0),
  bandwidth: z._default(z.int().check(z.minimum(0), z.refine((value) => value === 0 || value >= MIN_BANDWIDTH, `must be 0 (not bounded) or at least ${MIN_BANDWIDTH} bytes per second`)), 0),
  pass: z._default(z.array(z.enum(['patch', 'minor', 'major', 'security', 'hotfix'])), []),
});

const REGRESSION = { rss_percent: 100, cpu_percent: 100, restarts: 2, interval: 60 };
const regression = z.strictObject({
  rss_percent: number(REGRESSION.rss_percent, 1_000_000),
  cpu_percent: number(REGRESSION.cpu_percent, 1_000_000),
  restarts: whole(REGRESSION.restarts, 1_000_000),
  interval: z._default(z.number().check(z.minimum(0.1), z.maximum(MAX_INTERVAL_S)), REGRESSION.interval),
});

export const limitSections = {
  requirements: z._default(requirements, REQUIREMENTS),
  network: z._default(network, { metered: 'wait', daily_bytes: 0, bandwidth: 0, pass: [] }),
  regression: z._default(regression, REGRESSION),
};
