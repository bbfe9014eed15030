// The bridge's wire protocol, byte by byte, so that a client can be written in any language. PURE: no socket, no clock.
// It must never change the meaning of a byte within one PROTOCOL_VERSION.
//
// Transport: a stream socket at <socket dir>/NAME.sock. Both sides send frames, nothing else. All numbers big-endian.
//
//   frame    type u8 | length u32 (of the payload, at most 65536) | offset u64 (below 2^53) | payload
//
// Offsets count the bytes of one EPOCH: an unbroken stretch of the line, named by 8 random bytes (shown as 16 hex
// digits; all zero = "none"). Received bytes and written bytes are counted apart, both from 0. A new epoch begins when
// the device was unplugged or the machine restarted.
//
// From the client:
//   0x01 HELLO     offset = first byte wanted; payload: "HLBR" | version u8 | role u8 (1 consumer, 2 observer) | epoch 8 | name UTF-8, at most 64 bytes
//                  First frame, once. Epoch zero: a consumer starts at the first byte not acknowledged, an observer at the head.
//                  HELLO acknowledges nothing. An epoch that is no longer held counts as zero (WELCOME says resumed = 0).
//   0x02 ACK       offset = all bytes before it are committed by the app; payload: epoch 8. Consumer only. Never beyond what was sent.
//   0x03 WRITE     offset = place of the first byte; payload: epoch 8 | bytes. Consumer only. What lies before the accepted position is
//                  trimmed (it is there already), beyond it is an error. A WRITE of an epoch that has ended is ignored: DOWN or EPOCH tells.
//   0x04 STATUS    offset 0, no payload; allowed without HELLO; answered by REPORT.
//   0x05 UPGRADE   offset 0, no payload; asks the bridge to replace itself by the program now installed; answered by DONE or ERROR.
//   0x06 TAKEOVER  offset 0; payload: process id u32. Sent by the successor only; answered by GO, then the connection ends.
//
// From the bridge:
//   0x81 WELCOME   offset = where DATA (or a GAP) will begin; payload: version u8 | role u8 | flags u8 (1 resumed, 2 line is down) | 0 u8 |
//                  epoch 8 | head u64 | tail u64 | accepted u64 (offset of the next WRITE) | confirmed u64
//                  head: end of what was received; tail: first byte still held; confirmed: end of what the kernel's driver took.
//   0x82 DATA      offset of the first byte; payload: bytes of the epoch last named by WELCOME or EPOCH. Without holes but for GAP.
//   0x83 GAP       offset = first missing byte; payload: to u64 (first byte after it). These bytes are lost; DATA goes on at `to`.
//   0x84 WACK      offset = accepted: these bytes outlive the client and a killed bridge; payload: epoch 8 | confirmed u64
//   0x85 EPOCH     offset = where DATA (or a GAP) of the new epoch begins; payload: epoch 8 | accepted u64 | confirmed u64. All of the old epoch was sent before it.
//   0x86 DOWN      offset = head: the line has gone after this byte; payload: epoch 8 | confirmed u64 | reason UTF-8.
//                  What was written behind `confirmed` is lost; WRITE is ignored until EPOCH.
//   0x87 REPORT    payload: JSON, the status of the bridge.
//   0x88 GO        the line is yours as soon as its lock is free, which is a moment later. 0x89 DONE: the successor runs.
//   0xff ERROR     offset 0; payload: code u16 | message UTF-8. The bridge closes the connection after it.

export const PROTOCOL_MAGIC = 'HLBR';
export const PROTOCOL_VERSION = 1;
export const HEADER_BYTES = 13;
export const MAX_PAYLOAD_BYTES = 65_536;
/** A WRITE's payload begins with its epoch. */
export const MAX_WRITE_BYTES = MAX_PAYLOAD_BYTES - 8;
export const MAX_NAME_BYTES = 64;
export const NO_EPOCH = '0000000000000000';

export const FRAME = {
  hello: 0x01, ack: 0x02, write: 0x03, status: 0x04, upgrade: 0x05, takeover: 0x06,
  welcome: 0x81, data: 0x82, gap: 0x83, wack: 0x84, epoch: 0x85, down: 0x86, report: 0x87, go: 0x88, done: 0x89, error: 0xff,
} as const;

export type Role = 'consumer' | 'observer';

/** Why the bridge ends a connection. The numbers are part of the protocol. */
export const ERROR_NUMBER = {
  'malformed': 1, 'version': 2, 'oversized': 3, 'seat-taken': 4, 'ack-future': 5, 'write-gap': 6, 'read-only': 7,
  'from-future': 8, 'slow': 9, 'unexpected': 10, 'shutting-down': 11, 'upgrade-failed': 12, 'no-space': 13,
} as const;
export type WireError = keyof typeof ERROR_NUMBER;

export type Frame =
  | { readonly type: 'hello'; readonly from: number; readonly version: number; readonly role: Role; readonly epoch: string; readonly name: string }
  | { readonly type: 'ack'; readonly offset: number; readonly epoch: string }
  | { readonly type: 'write'; readonly offset: number; readonly epoch: string; readonly bytes: Buffer }
  | { readonly type: 'status' }
  | { readonly type: 'upgrade' }
  | { readonly type: 'takeover'; readonly pid: number }
  | {
    readonly type: 'welcome'; readonly from: number; readonly version: number; readonly role: Role; readonly resumed: boolean; readonly down: boolean;
    readonly epoch: string; readonly head: number; readonly tail: number; readonly accepted: number; readonly confirmed: number;
  }
  | { readonly type: 'data'; readonly offset: number; readonly bytes: Buffer }
  | { readonly type: 'gap'; readonly from: number; readonly to: number }
  | { readonly type: 'wack'; readonly accepted: number; readonly epoch: string; readonly confirmed: number }
  | { readonly type: 'epoch'; readonly from: number; readonly epoch: string; readonly accepted: number; readonly confirmed: number }
  | { readonly type: 'down'; readonly head: number; readonly epoch: string; readonly confirmed: number; readonly reason: string }
  | { readonly type: 'report'; readonly json: string }
  | { readonly type: 'go' }
  | { readonly type: 'done' }
  | { readonly type: 'error'; readonly code: WireError; readonly message: string };

/** A peer that does not speak the protocol; `wire` is what it is told. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault';
  readonly wire: WireError;
  constructor(wire: WireError, message: string) {
    super(message);
    this.wire = wire;
  }
}
