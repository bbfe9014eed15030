// The Node client behind the conformance script's JSON lines: it does as told and reports every event.
import { createInterface } from 'node:readline';
import { HoldlineError } from '../../../src/domain/errors.js';
import { connectBridge } from '../../../src/bridge/client/index.js';
import type { BridgeClient } from '../../../src/bridge/client/index.js';

const say = (fact: object): void => { process.stdout.write(`${JSON.stringify(fact)}\n`); };
let client: BridgeClient | undefined;

interface Command { do: 'connect' | 'ack' | 'write' | 'close'; id: number; path?: string; role?: 'consumer' | 'observer'; epoch?: string; from?: number; offset?: number; text?: string }

async function follow(line: BridgeClient): Promise<void> {
  try {
    for await (const chunk of line) say({ event: 'data', epoch: chunk.epoch, offset: chunk.offset, text: chunk.data.toString('latin1') });
    say({ event: 'closed' });
  } catch (error) {
    say({ event: 'fatal', message: String(error) });
  }
}

async function run(command: Command): Promise<void> {
  try {
    switch (command.do) {
      case 'connect': {
        client = await connectBridge({ path: command.path ?? '', role: command.role ?? 'consumer', ...(command.epoch === undefined ? {} : { epoch: command.epoch, from: command.from ?? 0 }) });
        client.on('gap', (gap) => { say({ event: 'gap', from: gap.from, to: gap.to }); });
        client.on('epoch', (change) => { if (change.previous !== null) say({ event: 'epoch', previous: change.previous, epoch: change.epoch, from: change.from }); });
        client.on('down', (down) => { say({ event: 'down', head: down.head, confirmed: down.confirmed }); });
        say({ id: command.id, epoch: client.epoch, position: client.position, writeOffset: client.writeOffset });
        void follow(client);
        return;
      }
      case 'ack': client?.ack(command.offset ?? 0); say({ id: command.id }); return;
      case 'write': {
        const written = await client?.write(Buffer.from(command.text ?? '', 'latin1'), command.offset === undefined ? {} : { offset: command.offset });
        say({ id: command.id, end: written?.end });
        return;
      }
      case 'close': client?.close(); say({ id: command.id });
    }
  } catch (error) {
    say({ id: command.id, error: error instanceof HoldlineError ? error.message : String(error) });
  }
}

createInterface({ input: process.stdin }).on('line', (line) => { void run(JSON.parse(line) as Command); }).on('close', () => { process.exit(0); });
say({ ready: true });
