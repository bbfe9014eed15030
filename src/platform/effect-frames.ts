// The line between a process without rights and the one that acts for it: one frame per system call, over a pipe each way.
// Frame: length u32 of what follows, length u32 of the head, head as JSON, bytes. Both ends judge what they read: the other may be anyone.

/** A call, its plain arguments, and what is to be written. `answer`: the caller waits. */
export interface EffectCall { readonly call: string; readonly args: readonly (string | number)[]; readonly answer: boolean; readonly bytes: Buffer }

export interface EffectFailure { readonly code: string; readonly message: string; readonly syscall?: string | undefined; readonly path?: string | undefined }
export type EffectAnswer = { readonly ok: true } | { readonly ok: false; readonly error: EffectFailure };

const PREFIX_BYTES = 8;
/** A path is 4 KiB at most; two of them escaped as JSON fit. */
export const MAX_HEAD_BYTES = 64 * 1024;
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

export class BadFrame extends Error { override readonly name = 'BadFrame'; }

/** All of a frame but its body, which is to follow. */
export function encodeHead(head: unknown, bodyBytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + text.length);
  frame.writeUInt32LE(4 + text.length + bodyBytes, 0);
  frame.writeUInt32LE(text.length, 4);
  text.copy(frame, PREFIX_BYTES);
  return frame;
}

/** Cuts a stream into frames; a body is valid until the next call only. @throws BadFrame */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  *push(piece: Uint8Array): Generator<{ readonly head: unknown; readonly body: Buffer }, void, undefined> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([this.#rest, piece]);
    while (this.#rest.length >= PREFIX_BYTES) {
      const [length, headLength] = [this.#rest.readUInt32LE(0), this.#rest.readUInt32LE(4)];
      if (headLength > MAX_HEAD_BYTES || length < 4 + headLength || length > 4 + headLength + MAX_BODY_BYTES) throw new BadFrame(`a frame of ${length} bytes with a head of ${headLength}`);
      if (this.#rest.length < 4 + length) return;
      const [headEnd, end] = [PREFIX_BYTES + headLength, 4 + length];
      const [head, body] = [this.#rest.subarray(PREFIX_BYTES, headEnd), this.#rest.subarray(headEnd, end)];
      // Before it is handed out: who takes one frame and no more must not get it again.
      this.#rest = this.#rest.subarray(end);
      yield { head: parse(head), body };
    }
  }
}

function parse(text: Buffer): unknown {
  try { return JSON.parse(text.toString()); } catch { throw new BadFrame('a head that is not JSON'); }
}

/** @throws BadFrame */
export function readCall({ head, body }: { readonly head: unknown; readonly body: Buffer }): EffectCall {
  if (!Array.isArray(head) || head.length > 8) throw new BadFrame('a call that is none');
  const [call, answer, ...args] = head as readonly unknown[];
  if (typeof call !== 'string' || typeof answer !== 'boolean' || !args.every(isArgument)) throw new BadFrame('a call that is none');
  return { call, answer, args, bytes: body };
}

const isArgument = (value: unknown): value is string | number => typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value));

export const encodeCall = (call: string, answer: boolean, args: readonly (string | number)[], bodyBytes: number): Buffer => encodeHead([call, answer, ...args], bodyBytes);
