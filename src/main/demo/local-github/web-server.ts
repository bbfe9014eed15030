// The web origin of the local GitHub, as far as programs use it: the download links of public releases. Nobody counts here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiWorld } from './api-context.js';
import { answerFault } from './send-body.js';

export async function handleWeb(world: ApiWorld, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://local').pathname);
  if (answerFault(response, world.faults.next('web', path))) return;
  const [, owner = '', name = '', tag, file] = /^\/([^/]+)\/([^/]+)\/releases\/download\/(.+)\/([^/]+)$/.exec(path) ?? [];
  const repository = world.store.repository(owner, name);
  const asset = repository?.private === false ? repository.releases.find((release) => release.tag === tag && !release.draft)?.assets.find((one) => one.name === file && one.state === 'uploaded') : undefined;
  if (asset === undefined) response.writeHead(404, { 'content-type': 'text/html; charset=utf-8' }).end('Not Found');
  else response.writeHead(302, { location: world.storageOrigin + world.storage.signAsset(asset) }).end();
}
