// The negative controls: the real bridge with one fault put in from outside, named by the environment. Only tests can start it.
import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { loadCLibrary } from '../../../src/bridge/c-library.js';
import { Hub } from '../../../src/bridge/hub.js';
import { Stream } from '../../../src/bridge/stream.js';
import { runBridgeMain } from '../../../src/main/run-bridge-main.js';

const FAULT_AT_BYTES = 3000;
/** The app's writes come slower. */
const FAULT_OUT_AT_BYTES = 500;
const SEEK_SET = 0;
const fault = process.env['HOLDLINE_TEST_FAULT'];
const { grew } = Stream.prototype;
let done = false;

Stream.prototype.grew = function faultyGrew(this: Stream, bytes: number): void {
  const end = this.head + bytes;
  if (done || bytes === 0 || end < FAULT_AT_BYTES || (fault !== 'drop' && fault !== 'double')) { grew.call(this, bytes); return; }
  done = true;
  if (fault === 'drop') {
    ftruncateSync(this.rx, end - 1);
    grew.call(this, bytes - 1);
    return;
  }
  const last = Buffer.alloc(1);
  readSync(this.rx, last, 0, 1, end - 1);
  writeSync(this.rx, last, 0, 1, end);
  grew.call(this, bytes + 1);
};

/** On the way out the kernel's own place in the file is moved by one. */
const { append } = Stream.prototype;
Stream.prototype.append = function faultyAppend(this: Stream, bytes: Buffer): void {
  const { confirmed } = this;
  append.call(this, bytes);
  if (done || bytes.length === 0 || confirmed < FAULT_OUT_AT_BYTES || (fault !== 'drop-out' && fault !== 'double-out')) return;
  done = true;
  loadCLibrary()?.lseek(this.tx, confirmed + (fault === 'drop-out' ? 1 : -1), SEEK_SET);
};

if (fault === 'early-ack') {
  const { wakeAll } = Hub.prototype;
  Hub.prototype.wakeAll = function faultyWakeAll(this: Hub): void {
    if (this.current !== undefined) this.acknowledge(this.current, this.current.head);
    wakeAll.call(this);
  };
}

process.exit(await runBridgeMain(process.argv.slice(2)));
