// Real TLS: an unknown authority and a certificate that is not valid yet are told apart; NODE_EXTRA_CA_CERTS makes the first one known.
import { execFileSync, execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFetch } from '../../src/platform/http.js';
import { networkError } from '../../src/source/network-errors.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(hasOpenssl)('TLS (needs the openssl command)', () => {
  let folder: string;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    folder = makeTempFolder('tls');
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    server = createServer({ key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) }, (_request, response) => { response.end('hello'); });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    removeTempFolder(folder);
  });

  it('an unknown authority is an error with its remedy', async () => {
    const fetch = createFetch({ proxy: { https: null, http: null, no: null } });
    const thrown: unknown = await fetch(url).then(() => undefined, (error: unknown) => error);
    const error = networkError(thrown, 'list', url, new Date());
    expect([error.context['transient'], error.hint]).toEqual([false, expect.stringContaining('NODE_EXTRA_CA_CERTS')]);
  });

  it('NODE_EXTRA_CA_CERTS makes it known to the fetch of npm undici', async () => {
    const undici = JSON.stringify(import.meta.resolve('undici'));
    const script = join(folder, 'ask.mjs');
    writeFileSync(script, `import { EnvHttpProxyAgent, fetch } from ${undici};\nconsole.log(await (await fetch(${JSON.stringify(url)}, { dispatcher: new EnvHttpProxyAgent({ httpProxy: '', httpsProxy: '' }) })).text());\nprocess.exit();\n`);
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') } });
    expect(stdout.trim()).toBe('hello');
  });
});
