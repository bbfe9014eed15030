// A release's tag as strict semver, or nothing: never coerced, so that `v1.2.3.4` or another component's tag is no version of ours. Pure.
import semver from 'semver';

/** Longer tags are nobody's version; also bounds the regular expressions. */
const MAX_TAG_LENGTH = 200;
const PLAIN = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/;
const DATE_SUFFIX = /^(.+)-(\d{4})(\d{2})(\d{2})$/;

/**
 * Plain semver (without `v`, without build) of `v1.2.3` or `1.2.3`; with a component, of `NAME-v1.2.3`, where a date
 * (`NAME-v1.2.3-20261121`) may follow and is no part of the version. Without one, `v1.2.3-20261121` is the prerelease it says.
 */
export function parseTag(tag: string, component: string | null): string | undefined {
  if (tag.length > MAX_TAG_LENGTH) return undefined;
  if (component === null) return parseVersion(tag);
  const prefix = `${component}-`;
  if (!tag.startsWith(prefix)) return undefined;
  const rest = tag.slice(prefix.length);
  return parseVersion(dropDate(rest));
}

function parseVersion(text: string): string | undefined {
  const plain = PLAIN.exec(text)?.[1];
  return plain === undefined ? undefined : semver.valid(plain) ?? undefined;
}

function dropDate(text: string): string {
  const match = DATE_SUFFIX.exec(text);
  if (match === null) return text;
  const [, before = '', year, month, day] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // 20261399 is no date, so it is a prerelease identifier.
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? before : text;
}
