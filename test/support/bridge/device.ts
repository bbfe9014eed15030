// An independent device on a PTY made without any package: it sends numbered bytes at a line's pace, checks every byte it receives, and
// notes what the kernel refused. A process of its own: JSON commands in, JSON facts out. Knows nothing of the bridge's code.
import { closeSync, readSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openPty } from './open-pty.js';
import { LANE_IN, LANE_OUT, firstWrong, pattern } from './pattern.js';

const { master, path } = openPty();
const state = { sent: 0, limit: 0, bytesPerMs: 0, startedMs: 0, base: 0, refused: 0, refusals: 0, received: 0, wrongAt: -1, echo: false };
const buffer = Buffer.alloc(65_536);
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

function send(): void {
  if (state.bytesPerMs === 0) return;
  const due = Math.min(state.limit, state.base + Math.floor((performance.now() - state.startedMs) * state.bytesPerMs));
  while (state.sent < due) {
    const want = Math.min(due - state.sent, 4096);
    let took = 0;
    try {
      took = writeSync(master, pattern(state.sent, want, LANE_IN));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
    state.sent += took;
    if (took < want) {
      // A real UART would have lost these; a PTY lets us try again, and we say so.
      state.refused += want - took;
      state.refusals += 1;
      return;
    }
  }
}

function receive(): void {
  for (;;) {
    let count = 0;
    try {
      count = readSync(master, buffer, 0, buffer.length, null);
    } catch (error) {
      if (codeOf(error) === 'EAGAIN' || codeOf(error) === 'EIO') return;
      throw error;
    }
    if (count === 0) return;
    if (state.echo) {
      writeSync(master, buffer, 0, count);
      continue;
    }
    const wrong = firstWrong(buffer.subarray(0, count), state.received, LANE_OUT);
    if (wrong !== -1 && state.wrongAt === -1) state.wrongAt = wrong;
    state.received += count;
  }
}

const say = (fact: object): void => { process.stdout.write(`${JSON.stringify(fact)}\n`); };

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as { do: string; bytesPerMs?: number; limit?: number; text?: string; id?: number };
  if (command.do === 'run') Object.assign(state, { bytesPerMs: command.bytesPerMs ?? 0, limit: command.limit ?? Number.MAX_SAFE_INTEGER, startedMs: performance.now(), base: state.sent });
  if (command.do === 'stop') state.limit = state.sent;
  if (command.do === 'echo') state.echo = true;
  if (command.do === 'hangup') { clearInterval(timer); closeSync(master); }
  if (command.do !== 'hangup') receive();
  say({ ...state, id: command.id });
}).on('close', () => { process.exit(0); });

const timer = setInterval(() => { receive(); send(); }, 1);
say({ path });
