// holdline.json, read strictly: bytes -> manifest, of one payload or of several components. Pure.
// Under `trust.require: signature` its bytes must have been verified before they come here.
import semver from 'semver';
import * as z from 'zod/mini';
import { HoldlineError } from '../domain/errors.js';
import { isOfSeveral, MANIFEST_FORMAT, type Manifest, type ManifestOfSeveral, type ManifestPart } from '../domain/manifest.js';
import { plainOsVersion } from '../domain/os-version.js';
import type { ArchiveLimits } from '../domain/settings.js';
import { isPlainName } from './plain-name.js';

export const MAX_MANIFEST_BYTES = 1024 * 1024;

const MAX_LIST = 10_000;
const text = (pattern: RegExp, why: string) => z.string().check(z.regex(pattern, why));
const digest = text(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits');
const bytes = (least = 0) => z.int().check(z.minimum(least, `is below ${least}`));
const megabytes = z.number().check(z.minimum(0, 'is negative'));
const assetName = z.string().check(z.refine(isPlainName, 'is not a plain file name'));
const version = z.string().check(z.maxLength(256), z.refine((value) => semver.valid(value) === value, 'is not a plain semver version'));
const word = text(/^[^\s\p{Cc}]{1,256}$/u, 'is not one word');
const moment = z.string().check(z.refine((value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value)), 'is not a UTC time like 2026-11-21T09:30:00Z'));
/** What only later versions read; kept as it is. */
const later = z.record(z.string(), z.unknown());
const list = <Item extends z.ZodMiniType>(item: Item) => z._default(z.array(item).check(z.maxLength(MAX_LIST)), []);

const range = z.string().check(z.maxLength(256), z.refine((value) => semver.validRange(value) !== null, 'is not a semver range'));
const requires = z.object({
  min_version: z.optional(version),
  node: z.optional(range),
  arch: z.optional(z.array(word).check(z.maxLength(100))),
  os: z.optional(z.record(word, z.string().check(z.maxLength(256), z.refine((value) => semver.validRange(plainOsVersion(value)) !== null, 'is not a range of versions')))),
  memory_mb: z.optional(megabytes),
  disk_mb: z.optional(megabytes),
  components: z.optional(z.record(z.string(), z.string())),
});
export const REQUIREMENT_KEYS: readonly string[] = Object.keys(requires.shape);
const payload = z.object({ asset: assetName, size: bytes(1), sha256: digest, unpacked_size: bytes() });
const files = z.object({ name: assetName, size: bytes(), sha256: digest });

// zod/mini, as for the settings: the whole of zod costs every worker 4 MB and half of its start.
const head = {
  format: z.literal(MANIFEST_FORMAT),
  repo: z.string().check(z.maxLength(256), z.regex(/^[\w.-]+\/[\w.-]+$/, 'is not OWNER/NAME')),
  tag: word,
  version,
  channel: word,
  type: z.enum(['patch', 'minor', 'major', 'security', 'hotfix']),
  rollout: z._default(z.nullable(later), null),
  created: moment,
  expires: z._default(z.nullable(moment), null),
  notes: z._default(z.string(), ''),
  /** Keys (`expires`, `requires.gpu`) a reader must understand or refuse: how a later format adds what must not be skipped. */
  critical: list(z.string()),
};
/** Of one payload: the whole release's, or one component's. */
const part = {
  payload,
  tree_digest: digest,
  files,
  patches: list(z.object({ from: digest, asset: assetName, size: bytes(), sha256: digest })),
  requires: z._default(requires, {}),
  processes: list(z.unknown()),
  hooks: z._default(later, {}),
};
const ofOne = z.object({ ...head, ...part });
/** As the settings name components: what can stand there can stand here. */
const componentName = text(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'is no name of a component');
const ofSeveral = z.object({ ...head, components: z.record(componentName, z.object(part)) });
const MAX_COMPONENTS = 100;

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(ofOne.shape), 'components',
  ...REQUIREMENT_KEYS.map((key) => `requires.${key}`),
  ...Object.keys(payload.shape).map((key) => `payload.${key}`),
  ...Object.keys(files.shape).map((key) => `files.${key}`),
]);

/** What is the device's own to say, here and in every later version: a release that says it wants more than it may have. */
const DEVICE_KEYS: readonly string[] = ['trust', 'keys', 'users', 'user', 'units', 'services', 'paths', 'managed_paths', 'preserve', 'install_dir', 'policy', 'windows', 'health'];

/** Throws `manifest-forbidden` for what is the device's to say, `manifest-invalid` for anything malformed and `artifact-too-large` for sizes above the device's limits. */
export function parseManifest(content: Uint8Array, limits: ArchiveLimits): Manifest | ManifestOfSeveral {
  const value = parseJson(content);
  assertFormat(value);
  const several = Object.hasOwn(value, 'components');
  if (several) assertOneOrSeveral(value);
  const parsed = several ? ofSeveral.safeParse(value) : ofOne.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(issue === undefined ? 'it is malformed' : `${issue.path.join('.') || 'it'}: ${describeIssue(issue)}`);
  }
  assertOwnPlace(value, parsed.data.tag);
  const { critical, ...manifest } = parsed.data;
  const unknown = critical.find((key) => !KNOWN_KEYS.has(key));
  if (unknown !== undefined) throw invalid(`it needs "${unknown}", which this holdline does not know`, 'Update holdline itself first.');
  if (manifest.expires !== null && Date.parse(manifest.expires) <= Date.parse(manifest.created)) throw invalid('it expires before it was created');
  // Of several, the limits are for the part that is chosen: what the others bring is no burden here.
  if (isOfSeveral(manifest)) assertPartsApart(manifest.components);
  else assertWithinLimits(manifest, limits);
  return manifest;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `is no ${issue.expected}`;
  return issue.code === 'invalid_key' ? issue.issues[0]?.message ?? issue.message : issue.message;
}

/** Which of them would count could be read one way here and another way there. */
function assertOneOrSeveral(value: object): void {
  const own = Object.keys(part).find((key) => Object.hasOwn(value, key));
  if (own !== undefined) throw invalid(`it has components, and "${own}" beside them: what belongs to one component stands in its part`);
}

/** Also within the part of a component. */
function assertOwnPlace(value: object, tag: string): void {
  const parts = 'components' in value && typeof value.components === 'object' && value.components !== null ? Object.values(value.components) : [];
  for (const one of [value, ...parts]) {
    const own = DEVICE_KEYS.find((key) => typeof one === 'object' && one !== null && Object.hasOwn(one, key));
    if (own !== undefined) {
      throw new HoldlineError('manifest-forbidden', `cannot take release ${tag}: its manifest says "${own}", which only the settings of the device may say. Nothing was changed`, { hint: 'Ask the publisher to publish it again without.', context: { key: own } });
    }
  }
}

/** Each asset belongs to one of them, so that nothing of one can stand for another's. */
function assertPartsApart(components: Readonly<Record<string, ManifestPart>>): void {
  const names = Object.keys(components);
  if (names.length === 0) throw invalid('its components name none');
  if (names.length > MAX_COMPONENTS) throw invalid(`it has more than ${MAX_COMPONENTS} components`);
  const owners = new Map<string, string>();
  for (const [name, { payload, files, patches }] of Object.entries(components)) {
    for (const asset of [payload.asset, files.name, ...patches.map((patch) => patch.asset)]) {
      const owner = owners.get(asset);
      if (owner !== undefined) throw invalid(`components.${name}: the asset ${asset} belongs to ${owner} already`);
      owners.set(asset, name);
    }
  }
}

function parseJson(content: Uint8Array): unknown {
  if (content.byteLength > MAX_MANIFEST_BYTES) throw invalid(`it has more than ${MAX_MANIFEST_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw invalid('it is not JSON in UTF-8', undefined, cause);
  }
}

/** The format first: of another format nothing else can be judged. */
function assertFormat(value: unknown): asserts value is object {
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (format === MANIFEST_FORMAT) return;
  if (typeof format === 'number') throw invalid(`its format is ${format}, this holdline knows ${MANIFEST_FORMAT}`, 'Update holdline itself first.');
  throw invalid('it names no format');
}

/** Throws `artifact-too-large`. */
export function assertWithinLimits(manifest: Manifest, limits: ArchiveLimits): void {
  const rows = [['payload', manifest.payload.size, limits.payloadBytes], ['unpacked tree', manifest.payload.unpacked_size, limits.unpackedBytes]] as const;
  for (const [what, size, limit] of rows) {
    if (size > limit) {
      throw new HoldlineError('artifact-too-large', `cannot take release ${manifest.version}: its ${what} has ${size} bytes, the limit here is ${limit}`, {
        hint: 'If the size is intended, raise it under `limits:` in the settings.', context: { size, limit },
      });
    }
  }
}

function invalid(why: string, hint = 'The release is unusable until its publisher publishes it again.', cause?: unknown): HoldlineError {
  return new HoldlineError('manifest-invalid', `cannot use the manifest holdline.json: ${why}`, { hint, cause });
}
