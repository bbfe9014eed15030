// The parent's side of the fetcher: starts it with the least it needs, grants it the folders of one question at a time, and writes for it.
// What it answers is as little believed as the network: see judge-answers.ts.
import { fork, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { HoldlineError } from '../../domain/errors.js';
import type { Layout } from '../../domain/layout.js';
import type { Logger } from '../../domain/ports.js';
import type { Report } from '../../domain/results.js';
import type { Settings } from '../../domain/settings.js';
import { revivedError } from '../../interface/control/protocol.js';
import { createEffectBroker, type EffectBroker, type Grant } from '../../platform/effect-broker.js';
import { nodeSystemCalls } from '../../platform/node-system-calls.js';
import { withoutSecrets } from '../../platform/processes.js';
import { EFFECT_PIPES, type FromFetcher, type Question, type SourceFacts, type ToFetcher } from './questions.js';

export interface FetcherParts { readonly script: string; readonly settings: Settings; readonly layout: Layout; readonly log: Logger; readonly report: Report }

export interface Fetcher {
  /** One question at a time; rejects with the HoldlineError of the refusal. */
  ask(question: Question, grant: Grant, signal: AbortSignal): Promise<unknown>;
  /** What the process that runs now has had written. */
  bytesWritten(): number;
  /** As of the last answer. */
  facts(): SourceFacts | undefined;
  /** Ends the process; the next question starts another. */
  close(): void;
}

/** As the worker's: pieces of payloads live a moment. */
const FLAGS = ['--max-semi-space-size=1'];
/** After being asked to stop. */
const STOP_MS = 5_000;
/** Beyond the deadline of a download, for what surrounds it: a process that says nothing for so long is no use. */
const PATIENCE_MS = 3_600_000;
/** Besides payload and tree: the memory of earlier checks, notes of downloads. */
const EXTRA_BYTES = 256 * 1024 * 1024;
const MAX_LAST_WORDS = 2_000;

interface Running { readonly child: ChildProcess; readonly broker: EffectBroker; readonly lastWords: () => string }
interface Pending { readonly id: number; resolve(result: unknown): void; reject(error: unknown): void }

export function createFetcher(parts: FetcherParts): Fetcher {
  return new FetcherProcess(parts);
}

class FetcherProcess implements Fetcher {
  #running: Running | undefined;
  #pending: Pending | undefined;
  #facts: SourceFacts | undefined;
  #count = 0;
  #toldLack = false;

  constructor(private readonly parts: FetcherParts) {}

  facts(): SourceFacts | undefined { return this.#facts; }
  bytesWritten(): number { return this.#running?.broker.written() ?? 0; }

  close(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.broker.close();
    running?.child.kill('SIGKILL');
  }

  async ask(question: Question, grant: Grant, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) throw stopped(signal);
    const { child, broker } = this.#running ??= this.#start();
    broker.grant(grant);
    this.#count += 1;
    const id = this.#count;
    let kill: NodeJS.Timeout | undefined;
    const killSoon = (ms: number): void => { clearTimeout(kill); kill = setTimeout(() => child.kill('SIGKILL'), ms); };
    const abort = (): void => { tell(child, { type: 'abort' }); killSoon(STOP_MS); };
    killSoon(this.parts.settings.downloadDeadline * 1000 + PATIENCE_MS);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#pending = { id, resolve, reject };
        tell(child, { type: 'ask', id, question });
      });
    } catch (thrown) {
      throw signal.aborted ? stopped(signal, thrown) : thrown;
    } finally {
      clearTimeout(kill);
      signal.removeEventListener('abort', abort);
      broker.grant({ folders: [], files: [], linkFrom: null });
      // An abort ends everything it does; the next question needs a fresh one.
      if (signal.aborted) this.close();
    }
  }

  #start(): Running {
    const { script, settings, layout } = this.parts;
    const child = fork(script, [], { execArgv: FLAGS, env: withoutSecrets(process.env), stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe', 'pipe'], serialization: 'json' });
    const broker = createEffectBroker(nodeSystemCalls(), settings.limits.payloadBytes + settings.limits.unpackedBytes + EXTRA_BYTES);
    const running: Running = { child, broker, lastWords: keepLastWords(child.stderr) };
    const asks = child.stdio[EFFECT_PIPES.out] as Readable;
    const answers = (child.stdio as readonly unknown[])[EFFECT_PIPES.in] as Writable;
    asks.on('data', (piece: Buffer) => { if (this.#running === running) this.#serve(running, piece, answers); });
    for (const stream of [asks, answers]) stream.on('error', () => undefined);
    child.on('message', (message: FromFetcher) => { if (this.#running === running) this.#hear(message); });
    child.once('error', (cause) => this.#fail(running, new HoldlineError('internal', 'cannot start the process that fetches releases. Nothing has changed', { cause })));
    child.once('exit', (code, killed) => this.#fail(running, died(running, killed ?? `exit ${code ?? '?'}`)));
    tell(child, { type: 'begin', settings, layout });
    return running;
  }

  #serve(running: Running, piece: Buffer, answers: Writable): void {
    try {
      for (const answer of running.broker.receive(piece)) answers.write(answer);
    } catch (thrown) {
      this.#fail(running, new HoldlineError('internal', `cannot go on: the process that fetches releases asks for what it must not: ${thrown instanceof Error ? thrown.message : String(thrown)}. Nothing has changed`, {
        hint: 'It was ended. If this happens again with the same release, do not trust that release, and report it.', cause: thrown,
      }));
    }
  }

  #hear(message: FromFetcher): void {
    const { log, report } = this.parts;
    switch (message.type) {
      case 'begun': return this.#judgeLack(message.lacks);
      case 'log': return log[message.level](message.message, message.fields);
      // It may say how far it is, and nothing else.
      case 'event': return message.event.type === 'progress' ? report(message.event) : undefined;
      case 'answer':
      case 'refusal': return this.#settle(message);
    }
  }

  #settle(message: Extract<FromFetcher, { type: 'answer' | 'refusal' }>): void {
    const pending = this.#pending;
    if (pending?.id !== message.id) return;
    this.#pending = undefined;
    this.#facts = message.facts;
    if (message.type === 'answer') pending.resolve(message.result);
    else {
      const { code, message: text, hint } = revivedError(message.error);
      pending.reject(new HoldlineError(code, text, { context: message.context, ...(hint === undefined ? {} : { hint }) }));
    }
  }

  #judgeLack(lacks: string | null): void {
    if (lacks === null || this.#toldLack) return;
    this.#toldLack = true;
    this.parts.log.warn(`the part that fetches and unpacks releases runs with all rights of this user: ${lacks}`);
  }

  #fail(running: Running, error: HoldlineError): void {
    if (this.#running !== running) return;
    this.close();
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
  }
}

const tell = (child: ChildProcess, message: ToFetcher): void => { if (child.connected) child.send(message, () => undefined); };

function stopped(signal: AbortSignal, cause?: unknown): unknown {
  return cause instanceof HoldlineError && cause.code !== 'internal' ? cause : signal.reason;
}

function died({ lastWords }: Running, how: string): HoldlineError {
  return new HoldlineError('internal', `cannot go on: the process that fetches and unpacks releases ended early (${how}). Nothing has changed`, {
    hint: 'It is tried again at the next check. If it stays so, look whether the device is short of memory.', context: { last_words: lastWords() },
  });
}

/** Only for the log: whatever it prints, a terminal never sees it. */
function keepLastWords(stderr: Readable | null): () => string {
  let text = '';
  stderr?.on('data', (piece: Buffer) => { text = (text + piece.toString('latin1')).slice(-MAX_LAST_WORDS); });
  return () => text.replaceAll(/[^\x20-\x7e]+/gu, ' ').trim();
}
