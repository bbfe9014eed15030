import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, fillDataHeader } from '../../src/bridge/frames.js';
import { FrameReader } from '../../src/bridge/frame-reader.js';
import { ERROR_NUMBER, HEADER_BYTES, MAX_PAYLOAD_BYTES, MAX_WRITE_BYTES, ProtocolFault } from '../../src/bridge/protocol.js';
import type { Frame, WireError } from '../../src/bridge/protocol.js';

const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - MAX_PAYLOAD_BYTES });
const epoch = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const role = fc.constantFrom('consumer' as const, 'observer' as const);
const word = fc.string({ maxLength: 16 });

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), from: offset, version: fc.integer({ min: 0, max: 255 }), role, epoch, name: word }),
  fc.record({ type: fc.constant('ack' as const), offset, epoch }),
  fc.record({ type: fc.constant('write' as const), offset, epoch, bytes: bytes(300) }),
  fc.record({ type: fc.constantFrom('status' as const, 'upgrade' as const, 'go' as const, 'done' as const) }),
  fc.record({ type: fc.constant('takeover' as const), pid: fc.integer({ min: 1, max: 0xffff_ffff }) }),
  fc.record({ type: fc.constant('welcome' as const), from: offset, version: fc.constant(1), role, resumed: fc.boolean(), down: fc.boolean(), epoch, head: offset, tail: offset, accepted: offset, confirmed: offset }),
  fc.record({ type: fc.constant('data' as const), offset, bytes: bytes(300) }),
  fc.record({ type: fc.constant('gap' as const), from: offset, to: offset }),
  fc.record({ type: fc.constant('wack' as const), accepted: offset, epoch, confirmed: offset }),
  fc.record({ type: fc.constant('epoch' as const), from: offset, epoch, accepted: offset, confirmed: offset }),
  fc.record({ type: fc.constant('down' as const), head: offset, epoch, confirmed: offset, reason: word }),
  fc.record({ type: fc.constant('report' as const), json: word }),
  fc.record({ type: fc.constant('error' as const), code: fc.constantFrom(...Object.keys(ERROR_NUMBER) as WireError[]), message: word }),
);

function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolFault) return error.wire;
    throw error;
  }
  return 'none';
}

const raw = (type: number, payload: Buffer, at = 0n): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(payload.length, 1);
  header.writeBigUInt64BE(at, 5);
  return Buffer.concat([header, payload]);
};

describe('frames', () => {
  it('survive any cutting of the stream', () => {
    fc.assert(fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(encodeFrame));
      const reader = new FrameReader();
      const seen: Frame[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = cuts[turn % cuts.length]!;
        seen.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(seen).toEqual(frames);
    }));
  });

  it('are what the protocol file writes down, byte by byte', () => {
    const hello = encodeFrame({ type: 'hello', from: 258, version: 1, role: 'consumer', epoch: '0102030405060708', name: 'a' });
    expect(hello.toString('hex')).toBe(`01${'0000000f'}${'0000000000000102'}${'484c4252'}0101${'0102030405060708'}61`);
    const write = encodeFrame({ type: 'write', offset: 5, epoch: 'ffffffffffffffff', bytes: Buffer.from('hi') });
    expect(write.toString('hex')).toBe(`03${'0000000a'}${'0000000000000005'}${'ffffffffffffffff'}6869`);
    const data = Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from('xyz')]);
    fillDataHeader(data, 7, 3);
    expect(data).toEqual(encodeFrame({ type: 'data', offset: 7, bytes: Buffer.from('xyz') }));
  });

  it('never throw anything but a ProtocolFault at garbage, and never wait for more than one frame holds', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      expect(['none', ...Object.keys(ERROR_NUMBER)]).toContain(faultOf(() => [...new FrameReader().push(Buffer.from(garbage))]));
    }));
  });

  it.each<[string, Buffer, WireError]>([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'oversized'],
    ['a length above the limit', raw(0x82, Buffer.alloc(0)).fill(0xff, 1, 5), 'oversized'],
    ['an unknown type', raw(0x33, Buffer.alloc(0)), 'malformed'],
    ['another magic', raw(0x01, Buffer.from('XXXX\x01\x01aaaaaaaa')), 'malformed'],
    ['an unknown role', raw(0x01, Buffer.from('HLBR\x01\x09aaaaaaaa')), 'malformed'],
    ['a name that is too long', raw(0x01, Buffer.from(`HLBR\x01\x01aaaaaaaa${'n'.repeat(65)}`)), 'malformed'],
    ['a short ACK', raw(0x02, Buffer.alloc(3)), 'malformed'],
    ['a long ACK', raw(0x02, Buffer.alloc(9)), 'malformed'],
    ['a WRITE without its epoch', raw(0x03, Buffer.alloc(7)), 'malformed'],
    ['an offset above 2^53', raw(0x02, Buffer.alloc(8), 2n ** 60n), 'malformed'],
    ['a WRITE that would end above 2^53', raw(0x03, Buffer.alloc(9), 2n ** 53n - 10n), 'malformed'],
    ['a STATUS with a payload', raw(0x04, Buffer.alloc(1)), 'malformed'],
  ])('refuse %s', (_what, stream, wire) => {
    expect(faultOf(() => [...new FrameReader().push(stream)])).toBe(wire);
  });

  it('cannot be made too large', () => {
    expect(faultOf(() => encodeFrame({ type: 'write', offset: 0, epoch: '0'.repeat(16), bytes: Buffer.alloc(MAX_WRITE_BYTES + 1) }))).toBe('oversized');
    expect(encodeFrame({ type: 'write', offset: 0, epoch: '0'.repeat(16), bytes: Buffer.alloc(MAX_WRITE_BYTES) }).length).toBe(HEADER_BYTES + MAX_PAYLOAD_BYTES);
    expect(faultOf(() => decodeFrame(0x99, 0, Buffer.alloc(0)))).toBe('malformed');
  });
});
