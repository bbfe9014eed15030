// Does the fetcher give up its rights on this machine? Starts one, asks it nothing.
import { fork } from 'node:child_process';
import type { Layout } from '../../domain/layout.js';
import type { Settings } from '../../domain/settings.js';
import { withoutSecrets } from '../../platform/processes.js';
import type { FromFetcher } from './questions.js';

const TIMEOUT_MS = 10_000;

/** Null: it does; else why not, as a part of a sentence. */
export function probeFetcher(script: string, settings: Settings, layout: Layout): Promise<string | null> {
  const child = fork(script, [], { env: withoutSecrets(process.env), stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'ignore', 'ignore'], serialization: 'json' });
  return new Promise((resolve) => {
    const end = (lacks: string | null): void => { clearTimeout(timer); child.kill('SIGKILL'); resolve(lacks); };
    const timer = setTimeout(() => end('it does not answer'), TIMEOUT_MS);
    child.on('message', (message: FromFetcher) => { if (message.type === 'begun') end(message.lacks); });
    child.once('error', (thrown) => end(`it does not start: ${thrown.message}`));
    child.once('exit', (code, signal) => end(`it ended early (${signal ?? `exit ${code ?? '?'}`})`));
    // Without the token: it is not needed for this.
    child.send({ type: 'begin', settings: { ...settings, githubToken: null }, layout }, () => undefined);
  });
}
