// Object storage as GitHub uses it: signed links that expire, ranges, and 400 for anything that is not its business
// (Authorization, foreign headers). It knows nothing of tokens.
import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Faults, FaultKind } from './faults.js';
import type { GithubStore, StoredAsset, StoredRelease, StoredRepository } from './github-store.js';
import { readContent, sizeOf, streamContent } from './github-store.js';
import { answerFault, sendBody } from './send-body.js';

/** What a plain download may send; everything else would be a leak. */
const ALLOWED_HEADERS = new Set([
  'host', 'connection', 'accept', 'accept-encoding', 'accept-language', 'sec-fetch-mode', 'user-agent', 'range', 'if-range', 'if-none-match', 'cache-control', 'pragma', 'priority',
]);

export interface Storage {
  /** A signed path for an asset. */
  signAsset(asset: StoredAsset): string;
  /** A signed path for a release's source tarball. */
  signSource(repository: StoredRepository, release: StoredRelease): string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

interface Grant { readonly expiresMs: number; readonly asset?: StoredAsset; readonly source?: { readonly repository: StoredRepository; readonly release: StoredRelease } }

export function createStorage(store: GithubStore, faults: Faults, now: () => Date, linkLifeMs: () => number): Storage {
  const secret = randomBytes(16);
  const grants = new Map<string, Grant>();
  const sign = (path: string, grant: Omit<Grant, 'expiresMs'>): string => {
    const expiresMs = now().getTime() + linkLifeMs();
    const unsigned = `${path}?exp=${expiresMs}&nonce=${randomBytes(4).toString('hex')}`;
    const signed = `${unsigned}&sig=${createHmac('sha256', secret).update(unsigned).digest('hex')}`;
    grants.set(signed, { ...grant, expiresMs });
    return signed;
  };
  return {
    signAsset: (asset) => sign(`/production-release-asset/${asset.id}/${encodeURIComponent(asset.name)}`, { asset }),
    signSource: (repository, release) => sign(`/${repository.owner}/${repository.name}/legacy.tar.gz/refs/tags/${encodeURIComponent(release.tag)}`, { source: { repository, release } }),
    async handle(request, response) {
      const path = request.url ?? '/';
      const foreign = Object.keys(request.headers).filter((name) => !ALLOWED_HEADERS.has(name));
      if (foreign.length > 0) return refuse(response, 400, 'InvalidArgument', `Only one auth mechanism allowed; unexpected header: ${foreign.join(', ')}`);
      const grant = grants.get(path);
      if (grant === undefined) return refuse(response, 403, 'AuthenticationFailed', 'Signature did not match.');
      if (grant.expiresMs <= now().getTime()) return refuse(response, 403, 'AuthenticationFailed', 'Signature not valid in the specified time frame.');
      const fault = faults.next('storage', decodeURIComponent(path));
      if (answerFault(response, fault)) return undefined;
      if (grant.source !== undefined) return sendSource(response, grant.source.repository, grant.source.release, fault);
      const asset = grant.asset === undefined ? undefined : store.findAsset(grant.asset.id);
      if (asset === undefined) return refuse(response, 404, 'BlobNotFound', 'The specified blob does not exist.');
      return sendAsset(request, response, asset, fault);
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** `bytes=5-`, `bytes=5-9`; undefined for anything else, which is then ignored as the standard says. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'beyond' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  const start = Number(match[1]);
  if (start >= size) return 'beyond';
  return { start, end: match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1) };
}

/** The bytes of an asset, also used by the API when it answers directly. */
export async function sendAsset(request: IncomingMessage, response: ServerResponse, asset: StoredAsset, fault: FaultKind | undefined): Promise<void> {
  const size = asset.size;
  const ifRange = request.headers['if-range'];
  const wanted = fault?.kind === 'ignore-range' || (ifRange !== undefined && ifRange !== asset.etag) ? undefined : parseRange(request.headers.range, size);
  const common = { 'etag': asset.etag, 'accept-ranges': 'bytes', 'last-modified': new Date(asset.createdAt).toUTCString() };
  if (wanted === 'beyond') {
    response.writeHead(416, { ...common, 'content-range': `bytes */${size}`, 'content-type': 'application/xml' });
    response.end('<?xml version="1.0" encoding="utf-8"?><Error><Code>InvalidRange</Code></Error>');
    return;
  }
  const { start, end } = wanted ?? { start: 0, end: size - 1 };
  const extra = fault?.kind === 'wrong-length' || fault?.kind === 'oversize' ? fault.by : 0;
  const shift = fault?.kind === 'wrong-range' ? fault.by : 0;
  response.writeHead(wanted === undefined ? 200 : 206, {
    ...common,
    'content-type': 'application/octet-stream',
    'content-length': String(Math.max(0, end - start + 1 + extra)),
    'content-disposition': `attachment; filename="${asset.name.replaceAll(/[^\x20-\x7e]|"/g, '_')}"`,
    ...(wanted === undefined ? {} : { 'content-range': `bytes ${start + shift}-${end + shift}/${size}` }),
  });
  await sendBody(response, size === 0 ? [] : streamContent(asset.content, start, end), fault, start);
}

/** As codeload does it: no length, no ranges. */
async function sendSource(response: ServerResponse, repository: StoredRepository, release: StoredRelease, fault: FaultKind | undefined): Promise<void> {
  const content = release.source ?? tinySource(`${repository.owner}-${repository.name}-0123456`, release.tag);
  response.writeHead(200, { 'content-type': 'application/x-gzip', 'content-disposition': `attachment; filename=${repository.name}.tar.gz` });
  await sendBody(response, streamContent(typeof content === 'string' ? readContent(content) : content, 0, sizeOf(content) - 1), fault);
}

/** A valid tar.gz with one file, for releases nobody gave a source. */
function tinySource(folder: string, tag: string): Buffer {
  const text = Buffer.from(`# ${tag}\n`);
  const header = Buffer.alloc(512);
  header.write(`${folder}/README.md`, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return gzipSync(Buffer.concat([header, text, Buffer.alloc(512 - text.length), Buffer.alloc(1024)]));
}
