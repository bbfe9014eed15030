// Opens an asset for streaming. Redirects are walked by hand: the token and every header of ours stay at the API's origin,
// and once a walk has left it, nothing of ours is sent again, not even back there.
import { HoldlineError } from '../domain/errors.js';
import type { AssetResponse, FetchResponse } from '../domain/ports.js';
import type { Asset } from '../domain/release.js';
import type { GithubAccess } from './ask-github.js';
import { askGithub, isApiAddress, sendRequest } from './ask-github.js';
import { parseContentRange, parseLength, strongEtag } from './content-range.js';
import { stoppedError } from './network-errors.js';
import { followRedirect, MAX_HOPS } from './redirect-rule.js';
import { notGithubError } from './refusals.js';

export interface AssetRange { readonly from: number; readonly etag?: string | undefined }

export async function openGithubAsset(access: GithubAccess, asset: Asset, range: AssetRange | undefined, signal: AbortSignal): Promise<AssetResponse> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const wanted = range !== undefined && range.from > 0 ? range : undefined;
  if (asset.publicUrl !== undefined) {
    const open = await openPublic(access, asset, asset.publicUrl, wanted, stop, both, signal);
    if (open !== undefined) return open;
  }
  const first = await walk(access, asset, wanted, both);
  if (first.response.status !== 416 || wanted === undefined) return read(access, asset, wanted, first, stop, signal);
  // There is nothing at that offset: the asset is shorter now, or complete; the whole of it tells.
  await first.response.body?.cancel();
  return read(access, asset, undefined, await walk(access, asset, undefined, both), stop, signal);
}

/** Where nobody counts; undefined where that does not answer as it should: the API has the last word, also on what is wrong. */
async function openPublic(access: GithubAccess, asset: Asset, publicUrl: string, wanted: AssetRange | undefined, stop: AbortController, both: AbortSignal, signal: AbortSignal): Promise<AssetResponse | undefined> {
  let arrival: Arrival | undefined;
  try {
    arrival = await walk(access, asset, wanted, both, publicUrl);
    return readArrival(asset, wanted, arrival, stop, signal);
  } catch (error) {
    await arrival?.response.body?.cancel();
    if (signal.aborted) throw error;
    access.log.debug('the public download did not answer; asking the API', { asset: asset.name, reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** The answer at the end of the redirects, and whether it came from the API itself. */
interface Arrival { readonly response: FetchResponse; readonly address: string; readonly atApi: boolean }

/** @param publicUrl where to begin instead of the API: nothing of ours is sent there */
async function walk(access: GithubAccess, asset: Asset, range: AssetRange | undefined, signal: AbortSignal, publicUrl?: string): Promise<Arrival> {
  const doing = `download ${asset.name}`;
  const plain: Record<string, string> = {
    'accept': 'application/octet-stream',
    'accept-encoding': 'identity',
    ...(range === undefined ? {} : { range: `bytes=${range.from}-` }),
    ...(range?.etag === undefined ? {} : { 'if-range': range.etag }),
  };
  let address = publicUrl ?? asset.url;
  let atApi = publicUrl === undefined;
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    const response = atApi ? await askGithub(access, address, plain, doing, signal) : await sendRequest(access, address, plain, doing, signal);
    if (![301, 302, 303, 307, 308].includes(response.status)) return { response, address, atApi };
    await response.body?.cancel();
    const target = followRedirect(response.headers.get('location'), address, access.apiUrl);
    address = target.href;
    atApi &&= isApiAddress(access, address);
  }
  throw new HoldlineError('source-invalid', `cannot ${doing}: more than ${MAX_HOPS} redirects`, { hint: 'Something between here and GitHub sends us round in circles.' });
}

async function read(access: GithubAccess, asset: Asset, range: AssetRange | undefined, arrival: Arrival, stop: AbortController, signal: AbortSignal): Promise<AssetResponse> {
  try {
    return readArrival(asset, range, arrival, stop, signal);
  } catch (error) {
    // A body nobody reads would hold the connection.
    stop.abort();
    access.log.debug('an asset answer was refused', { asset: asset.name, host: new URL(arrival.address).host, status: arrival.response.status });
    throw error;
  }
}

function readArrival(asset: Asset, range: AssetRange | undefined, arrival: Arrival, stop: AbortController, signal: AbortSignal): AssetResponse {
  const { response } = arrival;
  const { headers, status } = response;
  const doing = `download ${asset.name}`;
  if (status !== 200 && status !== 206) throw storageError(status, doing, new URL(arrival.address).host);
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') throw new HoldlineError('source-invalid', `cannot ${doing}: it comes encoded (${encoding.slice(0, 20)}) although it must not`, { hint: 'A proxy on the way changes what it passes on.' });
  // A login page; the asset itself may be a web page only when its name says so.
  const type = headers.get('content-type') ?? '';
  if (/^text\/html\b/i.test(type) && !/\.html?$/i.test(asset.name)) throw notGithubError(doing, type);
  const place = placeOf(asset, range, response);
  return {
    status, ...place, etag: strongEtag(headers.get('etag')),
    body: readBody(response, doing, signal),
    cancel: () => stop.abort(),
  };
}

/** Where in the asset the bytes belong. */
function placeOf(asset: Asset, range: AssetRange | undefined, response: FetchResponse): { from: number; total: number | undefined } {
  if (response.status === 200) return { from: 0, total: parseLength(response.headers.get('content-length')) };
  const found = parseContentRange(response.headers.get('content-range'));
  if (range === undefined || found === undefined || found.from !== range.from) {
    throw new HoldlineError('source-invalid', `cannot download ${asset.name}: the server sends another part than was asked for`, {
      hint: 'It is tried again by itself.', context: { asked: range?.from ?? 0, got: found?.from ?? null },
    });
  }
  return { from: found.from, total: found.total };
}

async function* readBody(response: FetchResponse, doing: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  try {
    yield* response.body;
  } catch (error) {
    if (signal.aborted) throw stoppedError(signal, doing);
    const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error instanceof Error ? error.message : error);
    throw new HoldlineError('download-interrupted', `cannot ${doing}: the connection broke off (${why})`, { hint: 'What has arrived is kept; it goes on from there.', cause: error });
  }
}

/** Storage is not GitHub's API: its refusals are about its own link, which the next try replaces. */
function storageError(status: number, doing: string, host: string): HoldlineError {
  const context = { status, host, transient: true };
  if (status === 404 || status === 410) return new HoldlineError('source-not-found', `cannot ${doing}: ${host} does not have it any more`, { hint: 'The release was changed meanwhile; the next check sees it as it is now.', context });
  if (status === 407 || status === 511) return new HoldlineError('source-network', `cannot ${doing}: the network wants a login first (${status})`, { hint: 'Log in to the network, or put user and password into https_proxy.', context });
  return new HoldlineError('source-server', `cannot ${doing}: ${host} answers ${status}`, { hint: 'It is tried again by itself, with a fresh link. If it stays, is the time of this device right?', context });
}
