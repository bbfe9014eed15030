// Frames to bytes and back, strictly as protocol.ts writes it down. PURE; must never accept what the protocol does not name.
import {
  ERROR_NUMBER, FRAME, HEADER_BYTES, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES, MAX_WRITE_BYTES, PROTOCOL_MAGIC, ProtocolFault,
} from './protocol.js';
import type { Frame, Role, WireError } from './protocol.js';

const ROLE_NUMBER = { consumer: 1, observer: 2 } as const satisfies Record<Role, number>;
const FLAG_RESUMED = 1;
const FLAG_DOWN = 2;

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => { const out = Buffer.alloc(2); out.writeUInt16BE(value); return out; };
const u32 = (value: number): Buffer => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };
const u64 = (value: number): Buffer => { const out = Buffer.alloc(8); out.writeBigUInt64BE(BigInt(value)); return out; };
const epochBytes = (epoch: string): Buffer => {
  if (!/^[0-9a-f]{16}$/.test(epoch)) throw new ProtocolFault('malformed', `an epoch is 16 hex digits, not "${epoch}"`);
  return Buffer.from(epoch, 'hex');
};

function assemble(type: number, offset: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MAX_PAYLOAD_BYTES) throw new ProtocolFault('oversized', `a payload of ${length} bytes is above ${MAX_PAYLOAD_BYTES}`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(length, 1);
  header.writeBigUInt64BE(BigInt(offset), 5);
  return Buffer.concat([header, ...parts]);
}

/** Writes a DATA frame's header into the 13 bytes before its payload, so that the payload is read into place once. */
export function fillDataHeader(frame: Buffer, offset: number, length: number): void {
  frame.writeUInt8(FRAME.data, 0);
  frame.writeUInt32BE(length, 1);
  frame.writeBigUInt64BE(BigInt(offset), 5);
}

/** Cuts a message to what a payload can carry. */
const text = (value: string, maxBytes = 4096): Buffer => Buffer.from(value).subarray(0, maxBytes);

export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case 'hello':
      return assemble(FRAME.hello, frame.from, Buffer.from(PROTOCOL_MAGIC), u8(frame.version), u8(ROLE_NUMBER[frame.role]), epochBytes(frame.epoch), text(frame.name, MAX_NAME_BYTES));
    case 'ack': return assemble(FRAME.ack, frame.offset, epochBytes(frame.epoch));
    case 'write': return assemble(FRAME.write, frame.offset, epochBytes(frame.epoch), frame.bytes);
    case 'status': return assemble(FRAME.status, 0);
    case 'upgrade': return assemble(FRAME.upgrade, 0);
    case 'takeover': return assemble(FRAME.takeover, 0, u32(frame.pid));
    case 'welcome':
      return assemble(FRAME.welcome, frame.from, u8(frame.version), u8(ROLE_NUMBER[frame.role]), u8((frame.resumed ? FLAG_RESUMED : 0) | (frame.down ? FLAG_DOWN : 0)), u8(0),
        epochBytes(frame.epoch), u64(frame.head), u64(frame.tail), u64(frame.accepted), u64(frame.confirmed));
    case 'data': return assemble(FRAME.data, frame.offset, frame.bytes);
    case 'gap': return assemble(FRAME.gap, frame.from, u64(frame.to));
    case 'wack': return assemble(FRAME.wack, frame.accepted, epochBytes(frame.epoch), u64(frame.confirmed));
    case 'epoch': return assemble(FRAME.epoch, frame.from, epochBytes(frame.epoch), u64(frame.accepted), u64(frame.confirmed));
    case 'down': return assemble(FRAME.down, frame.head, epochBytes(frame.epoch), u64(frame.confirmed), text(frame.reason));
    case 'report': return assemble(FRAME.report, 0, Buffer.from(frame.json));
    case 'go': return assemble(FRAME.go, 0);
    case 'done': return assemble(FRAME.done, 0);
    case 'error': return assemble(FRAME.error, 0, u16(ERROR_NUMBER[frame.code]), text(frame.message));
  }
}

/** Reads a payload front to back; a short one is a malformed frame. */
class PayloadReader {
  #at = 0;
  readonly #payload: Buffer;
  readonly #what: string;
  constructor(payload: Buffer, what: string) { this.#payload = payload; this.#what = what; }
  take(bytes: number): Buffer {
    if (this.#at + bytes > this.#payload.length) throw new ProtocolFault('malformed', `${this.#what} is too short: ${this.#payload.length} bytes`);
    this.#at += bytes;
    return this.#payload.subarray(this.#at - bytes, this.#at);
  }
  u8(): number { return this.take(1).readUInt8(); }
  u16(): number { return this.take(2).readUInt16BE(); }
  u32(): number { return this.take(4).readUInt32BE(); }
  u64(): number { return readOffset(this.take(8), 0, this.#what); }
  epoch(): string { return this.take(8).toString('hex'); }
  rest(): Buffer { return this.take(this.#payload.length - this.#at); }
  end(): void {
    if (this.#at !== this.#payload.length) throw new ProtocolFault('malformed', `${this.#what} has ${this.#payload.length - this.#at} bytes too many`);
  }
}

export function readOffset(bytes: Buffer, at: number, what: string): number {
  const value = bytes.readBigUInt64BE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ProtocolFault('malformed', `${what} has an offset above 2^53`);
  return Number(value);
}

function readRole(value: number): Role {
  if (value === ROLE_NUMBER.consumer) return 'consumer';
  if (value === ROLE_NUMBER.observer) return 'observer';
  throw new ProtocolFault('malformed', `role ${value} is unknown`);
}

function readHello(from: number, payload: Buffer): Frame {
  const reader = new PayloadReader(payload, 'HELLO');
  if (reader.take(4).toString('latin1') !== PROTOCOL_MAGIC) throw new ProtocolFault('malformed', 'HELLO does not begin with HLBR: this client speaks another protocol');
  const version = reader.u8();
  const role = readRole(reader.u8());
  const epoch = reader.epoch();
  const name = reader.rest();
  if (name.length > MAX_NAME_BYTES) throw new ProtocolFault('malformed', `the client's name is longer than ${MAX_NAME_BYTES} bytes`);
  return { type: 'hello', from, version, role, epoch, name: name.toString() };
}

function readWelcome(from: number, reader: PayloadReader): Frame {
  const version = reader.u8();
  const role = readRole(reader.u8());
  const flags = reader.u8();
  reader.u8();
  return {
    type: 'welcome', from, version, role, resumed: (flags & FLAG_RESUMED) !== 0, down: (flags & FLAG_DOWN) !== 0,
    epoch: reader.epoch(), head: reader.u64(), tail: reader.u64(), accepted: reader.u64(), confirmed: reader.u64(),
  };
}

function readError(reader: PayloadReader): Frame {
  const number = reader.u16();
  const code = (Object.keys(ERROR_NUMBER) as WireError[]).find((name) => ERROR_NUMBER[name] === number) ?? 'unexpected';
  return { type: 'error', code, message: reader.rest().toString() };
}

function readWrite(offset: number, reader: PayloadReader): Frame {
  const epoch = reader.epoch();
  const bytes = reader.rest();
  if (offset + MAX_WRITE_BYTES > Number.MAX_SAFE_INTEGER) throw new ProtocolFault('malformed', 'WRITE has an offset above 2^53');
  return { type: 'write', offset, epoch, bytes };
}

/** One frame's meaning. The payload is not copied. Throws ProtocolFault. */
export function decodeFrame(type: number, offset: number, payload: Buffer): Frame {
  if (type === FRAME.hello) return readHello(offset, payload);
  if (type === FRAME.data) return { type: 'data', offset, bytes: payload };
  const reader = new PayloadReader(payload, `frame 0x${type.toString(16).padStart(2, '0')}`);
  const frame = decodeRest(type, offset, reader);
  reader.end();
  return frame;
}

function decodeRest(type: number, offset: number, reader: PayloadReader): Frame {
  switch (type) {
    case FRAME.ack: return { type: 'ack', offset, epoch: reader.epoch() };
    case FRAME.write: return readWrite(offset, reader);
    case FRAME.status: return { type: 'status' };
    case FRAME.upgrade: return { type: 'upgrade' };
    case FRAME.takeover: return { type: 'takeover', pid: reader.u32() };
    case FRAME.welcome: return readWelcome(offset, reader);
    case FRAME.gap: return { type: 'gap', from: offset, to: reader.u64() };
    case FRAME.wack: return { type: 'wack', accepted: offset, epoch: reader.epoch(), confirmed: reader.u64() };
    case FRAME.epoch: return { type: 'epoch', from: offset, epoch: reader.epoch(), accepted: reader.u64(), confirmed: reader.u64() };
    case FRAME.down: return { type: 'down', head: offset, epoch: reader.epoch(), confirmed: reader.u64(), reason: reader.rest().toString() };
    case FRAME.report: return { type: 'report', json: reader.rest().toString() };
    case FRAME.go: return { type: 'go' };
    case FRAME.done: return { type: 'done' };
    case FRAME.error: return readError(reader);
    default: throw new ProtocolFault('malformed', `frame type 0x${type.toString(16).padStart(2, '0')} is unknown: this client speaks another protocol or a newer version`);
  }
}
