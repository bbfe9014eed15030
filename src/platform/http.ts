// HTTP for everything that leaves the device: undici's fetch through the proxy the settings name, with bounded waits.
// The only file that loads undici; a custom CA comes in by Node's own NODE_EXTRA_CA_CERTS.
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import type { Fetch } from '../domain/ports.js';

export interface HttpSettings {
  readonly proxy: { readonly https: string | null; readonly http: string | null; readonly no: string | null };
  readonly connectTimeoutMs?: number;
  readonly headersTimeoutMs?: number;
  /** Milliseconds without a byte; a backstop behind the caller's own stall limit. */
  readonly bodyTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 30_000;
const BODY_TIMEOUT_MS = 300_000;
/** Longer lives would keep a finished worker's sockets open on servers that never close theirs. */
const KEEP_ALIVE_MS = 4_000;

/** A proxy cannot reach this device's own loopback. */
const LOOPBACK = '127.0.0.1,localhost,[::1]';

export function createFetch(settings: HttpSettings): Fetch {
  const connect = { timeout: settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS };
  const no = settings.proxy.no?.trim() ?? '';
  // The settings have read the environment already: undefined would make undici read it again.
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: settings.proxy.http ?? '',
    httpsProxy: settings.proxy.https ?? '',
    noProxy: no === '*' ? no : [no, LOOPBACK].filter((part) => part !== '').join(','),
    connect,
    proxyTls: connect,
    requestTls: connect,
    headersTimeout: settings.headersTimeoutMs ?? HEADERS_TIMEOUT_MS,
    bodyTimeout: settings.bodyTimeoutMs ?? BODY_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  return (url, options = {}) => undiciFetch(url, { ...options, dispatcher });
}
