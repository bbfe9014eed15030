// What a bridge tells about itself: for `bridge status`, the update's probe and people. PURE.
import type { Hub } from './hub.js';
import type { Stream } from './stream.js';

export interface StreamReport {
  readonly epoch: string;
  readonly ended: boolean;
  /** Bytes taken from the line; always acknowledged + dropped + held. */
  readonly received: number;
  /** Bytes handed to a consumer, each counted once. */
  readonly delivered: number;
  readonly acknowledged: number;
  readonly dropped: number;
  readonly held: number;
  /** Bytes accepted for the line; always confirmed + unsent. */
  readonly written: number;
  /** Bytes the kernel's driver took. */
  readonly confirmed: number;
  readonly unsent: number;
}

export interface ClientReport { readonly label: string; readonly kind: string; readonly role: string; readonly epoch: string; readonly position: number }

export interface BridgeReport {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly port: string;
  readonly baud: number;
  /** The port is open. */
  readonly attached: boolean;
  /** It is being read: not held back by flow control nor by a full spool. */
  readonly reading: boolean;
  readonly detail: string;
  readonly epoch: string | null;
  /** systemd, shell or none: who keeps the port open when the bridge dies. */
  readonly keeper: string;
  /** native is exact; plain has limits, see the start's log. */
  readonly mode: string;
  readonly pty: string | null;
  readonly tcp: number | null;
  readonly uptime_s: number;
  /** How long nobody read the line at the restart or upgrade this process came from; null after any other start. */
  readonly pause_ms: number | null;
  readonly spool_bytes: number;
  readonly consumer: string | null;
  readonly clients: readonly ClientReport[];
  readonly streams: readonly StreamReport[];
}

export function reportStream(stream: Stream): StreamReport {
  const { counters, accepted, confirmed } = stream;
  return {
    epoch: stream.id, ended: stream.ended, received: stream.head, delivered: counters.delivered, acknowledged: counters.acknowledged, dropped: counters.dropped,
    held: stream.held, written: accepted, confirmed, unsent: accepted - confirmed,
  };
}

export type Identity = Pick<BridgeReport, 'name' | 'version' | 'pid' | 'port' | 'baud' | 'keeper' | 'mode' | 'pty' | 'tcp' | 'uptime_s' | 'pause_ms' | 'spool_bytes'>;

function describe(hub: Hub): string {
  const { line } = hub;
  if (line === undefined) return `waiting for the device: ${hub.downReason}`;
  if (line.storageFull) return 'reading waits: the filesystem of the spool is full';
  if (line.heldBack) return 'reading waits: the spool is full and flow control holds the device back';
  const who = hub.seat === undefined ? 'no consumer' : `consumer ${hub.seat.label}`;
  const { dropped } = line.stream.counters;
  return `${line.stream.head} bytes received, ${who}${dropped > 0 ? `, ${dropped} dropped` : ''}`;
}

export function reportBridge(identity: Identity, hub: Hub, clients: readonly ClientReport[]): BridgeReport {
  return {
    ...identity, attached: hub.line !== undefined, reading: hub.line?.reading ?? false, detail: describe(hub), epoch: hub.current?.id ?? null,
    consumer: hub.seat?.label ?? null, clients, streams: hub.streams.map(reportStream),
  };
}
