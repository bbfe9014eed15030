// HTTP and TCP probes over an injected fetch and connector. Redirects are not followed, bodies are read to a cap.
import type { HealthSettings } from '../domain/settings.js';
import type { Finding } from './probe.js';

export type HttpProbeSettings = Extract<HealthSettings, { kind: 'http' }>;
export type TcpProbeSettings = Extract<HealthSettings, { kind: 'tcp' }>;

/** The part of `fetch` a probe needs. */
export type HttpFetch = (url: string, options: { readonly redirect: 'manual'; readonly headers: Record<string, string>; readonly signal: AbortSignal }) => Promise<Response>;
export type TcpConnect = (host: string, port: number, signal: AbortSignal) => Promise<void>;

/** Enough for a reason; a health page is small. */
const MAX_BODY_BYTES = 16 * 1024;

/** The whole answer counts: a server that sends its head and then stalls is not healthy. */
export async function probeHttp(probe: HttpProbeSettings, fetch: HttpFetch, signal: AbortSignal): Promise<Finding> {
  // A connection kept alive from before a restart would be reset and blamed on the new version.
  const response = await fetch(probe.url, { redirect: 'manual', headers: { connection: 'close', 'user-agent': 'holdline-health' }, signal });
  const body = await readCapped(response);
  const ok = response.status === probe.status;
  return { ok, output: `${response.status}${ok ? '' : `, expected ${probe.status}`}${body === '' ? '' : `: ${body}`}` };
}

async function readCapped(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < MAX_BODY_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.length;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
}

export async function probeTcp(probe: TcpProbeSettings, connect: TcpConnect, signal: AbortSignal): Promise<Finding> {
  await connect(probe.host, probe.port, signal);
  return { ok: true, output: `${probe.host}:${probe.port} accepts connections` };
}
