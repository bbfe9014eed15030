// Where a device stands in a rollout: a number from its id and the publisher's salt, the same at every look. Pure.
import { createHash } from 'node:crypto';
import { BUCKETS } from '../domain/rollout.js';

/** 48 bits: the remainder favours no bucket by more than one in ten thousand million. */
const HASH_BYTES = 6;

/** 0 to 9999. Another salt deals the devices anew. */
export function bucketOf(id: string, salt: string): number {
  return createHash('sha256').update(JSON.stringify(['holdline bucket', salt, id])).digest().readUIntBE(0, HASH_BYTES) % BUCKETS;
}
