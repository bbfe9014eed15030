// Why a request got no answer at all, as one coded error with its remedy. Pure.
import { HoldlineError } from '../domain/errors.js';

const TLS_CLOCK = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED', 'CRL_NOT_YET_VALID', 'CRL_HAS_EXPIRED']);
const TLS_TRUST = new Set(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_UNTRUSTED']);
const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT', 'ESOCKETTIMEDOUT']);

interface Explanation { readonly why: string; readonly hint: string; /** Worth trying again in a moment. */ readonly transient: boolean }

function explain(code: string, host: string, now: Date): Explanation {
  const time = now.toISOString();
  if (TLS_CLOCK.has(code)) {
    return { why: `its certificate is not valid at ${time}`, hint: `Is that the right time? A device without a battery clock needs the network's: see timedatectl. If the time is right, the certificate of ${host} has run out.`, transient: false };
  }
  if (TLS_TRUST.has(code)) return { why: 'its certificate comes from an authority this device does not know', hint: 'Behind a company proxy, name its CA file in NODE_EXTRA_CA_CERTS. Never switch the check off.', transient: false };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { why: 'its certificate is for another name', hint: 'A login page or a proxy may be answering instead; check github_api_url.', transient: false };
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO') return { why: `the TLS handshake failed (${code})`, hint: 'Check github_api_url (https or http?) and the proxy settings.', transient: false };
  if (code === 'ENOTFOUND') return { why: 'its name is not known', hint: 'Is the device online, and is the name right? See resolvectl query, and github_api_url.', transient: true };
  if (code === 'EAI_AGAIN') return { why: 'the name server does not answer', hint: 'Is the device online? See resolvectl status.', transient: true };
  if (code === 'ECONNREFUSED') return { why: 'the connection is refused', hint: 'Check the address in github_api_url and the proxy settings.', transient: true };
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH' || code === 'ENETDOWN') return { why: 'there is no route to it', hint: 'Is the device online?', transient: true };
  if (TIMEOUTS.has(code)) return { why: 'it does not answer in time', hint: 'Is the device online? Behind a firewall set https_proxy.', transient: true };
  return { why: code === '' ? 'the connection broke' : `the connection broke (${code})`, hint: 'It is tried again by itself.', transient: true };
}

/** The first code in the chain of causes; undici and Node wrap the one that matters. */
export function findCode(thrown: unknown, depth = 0): string {
  if (typeof thrown !== 'object' || thrown === null || depth > 6) return '';
  const own = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const inner = [...('cause' in thrown ? [thrown.cause] : []), ...('errors' in thrown && Array.isArray(thrown.errors) ? (thrown.errors as unknown[]) : [])];
  for (const candidate of inner) {
    const code = findCode(candidate, depth + 1);
    if (code !== '') return code;
  }
  return own;
}

/** `address` gives only its host to the message: signed links are secrets. */
export function networkError(thrown: unknown, doing: string, address: string, now: Date): HoldlineError<'source-network'> {
  const { host } = new URL(address);
  const code = findCode(thrown);
  const { why, hint, transient } = explain(code, host, now);
  return new HoldlineError('source-network', `cannot ${doing}: ${host} cannot be reached, ${why}; the device stays as it is`, {
    hint, cause: thrown, context: { host, cause_code: code, transient },
  });
}

/** Stopped by us, not by the network. */
export function stoppedError(signal: AbortSignal, doing: string): HoldlineError {
  if (signal.reason instanceof HoldlineError) return signal.reason;
  return new HoldlineError('interrupted', `cannot ${doing}: it was stopped; nothing was changed`, { cause: signal.reason });
}
