// The shape of holdline.yaml: every key, its type and its default. Rules between keys are in complete-settings, words
// for people in key-descriptions. zod/mini, because the whole of zod would triple what `--status` loads.
import * as z from 'zod/mini';
import { policySections } from './policy-schema.js';
import { hooksSchema } from './hooks-schema.js';
import { moduleSchema } from './module-schema.js';
import { rolloutSections } from './rollout-schema.js';
import { commandService, serviceName, unitService } from './services-schema.js';
import { limitSections } from './limits-schema.js';
import { isApiUrl, isHttpUrl, isManagedPath, isMoment, isPreservePattern, isPrintable, isPublicKey, isRange, parseHostPort } from './value-rules.js';

/** The longest time a timer can wait (2^31 ms); a longer one would fire at once. */
const MAX_SECONDS = 2_147_483;

/** Shared: a type is costlier to build than all settings are to check. */
const text = z.string().check(z.minLength(1, 'must not be empty'), z.refine(isPrintable, 'must not hold control characters'));
const flag = (value: boolean) => z._default(z.boolean(), value);
const seconds = (value: number, least = 0) => z._default(z.number().check(z.minimum(least), z.maximum(MAX_SECONDS)), value);
const positiveSeconds = (value: number) => z._default(z.number().check(z.positive(), z.maximum(MAX_SECONDS)), value);
const count = (value: number, least: number, most = Number.MAX_SAFE_INTEGER) => z._default(z.int().check(z.minimum(least), z.maximum(most)), value);

const name = z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/u, 'must be 1 to 64 letters, digits, "_", ".", "@" or "-"'));
const argv = z.array(text).check(z.minLength(1, 'must hold at least the program'));

const probeOptions = {
  name: z.optional(text),
  timeout: positiveSeconds(5),
};

const httpProbe = z.strictObject({
  http: z.string().check(z.refine(isHttpUrl, 'must be an http:// or https:// URL')),
  status: z._default(z.int().check(z.minimum(100), z.maximum(599)), 200),
  ...probeOptions,
});
const tcpProbe = z.strictObject({
  tcp: z.string().check(z.refine((value) => parseHostPort(value) !== undefined, 'must be HOST:PORT with a port from 1 to 65535')),
  ...probeOptions,
});
const commandProbe = z.strictObject({ command: argv, ...probeOptions });
const serviceProbe = z.strictObject({
  service: serviceName,
  active_for: seconds(10),
  ...probeOptions,
});
const bridgeProbe = z.strictObject({ bridge: name, ...probeOptions });

const keyText = z.string().check(z.refine(isPublicKey, 'must be a minisign public key (56 characters that begin with RW)'));
const day = z.string().check(z.refine(isMoment, 'must be a date like 2027-06-30 or 2027-06-30T12:00:00Z'));
const keyOptions = { name: z.optional(text), purpose: z._default(z.enum(['release', 'spare']), 'release'), not_before: z.optional(day), not_after: z.optional(day) };
const inlineKey = z.strictObject({ key: keyText, ...keyOptions });
const fileKey = z.strictObject({ file: text, ...keyOptions });

/** A choice between shapes, told apart by which key is there; `forms[i]` stands for the i-th option of the union. */
export const SERVICE_FORMS = [{ key: 'unit', shape: unitService.shape }, { key: 'command', shape: commandService.shape }] as const;
export const PROBE_FORMS = [
  { key: 'http', shape: httpProbe.shape }, { key: 'tcp', shape: tcpProbe.shape }, { key: 'command', shape: commandProbe.shape },
  { key: 'service', shape: serviceProbe.shape }, { key: 'bridge', shape: bridgeProbe.shape },
] as const;
export const KEY_FORMS = [{ key: 'key', shape: inlineKey.shape }, { key: 'file', shape: fileKey.shape }] as const;

const managedPath = z.string().check(z.refine(isManagedPath, 'must be a relative path inside install_dir without "." or ".." parts, and not .holdline'));

const githubId = z.int().check(z.minimum(1));
const TRUST = {
  max_major_jump: 10, attestation: 'off', attestation_workflow: '.github/workflows/release.yml', attestation_issuer: 'https://token.actions.githubusercontent.com',
} as const;
const trust = z.strictObject({
  require: z._default(z.enum(['signature', 'checksum', 'none']), 'signature'),
  keys: z._default(z.array(z.union([inlineKey, fileKey, keyText])), []),
  max_major_jump: count(TRUST.max_major_jump, 0),
  attestation: z._default(z.enum(['off', 'required', 'release']), TRUST.attestation),
  attestation_root: z.optional(text),
  attestation_workflow: z._default(z.string().check(z.regex(/^\.github\/workflows\/[^\s/@\p{Cc}]+\.ya?ml$/u, 'must be a workflow file: .github/workflows/NAME.yml')), TRUST.attestation_workflow),
  attestation_issuer: z._default(z.string().check(z.regex(/^https:\/\/[^\s\p{Cc}]+$/u, 'must be an https:// address')), TRUST.attestation_issuer),
  repository_id: z.optional(githubId),
  owner_id: z.optional(githubId),
});
const probation = z.strictObject({
  seconds: seconds(60),
  interval: positiveSeconds(5),
  failures: count(3, 1, 1000),
});
const LIMITS = { payload_bytes: 2 * 1024 ** 3, unpacked_bytes: 8 * 1024 ** 3, entries: 100_000, depth: 64, ratio: 200 };
const limits = z.strictObject({
  payload_bytes: count(LIMITS.payload_bytes, 1), unpacked_bytes: count(LIMITS.unpacked_bytes, 1), entries: count(LIMITS.entries, 1),
  depth: count(LIMITS.depth, 1, 1000), ratio: count(LIMITS.ratio, 1, 100_000),
});

/** Everything but what says that there are several components. */
const appShape = {
  github_repo: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/(?!\.\.?$)[A-Za-z0-9._-]{1,100}$/u, 'must be owner/name')),
  github_api_url: z._default(z.string().check(z.refine(isApiUrl, 'must be an http:// or https:// URL without user, password, query or fragment')), 'https://api.github.com'),
  app: z.optional(name),
  install_dir: z.optional(text),
  state_dir: z.optional(text),
  runtime_dir: z.optional(text),
  check_interval: seconds(3600, 1),
  auto_update: flag(true),
  backup_enabled: flag(true),
  backup_path: z.optional(text),
  max_backups: count(3, 1, 10_000),
  download_timeout: positiveSeconds(30),
  download_deadline: positiveSeconds(21_600),
  max_retries: count(3, 0, 1000),
  retry_delay: seconds(5),
  managed_paths: z._default(z.array(managedPath).check(z.minLength(1, 'must hold at least one path')), ['src', 'config', 'VERSION']),
  preserve: z._default(z.array(z.string().check(z.refine(isPreservePattern, 'must be a relative glob without ".." parts'))), []),
  channel: z._default(z.string().check(z.regex(/^[A-Za-z][0-9A-Za-z-]{0,31}$/u, 'must be a word of letters, digits and "-"')), 'stable'),
  asset: z.optional(text.check(z.refine((value) => !value.includes('/'), 'must be a pattern for a file name, without "/"'))),
  incomplete_release_wait: seconds(3600),
  trust: z._default(trust, { require: 'signature', keys: [], ...TRUST }),
  ...policySections,
  ...rolloutSections,
  freshness: z._default(z.strictObject({ alarm_after: seconds(604_800) }), { alarm_after: 604_800 }),
  services: z._default(z.array(z.union([unitService, commandService])), []),
  health: z._default(z.array(z.union([httpProbe, tcpProbe, commandProbe, serviceProbe, bridgeProbe])), []),
  module: z.optional(moduleSchema),
  hooks: z._default(hooksSchema, {}),
  probation: z._default(probation, { seconds: 60, interval: 5, failures: 3 }),
  max_probation_restarts: count(3, 0, 1000),
  archive: z._default(z.strictObject({ links: z._default(z.enum(['inside', 'none']), 'inside') }), { links: 'inside' }),
  limits: z._default(limits, LIMITS),
  ...limitSections,
  log_level: z._default(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']), 'info'),
};

/** Never like a version or a backup, so that `holdline rollback NAME VERSION` has one meaning; also a folder and a tag prefix. */
const componentName = z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/u, 'must begin with a letter and hold only letters, digits, "_" and "-"'));
const range = z.string().check(z.refine(isRange, 'must be a version or a semver range like "~1.4" or ">=2.1 <3"'));
/** Without its default: what a component does not say comes from the top level. */
const own = <Field extends z.ZodMiniType>(field: z.ZodMiniDefault<Field>) => z.optional(field.def.innerType);

const component = z.strictObject({
  github_repo: z.optional(appShape.github_repo),
  tag_prefix: z.optional(z.string().check(z.regex(/^(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,63})?$/u, 'must be letters, digits, "_", "." or "-"; empty for plain tags'))),
  kind: z.optional(z.enum(['tree', 'module'])),
  install_dir: text,
  depends_on: z._default(z.record(componentName, range), {}),
  enabled: flag(true),
  pin: z.optional(range),
  managed_paths: own(appShape.managed_paths),
  preserve: own(appShape.preserve),
  asset: appShape.asset,
  channel: own(appShape.channel),
  auto_update: own(appShape.auto_update),
  policy: own(appShape.policy),
  services: own(appShape.services),
  health: own(appShape.health),
  module: appShape.module,
  hooks: own(appShape.hooks),
  probation: own(appShape.probation),
  max_probation_restarts: own(appShape.max_probation_restarts),
  backup_enabled: own(appShape.backup_enabled),
  backup_path: appShape.backup_path,
  max_backups: own(appShape.max_backups),
  trust: own(appShape.trust),
});
export type ComponentInput = z.output<typeof component>;

export const settingsSchema = z.strictObject({
  ...appShape,
  components: z.optional(z.record(componentName, component)),
  together: z._default(z.array(z.array(componentName).check(z.minLength(2, 'must name at least two components'))), []),
});

export type SettingsInput = z.output<typeof settingsSchema>;
