// What a client of the bridge tells its app. Events come when they are received; the iteration may still have earlier chunks queued, and each
// chunk names its own epoch and offset.
import type { HoldlineError } from '../../domain/errors.js';

export interface Chunk {
  /** 16 hex digits. Offsets of different epochs have nothing to do with each other. */
  readonly epoch: string;
  /** Place of the first byte. */
  readonly offset: number;
  readonly data: Buffer;
}

export interface Gap {
  readonly epoch: string;
  /** First missing byte. */
  readonly from: number;
  /** First byte after the missing ones. */
  readonly to: number;
}

export interface EpochChange {
  /** The epoch before; null on the first connection. */
  readonly previous: string | null;
  readonly epoch: string;
  /** Where its bytes begin for us. */
  readonly from: number;
  /** Where our next write goes. */
  readonly accepted: number;
}

export interface Down {
  readonly epoch: string;
  /** Bytes received in the epoch that has ended. */
  readonly head: number;
  /** Writes behind this were lost with the line. */
  readonly confirmed: number;
  readonly reason: string;
}

export interface Written {
  readonly epoch: string;
  /** First byte after what was written: keep it with your own state. */
  readonly end: number;
  /** Bytes the kernel's driver has taken. */
  readonly confirmed: number;
}

export interface ClientEvents {
  /** Connected (again); `resumed` when the epoch asked for is still held. */
  connect: [{ readonly epoch: string; readonly from: number; readonly resumed: boolean; readonly accepted: number; readonly down: boolean }];
  disconnect: [{ readonly reason: string }];
  gap: [Gap];
  epoch: [EpochChange];
  down: [Down];
  /** The client has ended: closed by the app, or by an error that trying again would not mend. */
  end: [{ readonly error: HoldlineError | undefined }];
}

export interface ConnectOptions {
  /** The bridge's name, for the socket in `socketDir` (default HOLDLINE_BRIDGE_DIR, else /run/holdline/bridge); or `path`. */
  readonly name?: string;
  readonly socketDir?: string;
  readonly path?: string;
  /** A consumer acknowledges and writes; there is one. Observers only read. */
  readonly role?: 'consumer' | 'observer';
  /** Where the app's own state stands: the epoch and the offset it has committed. */
  readonly epoch?: string;
  readonly from?: number;
  /** Shown in the bridge's log and status. */
  readonly client?: string;
  /** Reconnect by itself (default true). */
  readonly reconnect?: boolean;
}
