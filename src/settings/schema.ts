// The shape of holdline.yaml: every key, its type, its default and what it is for. Rules between keys are in
// complete-settings. zod/mini, because the whole of zod would triple what `--status` loads.
import * as z from 'zod/mini';
import { isApiUrl, isHttpUrl, isManagedPath, isPreservePattern, isPrintable, isPublicKey, parseHostPort } from './value-rules.js';

/** The longest time a timer can wait (2^31 ms); a longer one would fire at once. */
const MAX_SECONDS = 2_147_483;

const text = () => z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const flag = (value: boolean) => z._default(z.boolean(), value);
const seconds = (value: number, least = 0) => z._default(z.number().check(z.minimum(least), z.maximum(MAX_SECONDS)), value);
const positiveSeconds = (value: number) => z._default(z.number().check(z.positive(), z.maximum(MAX_SECONDS)), value);
const count = (value: number, least: number, most = Number.MAX_SAFE_INTEGER) => z._default(z.int().check(z.minimum(least), z.maximum(most)), value);
const doc = (words: string) => z.describe(words);

const name = () => z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/u, 'must be 1 to 64 letters, digits, "_", ".", "@" or "-"'));
/** A systemd unit's name may also hold `:` and `\` (escapes). */
const serviceName = () => z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,127}$/u, 'must be a service name'));
const argv = () => z.array(text()).check(z.minLength(1, 'must hold at least the program'));

const serviceOptions = {
  kind: z._default(z.enum(['service', 'hardware']), 'service').check(doc('hardware: never touched by an app update')),
  depends_on: z._default(z.array(serviceName()), []).check(doc('Names of services that start before this one')),
  stop_timeout: seconds(10).check(doc('Seconds between TERM and KILL')),
};

const unitService = z.strictObject({
  unit: z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,247}\.service$/u, 'must be the name of a systemd unit that ends in .service'), doc('A systemd unit')),
  name: z.optional(serviceName()),
  ...serviceOptions,
});

const commandService = z.strictObject({
  command: argv().check(doc('Program and arguments, started in install_dir by the embedded supervisor, never through a shell')),
  name: name(),
  env: z._default(z.record(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)), z.string()), {}).check(doc('Extra environment')),
  ...serviceOptions,
});

const probeOptions = {
  name: z.optional(text()),
  timeout: positiveSeconds(5).check(doc('Seconds until an unanswered probe counts as failed')),
};

const httpProbe = z.strictObject({
  http: z.string().check(z.refine(isHttpUrl, 'must be an http:// or https:// URL'), doc('URL to GET')),
  status: z._default(z.int().check(z.minimum(100), z.maximum(599)), 200),
  ...probeOptions,
});
const tcpProbe = z.strictObject({
  tcp: z.string().check(z.refine((value) => parseHostPort(value) !== undefined, 'must be HOST:PORT with a port from 1 to 65535'), doc('HOST:PORT to connect to')),
  ...probeOptions,
});
const commandProbe = z.strictObject({ command: argv().check(doc('Program and arguments, run in install_dir; 0 is healthy')), ...probeOptions });
const serviceProbe = z.strictObject({
  service: serviceName().check(doc('A service of services')),
  active_for: seconds(10).check(doc('Seconds it must have run without a restart')),
  ...probeOptions,
});
const bridgeProbe = z.strictObject({ bridge: name().check(doc('A bridge that must be attached and reading')), ...probeOptions });

const keyText = z.string().check(z.refine(isPublicKey, 'must be a minisign public key (56 characters that begin with RW)'));
const inlineKey = z.strictObject({ name: z.optional(text()), key: keyText });
const fileKey = z.strictObject({ name: z.optional(text()), file: text() });

/** A choice between shapes, told apart by which key is there; `forms[i]` stands for the i-th option of the union. */
export const SERVICE_FORMS = [{ key: 'unit', shape: unitService.shape }, { key: 'command', shape: commandService.shape }] as const;
export const PROBE_FORMS = [
  { key: 'http', shape: httpProbe.shape }, { key: 'tcp', shape: tcpProbe.shape }, { key: 'command', shape: commandProbe.shape },
  { key: 'service', shape: serviceProbe.shape }, { key: 'bridge', shape: bridgeProbe.shape },
] as const;
export const KEY_FORMS = [{ key: 'key', shape: inlineKey.shape }, { key: 'file', shape: fileKey.shape }] as const;

const managedPath = () => z.string().check(z.refine(isManagedPath, 'must be a relative path inside install_dir without "." or ".." parts, and not .holdline'));

const trust = z.strictObject({
  require: z._default(z.enum(['signature', 'checksum', 'none']), 'signature').check(doc('signature: minisign; checksum: SHA256SUMS or GitHub\'s digest; none: the transport only')),
  keys: z._default(z.array(z.union([inlineKey, fileKey, keyText])), []).check(doc('The publisher\'s minisign public keys')),
});
const probation = z.strictObject({
  seconds: seconds(60).check(doc('How long a new version is watched; 0 judges once')),
  interval: positiveSeconds(5).check(doc('Seconds between two rounds of probes')),
  failures: count(3, 1, 1000).check(doc('So many failed rounds in a row revert the update')),
});
const limits = z.strictObject({
  payload_bytes: count(2 * 1024 ** 3, 1), unpacked_bytes: count(8 * 1024 ** 3, 1), entries: count(500_000, 1),
  depth: count(64, 1, 1000), ratio: count(200, 1, 100_000),
});

export const settingsSchema = z.strictObject({
  github_repo: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/u, 'must be owner/name'), doc('Where the releases are: owner/name')),
  github_api_url: z._default(z.string().check(z.refine(isApiUrl, 'must be an http:// or https:// URL without user, password, query or fragment')), 'https://api.github.com').check(doc('GitHub Enterprise Server: https://HOST/api/v3')),
  app: z.optional(name()).check(doc('Name of the app; default: the repository\'s name')),
  install_dir: z.optional(text()).check(doc('The app\'s folder; default: the working directory')),
  state_dir: z.optional(text()).check(doc('Journal, state, history, downloads; default: /var/lib/holdline/APP')),
  runtime_dir: z.optional(text()).check(doc('Control socket; default: /run/holdline/APP, or run in a state_dir of your own')),
  check_interval: seconds(3600, 1).check(doc('Seconds between two looks at GitHub')),
  auto_update: flag(true).check(doc('Install what is found; false: only say so')),
  backup_enabled: flag(true).check(doc('Back up src, config and VERSION before each switch')),
  backup_path: z.optional(text()).check(doc('Where backups go; default: STATE_DIR/backups')),
  max_backups: count(3, 1, 10_000).check(doc('How many backups are kept')),
  download_timeout: positiveSeconds(30).check(doc('Seconds without a new byte')),
  download_deadline: positiveSeconds(21_600).check(doc('Seconds a whole download may take')),
  max_retries: count(3, 0, 1000).check(doc('Extra tries in a row without a new byte')),
  retry_delay: seconds(5).check(doc('Seconds before the first extra try; doubles with each')),
  managed_paths: z._default(z.array(managedPath()).check(z.minLength(1, 'must hold at least one path')), ['src', 'config', 'VERSION']).check(doc('What a release replaces; everything else in install_dir is yours')),
  preserve: z._default(z.array(z.string().check(z.refine(isPreservePattern, 'must be a relative glob without ".." parts'))), []).check(doc('Globs inside the managed paths whose content on the device survives an update')),
  channel: z._default(z.string().check(z.regex(/^[A-Za-z][0-9A-Za-z-]{0,31}$/u, 'must be a word of letters, digits and "-"')), 'stable').check(doc('stable, or the name of prereleases to follow')),
  asset: z.optional(text().check(z.refine((value) => !value.includes('/'), 'must be a pattern for a file name, without "/"'))).check(doc('The payload\'s name in releases without a manifest; default: the one .tar.gz, else the source tarball')),
  incomplete_release_wait: seconds(3600).check(doc('Seconds to wait for a release whose assets are not all there')),
  trust: z._default(trust, { require: 'signature', keys: [] }).check(doc('What makes a release acceptable')),
  services: z._default(z.array(z.union([unitService, commandService])), []).check(doc('What is restarted')),
  health: z._default(z.array(z.union([httpProbe, tcpProbe, commandProbe, serviceProbe, bridgeProbe])), []).check(doc('How a new version proves itself')),
  probation: z._default(probation, { seconds: 60, interval: 5, failures: 3 }).check(doc('How long, how often, how patiently it is watched')),
  max_probation_restarts: count(3, 0, 1000).check(doc('So many restarts of the device or of holdline during probation revert the update')),
  archive: z._default(z.strictObject({ links: z._default(z.enum(['inside', 'none']), 'inside') }), { links: 'inside' }).check(doc('links inside: relative links that stay in the tree are allowed')),
  limits: z._default(limits, z.parse(limits, {})).check(doc('What a payload may not exceed')),
  log_level: z._default(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']), 'info'),
});

export type SettingsInput = z.output<typeof settingsSchema>;
