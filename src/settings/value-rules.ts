// What single values of the settings must look like. Pure predicates; the schema says what to tell when one is false.
import validRange from 'semver/ranges/valid.js';
import { HOUSE } from '../domain/layout.js';

/** No control characters: a newline or NUL in a path or argument is a mistake or an attack. */
export function isPrintable(value: string): boolean {
  return !/\p{Cc}/u.test(value);
}

export function isHttpUrl(value: string): boolean {
  const url = parseUrl(value);
  return url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:');
}

export function isApiUrl(value: string): boolean {
  const url = parseUrl(value);
  return url !== undefined && isHttpUrl(value) && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

export function isLoopback(url: string): boolean {
  const host = parseUrl(url)?.hostname ?? '';
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/u.test(host);
}

/** `127.0.0.1:1883`, `broker.local:1883`, `[::1]:1883`. */
export function parseHostPort(value: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[(?<v6>[0-9A-Fa-f:.]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>\d{1,5})$/u.exec(value);
  const port = Number(match?.groups?.['port']);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

export function isManagedPath(value: string): boolean {
  const parts = splitPath(value);
  return isRelative(value) && isPrintable(value) && parts.length > 0 && parts[0] !== HOUSE && parts.every((part) => part !== '.' && part !== '..');
}

export function isPreservePattern(value: string): boolean {
  const parts = splitPath(value);
  return isRelative(value) && isPrintable(value) && parts.length > 0 && !parts.includes('..') && !parts.includes('.');
}

export const MAX_INSTANCES = 64;

/** `1..4`: the numbers of the instances, rising; undefined for anything else. */
export function parseInstances(value: string): readonly number[] | undefined {
  const match = /^(?<first>0|[1-9]\d{0,3})\.\.(?<last>0|[1-9]\d{0,3})$/u.exec(value.trim());
  const [first, last] = [Number(match?.groups?.['first']), Number(match?.groups?.['last'])];
  if (match === null || last < first || last - first >= MAX_INSTANCES) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The parts of a relative path; a trailing slash and doubled slashes mean nothing. */
export function splitPath(value: string): readonly string[] {
  return value.split('/').filter((part) => part !== '');
}

/** A day, or a moment in UTC. */
export function isMoment(value: string): boolean {
  return /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z)?$/u.test(value) && !Number.isNaN(Date.parse(value));
}

export const isRange = (value: string): boolean => value.trim() !== '' && validRange(value) !== null;

/** 42 bytes in base64: `Ed`, 8 bytes key id, 32 bytes ed25519 key. Whether the curve accepts it is artifact's to say. */
export function isPublicKey(value: string): boolean {
  return /^RW[QRST][A-Za-z0-9+/]{53}$/u.test(value);
}

/** minisign shows a key by its id: eight bytes, last first, upper-case hex. */
export function readKeyId(publicKey: string): string {
  return Buffer.from(publicKey, 'base64').subarray(2, 10).reverse().toString('hex').toUpperCase();
}

function isRelative(value: string): boolean {
  return value !== '' && !value.startsWith('/') && !value.includes('\\');
}

function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}
