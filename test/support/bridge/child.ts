// A child process that speaks JSON lines: ask and get the answer with the same id. Ended by its pid only.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

type Fact = Record<string, unknown>;

export class JsonChild {
  readonly process: ChildProcess;
  readonly first: Promise<Fact>;
  readonly exited: Promise<number | string | null>;
  readonly errors: string[] = [];
  #next = 1;
  readonly #waiting = new Map<number, (fact: Fact) => void>();
  fatal: string | undefined;

  constructor(command: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.process = spawn(command, argv, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.process.stdin?.on('error', () => undefined);
    this.process.stderr?.on('data', (text: Buffer) => { this.errors.push(text.toString()); });
    this.exited = new Promise((resolve) => { this.process.on('exit', (code, signal) => { resolve(signal ?? code); }); });
    this.first = new Promise((resolve, reject) => {
      if (this.process.stdout === null) return;
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        const fact = JSON.parse(line) as Fact;
        if (typeof fact['fatal'] === 'string') this.fatal = fact['fatal'];
        if (typeof fact['id'] === 'number') this.#waiting.get(fact['id'])?.(fact);
        else resolve(fact);
      });
      void this.exited.then((end) => { reject(new Error(`ended with ${end} before its first word: ${this.errors.join('')}`)); });
    });
    this.first.catch(() => undefined);
  }

  ask(command: Fact): Promise<Fact> {
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      void this.exited.then((end) => { reject(new Error(`ended with ${end} before it answered: ${this.errors.join('')} ${this.fatal ?? ''}`)); });
      this.process.stdin?.write(`${JSON.stringify({ ...command, id })}\n`);
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.exited;
  }
}
