// `bridge attach NAME`: a person's terminal on the line, raw, ^] to leave. Takes the consumer's seat when it is free (then typing is sent),
// else only watches. Must always give the terminal back as it was.
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { HoldlineError } from '../domain/errors.js';
import { encodeFrame } from './frames.js';
import { FrameReader } from './frame-reader.js';
import { MAX_WRITE_BYTES, NO_EPOCH, PROTOCOL_VERSION } from './protocol.js';
import type { Frame, Role } from './protocol.js';

const LEAVE_KEY = 0x1d;

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly note: (text: string) => void;
}

interface Place { epoch: string; accepted: number; role: Role; down: boolean }

/** Resolves when the person or the bridge has left. */
export async function attachTerminal(path: string, terminal: Terminal): Promise<void> {
  const end = await converse(path, terminal, 'consumer');
  if (end !== 'seat-taken') return;
  terminal.note('An app has the line: watching only. ^] leaves.');
  await converse(path, terminal, 'observer');
}

function converse(path: string, terminal: Terminal, role: Role): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const reader = new FrameReader();
    const place: Place = { epoch: NO_EPOCH, accepted: 0, role, down: true };
    let end = 'closed';
    let left = false;
    const typed = (keys: Buffer): void => {
      if (terminal.input.isTTY && keys.includes(LEAVE_KEY)) { left = true; socket.end(); return; }
      if (place.role === 'consumer' && !place.down) sendKeys(socket, place, keys);
    };
    const restore = (): void => {
      terminal.input.off('data', typed).pause();
      if (terminal.input.isTTY) terminal.input.setRawMode(false);
    };
    socket.on('connect', () => { socket.write(encodeFrame({ type: 'hello', from: 0, version: PROTOCOL_VERSION, role, epoch: NO_EPOCH, name: 'bridge attach' })); });
    socket.on('error', (error) => {
      restore();
      reject(new HoldlineError('bridge-unavailable', `cannot reach the bridge at ${path}: ${error.message}`, { hint: 'See `holdline bridge status`; the socket is for its group.', cause: error }));
    });
    socket.on('close', () => {
      restore();
      if (!left && end === 'closed') terminal.note('The bridge has gone; attach again when it is back.');
      resolve(end);
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) end = show(frame, socket, place, terminal, typed) ?? end;
      } catch (error) {
        socket.destroy();
        reject(new HoldlineError('bridge-protocol', `cannot understand what answers at ${path}: it speaks another protocol`, { hint: 'Update the older of the two.', cause: error }));
      }
    });
  });
}

/** A pipe hands over more at once than a frame holds. */
function sendKeys(socket: Socket, place: Place, keys: Buffer): void {
  for (let at = 0; at < keys.length; at += MAX_WRITE_BYTES) {
    const bytes = keys.subarray(at, at + MAX_WRITE_BYTES);
    socket.write(encodeFrame({ type: 'write', offset: place.accepted, epoch: place.epoch, bytes }));
    place.accepted += bytes.length;
  }
}

/** Returns the error code when the bridge ends it. */
function show(frame: Frame, socket: Socket, place: Place, terminal: Terminal, typed: (keys: Buffer) => void): string | undefined {
  switch (frame.type) {
    case 'welcome':
      Object.assign(place, { epoch: frame.epoch, accepted: frame.accepted, role: frame.role, down: frame.down });
      if (terminal.input.isTTY) terminal.input.setRawMode(true);
      terminal.input.on('data', typed).resume();
      terminal.note(`${frame.down ? 'The line is down; waiting for the device.' : 'On the line.'} ${terminal.input.isTTY ? '^]' : '^C'} leaves.`);
      return undefined;
    case 'data':
      terminal.output.write(frame.bytes);
      if (place.role === 'consumer') socket.write(encodeFrame({ type: 'ack', offset: frame.offset + frame.bytes.length, epoch: place.epoch }));
      return undefined;
    case 'gap': terminal.note(`${frame.to - frame.from} bytes are missing here.`); return undefined;
    case 'epoch':
      Object.assign(place, { epoch: frame.epoch, accepted: frame.accepted, down: false });
      terminal.note('The device is back.');
      return undefined;
    case 'down':
      place.down = true;
      terminal.note(`The line is down: ${frame.reason}.`);
      return undefined;
    case 'error':
      if (frame.code !== 'seat-taken') terminal.note(frame.message);
      return frame.code;
    default: return undefined;
  }
}
