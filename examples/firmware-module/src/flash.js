// A module that flashes a board's firmware over the serial line, through holdline's bridge: the contract is docs/modules.md.
// The board speaks lines: `V` its version and the hash of its flash, `E` erase, `W OFFSET HEX` write, `S SHA256 VERSION` seal.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE_BYTES = 64;
const ANSWER_MS = 5_000;

export async function main({ phase, from, to, tree, previous_tree: previousTree, progress }) {
  const { connectBridge } = await import(process.env.BRIDGE_CLIENT ?? 'holdline/bridge-client');
  const line = await openLine(await connectBridge({ name: process.env.BRIDGE ?? 'board', client: 'firmware', reconnect: false }));
  try {
    switch (phase) {
      case 'check': return await line.ask('V') === 'BUSY' ? 'not-now' : undefined;
      case 'prepare': return undefined; // the image that undo needs stands in previous_tree
      case 'apply': return await flash(line, imageOf(tree), to, progress);
      case 'verify': return await assertRuns(line, imageOf(tree), to);
      case 'undo':
        if (previousTree === null) { await line.expect('E', 'OK'); return undefined; }
        await flash(line, imageOf(previousTree), from, progress);
        return await assertRuns(line, imageOf(previousTree), from);
      default: throw new Error(`unknown phase ${phase}`);
    }
  } finally {
    line.close();
  }
}

const imageOf = (tree) => readFileSync(join(tree, 'src', 'firmware.bin'));
const hashOf = (image) => createHash('sha256').update(image).digest('hex');

/** From the first page on, whatever stands there: so it may be called again after it was killed half way. */
async function flash(line, image, version, progress) {
  if (await line.ask('V') === `V ${version} ${hashOf(image)}`) return;
  await line.expect('E', 'OK');
  for (let at = 0; at < image.length; at += PAGE_BYTES) {
    await line.expect(`W ${at} ${image.subarray(at, at + PAGE_BYTES).toString('hex')}`, 'OK');
    progress(Math.min(1, (at + PAGE_BYTES) / image.length), `wrote ${Math.min(image.length, at + PAGE_BYTES)} of ${image.length} bytes`);
  }
  await line.expect(`S ${hashOf(image)} ${version}`, 'OK');
}

async function assertRuns(line, image, version) {
  await line.expect('V', `V ${version} ${hashOf(image)}`);
}

/** One question, one answer. What an interrupted call left unanswered on the line is skipped: `#N` numbers the answers. */
async function openLine(client) {
  const chunks = client[Symbol.asyncIterator]();
  let rest = '';
  let count = Math.floor(Math.random() * 1e9);
  const readLine = async () => {
    for (;;) {
      const end = rest.indexOf('\n');
      if (end >= 0) { const found = rest.slice(0, end); rest = rest.slice(end + 1); return found; }
      const { value, done } = await Promise.race([chunks.next(), new Promise((_, reject) => { setTimeout(reject, ANSWER_MS, new Error('the board does not answer')).unref(); })]);
      if (done) throw new Error('the bridge is gone');
      client.ack(value.offset + value.data.length, value.epoch);
      rest += value.data.toString('latin1');
    }
  };
  const ask = async (question) => {
    count += 1;
    await client.write(`#${count} ${question}\n`);
    for (;;) {
      const answer = await readLine();
      if (answer.startsWith(`#${count} `)) return answer.slice(`#${count} `.length);
    }
  };
  return {
    ask,
    async expect(question, wanted) {
      const answer = await ask(question);
      if (answer !== wanted) throw new Error(`the board answers ${answer} to ${question.slice(0, 20)}, not ${wanted}`);
    },
    close: () => client.close(),
  };
}
