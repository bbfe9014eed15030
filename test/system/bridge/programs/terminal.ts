// socat as a terminal program at the PTY link: what it prints is what the device sent, byte for byte, whatever happens to the bridge.
import { spawn } from 'node:child_process';
import type { Bundle } from '../../../support/bridge/bundle.js';
import { firstWrong, LANE_IN, pattern } from '../../../support/bridge/pattern.js';
import { disturb, openLine } from './line-under-test.js';
import type { ProgramResult } from './program-result.js';

const BAUD = 115_200;
const PIECE_BYTES = 512;
const SETTLE_MS = 10_000;

export async function readBySocat(bundle: Bundle): Promise<ProgramResult> {
  const line = await openLine(bundle, BAUD, () => undefined);
  const socat = spawn('socat', ['-u', `FILE:${line.rig.link},raw,echo=0`, '-'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const parts: Buffer[] = [];
  const count = { got: 0, sent: 0, over: false };
  socat.stdout.on('data', (bytes: Buffer) => { parts.push(bytes); count.got += bytes.length; });
  const sending = (async () => {
    while (!count.over) {
      await line.wire.send(pattern(count.sent, PIECE_BYTES, LANE_IN));
      count.sent += PIECE_BYTES;
    }
  })();
  try {
    const meanwhile = await disturb(line, ['update', 'upgrade', 'kill', 'upgrade']);
    count.over = true;
    await sending;
    const deadline = performance.now() + SETTLE_MS;
    while (count.got < count.sent && performance.now() < deadline) await new Promise((resolve) => { setTimeout(resolve, 50); });
    const { got, sent } = count;
    const wrong = firstWrong(Buffer.concat(parts), 0, LANE_IN);
    const faults = [...meanwhile.faults];
    if (got !== sent) faults.push(`${got} of ${sent} bytes`);
    if (wrong !== -1) faults.push(`a wrong byte at ${wrong}`);
    return { note: `${got} of ${sent} bytes, during ${meanwhile.done.join(', ')}`, faults };
  } finally {
    socat.kill('SIGKILL');
    await line.close();
  }
}
