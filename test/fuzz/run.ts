// Feeds changed inputs to every parser of what others wrote: node scripts/run-typescript.mjs test/fuzz/run.ts [--count N] [--seed S]
// [--target NAME] [--from N]. Each target runs in a thread of its own: one that hangs is ended and told with what shows it again.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { mixSeeds, rollDice } from './mutate.js';
import { createTargets } from './targets.js';

interface Task { readonly target: string; readonly count: number; readonly seed: number; readonly from: number }
type Message =
  | { readonly type: 'alive'; readonly at: number }
  | { readonly type: 'done'; readonly accepted: number; readonly seconds: number; readonly slowestMs: number }
  | { readonly type: 'finding'; readonly at: number; readonly what: string };

const HANG_MS = 30_000;
const LOOK_MS = 1000;
const BEAT = 200;
const SLOWEST = 'settings';

if (isMainThread) void main();
else work(workerData as Task);

function work(task: Task): void {
  const target = createTargets(process.cwd()).find(({ name }) => name === task.target);
  const send = (message: Message): void => parentPort?.postMessage(message, []);
  if (target === undefined) throw new Error(`no target ${task.target}`);
  const begun = performance.now();
  let [accepted, slowestMs] = [0, 0];
  for (let at = task.from; at < task.from + task.count; at += 1) {
    if (at % BEAT === 0) send({ type: 'alive', at });
    const started = performance.now();
    try {
      if (target.feed(rollDice(mixSeeds(task.seed, nameSeed(task.target), at))) === 'accepted') accepted += 1;
    } catch (thrown) {
      send({ type: 'finding', at, what: thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown) });
      return;
    }
    slowestMs = Math.max(slowestMs, performance.now() - started);
  }
  send({ type: 'done', accepted, seconds: (performance.now() - begun) / 1000, slowestMs });
}

function nameSeed(name: string): number { return mixSeeds(...Buffer.from(name)); }

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { count: { type: 'string', default: '2000' }, seed: { type: 'string' }, target: { type: 'string' }, from: { type: 'string', default: '0' } } });
  const [count, seed, from] = [Number(values.count), Number(values.seed ?? 1), Number(values.from)];
  if (![count, seed, from].every((number) => Number.isSafeInteger(number) && number >= 0)) throw new Error('--count, --seed and --from are whole numbers');
  const names = createTargets(process.cwd()).map(({ name }) => name).filter((name) => values.target === undefined || name === values.target);
  if (names.length === 0) throw new Error(`no target ${values.target ?? ''}`);
  process.stdout.write(`${count} changed inputs for each of ${names.length} targets, seed ${seed}\n`);
  // The slowest first, so that none is left alone at the end.
  const waiting = names.toSorted((a, b) => Number(b === SLOWEST) - Number(a === SLOWEST));
  let good = true;
  const runner = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) good = await runTarget({ target, count, seed, from }) && good;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runner));
  process.exitCode = good ? 0 : 1;
}

function runTarget(task: Task): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    let [last, lastAt] = [performance.now(), task.from];
    const tell = (at: number, what: string): void => {
      process.stdout.write(`${task.target}: FOUND at ${at}: ${what}\n  again: --target ${task.target} --seed ${task.seed} --from ${at} --count ${at === lastAt ? BEAT : 1}\n`);
      end(false);
    };
    const watch = setInterval(() => { if (performance.now() - last > HANG_MS) tell(lastAt, `no answer for ${HANG_MS / 1000} s: it hangs in one of the next ${BEAT}`); }, LOOK_MS);
    const end = (good: boolean): void => { clearInterval(watch); void worker.terminate(); resolve(good); };
    worker.on('message', (message: Message) => {
      last = performance.now();
      if (message.type === 'alive') lastAt = message.at;
      else if (message.type === 'finding') tell(message.at, message.what);
      else {
        process.stdout.write(`${task.target}: ${task.count} held, ${message.accepted} of them still acceptable, ${message.seconds.toFixed(1)} s, slowest ${message.slowestMs.toFixed(0)} ms\n`);
        end(true);
      }
    });
    worker.once('error', (thrown) => { clearInterval(watch); reject(thrown); });
  });
}
