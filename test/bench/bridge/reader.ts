// The client of socat and ser2net that gets killed: it appends what it receives to a file, at once. Arguments: TCP port, file.
import { openSync, writeSync } from 'node:fs';
import { createConnection } from 'node:net';

const [port = '0', file = ''] = process.argv.slice(2);
const out = openSync(file, 'a');

function connect(): void {
  const socket = createConnection({ host: '127.0.0.1', port: Number(port) });
  socket.on('data', (bytes: Buffer) => { writeSync(out, bytes); });
  socket.on('error', () => undefined);
  socket.on('close', () => { setTimeout(connect, 5); });
}

process.stdout.write('{"ready":true}\n');
connect();
