// The app of the proof: it commits its state and its offsets together, checks its own stream, writes numbered bytes at a pace, and may
// be killed at any instant. Arguments: socket, state file, bytes to write per ms. JSON facts on stdout.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connectBridge } from '../../../src/bridge/client/index.js';
import { LANE_IN, LANE_OUT, firstWrong, pattern } from './pattern.js';

const [socket = '', stateFile = '', paceText = '0'] = process.argv.slice(2);
const pace = Number(paceText);

interface State { epoch: string; rx: number; tx: number; gaps: [number, number][]; epochs: number; wrongAt: number; skipped: string[] }

function load(): State {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as State;
  } catch {
    return { epoch: '0000000000000000', rx: 0, tx: 0, gaps: [], epochs: 0, wrongAt: -1, skipped: [] };
  }
}

function commit(): void {
  const file = openSync(`${stateFile}.new`, 'w');
  writeSync(file, JSON.stringify(state));
  fsyncSync(file);
  closeSync(file);
  renameSync(`${stateFile}.new`, stateFile);
}

const state = load();
let finishing = false;
let confirmed = 0;
/** What this app has heard of its writes, at every instant: whoever kills it compares. */
const heardFile = openSync(`${stateFile}.heard`, 'w+');
function hear(end: number): void {
  if (end <= confirmed) return;
  confirmed = end;
  writeSync(heardFile, String(end).padStart(16), 0);
}
const client = await connectBridge({ path: socket, epoch: state.epoch, from: state.rx, client: 'proof app' });
if (client.epoch !== state.epoch) { state.epoch = client.epoch; state.rx = client.position; }
client.on('gap', (gap) => { state.gaps.push([gap.from, gap.to]); });
client.on('epoch', (change) => { if (change.previous !== null) state.epochs += 1; });
client.on('end', ({ error }) => { process.stdout.write(`${JSON.stringify({ fatal: error?.message ?? 'closed' })}\n`); process.exit(3); });
// What was decided before the kill and did not reach the bridge is said again: the same bytes.
const offset = client.writeOffset;
hear(Math.min(offset, state.tx));
if (offset > state.tx) state.skipped.push(`the bridge has accepted ${offset}, more than ever committed ${state.tx}`);
else if (offset < state.tx) void client.write(pattern(offset, state.tx - offset, LANE_OUT)).then((written) => { hear(written.end); });

const started = performance.now();
const base = state.tx;
const writer = setInterval(() => {
  if (pace === 0 || finishing) return;
  const due = base + Math.floor((performance.now() - started) * pace);
  if (due <= state.tx) return;
  const from = state.tx;
  state.tx = due;
  commit();
  void client.write(pattern(from, due - from, LANE_OUT), { offset: from }).then((written) => { hear(written.end); });
}, 2);

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as { do: string; id: number };
  if (command.do === 'finish') { finishing = true; clearInterval(writer); }
  process.stdout.write(`${JSON.stringify({ id: command.id, ...state, confirmed })}\n`);
}).on('close', () => { process.exit(0); });

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const chunk of client) {
  if (chunk.epoch !== state.epoch) { state.epoch = chunk.epoch; state.rx = chunk.offset; }
  const gap = state.gaps.find(([from, to]) => from === state.rx && to === chunk.offset);
  if (chunk.offset !== state.rx && gap === undefined) state.skipped.push(`a chunk at ${chunk.offset}, expected ${state.rx}`);
  const wrong = firstWrong(chunk.data, chunk.offset, LANE_IN);
  if (wrong !== -1 && state.wrongAt === -1) state.wrongAt = wrong;
  state.rx = chunk.offset + chunk.data.length;
  commit();
  client.ack(state.rx, chunk.epoch);
}
