// From a port's path, or from kept descriptors, to a line that can run: descriptor, pipe and epoch together. Resuming is all or
// nothing: with any of the three missing a new epoch begins. Must never touch the stream before the keeper has everything.
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { createEpoch, resumeEpoch } from './epochs.js';
import type { KeptName } from './kept-files.js';
import { openPort, setPort } from './open-port.js';
import type { BridgeOptions } from './options.js';
import type { Stream } from './stream.js';
import type { System } from './system.js';

export interface OpenLine {
  readonly tty: number;
  readonly pipe: number | undefined;
  readonly stream: Stream;
  /** The PTY link's place in this epoch. */
  readonly reader: number | undefined;
}

/** The line a killed or retiring process left, exactly where it was. */
export function resumeLine(system: System, options: BridgeOptions, kept: ReadonlyMap<KeptName, number>): OpenLine | undefined {
  const [tty, pipe, tx] = [kept.get('tty'), kept.get('pipe'), kept.get('tx')];
  if (tty === undefined || pipe === undefined || tx === undefined) return undefined;
  const stream = resumeEpoch(system, options.spool, tx);
  if (stream === undefined) return undefined;
  return { tty, pipe, stream, reader: kept.get('pty-rx') };
}

/**
 * The device went while no bridge lived, and systemd has dropped its descriptor: what a killed bridge had taken from it and not yet
 * stored goes to its epoch, which then ends.
 */
export function salvageLine(system: System, options: BridgeOptions, kept: ReadonlyMap<KeptName, number>): void {
  const [pipe, tx] = [kept.get('pipe'), kept.get('tx')];
  if (kept.has('tty') || pipe === undefined || tx === undefined) return;
  const stream = resumeEpoch(system, options.spool, tx);
  if (stream === undefined) return;
  stream.grew(system.drain(pipe, stream.rx, stream.head).moved);
  stream.end();
  stream.close();
}

/** Opens the port, or goes on with a kept descriptor of it, and begins an epoch. */
export function openNewLine(system: System, options: BridgeOptions, keptTty?: number): OpenLine {
  const tty = keptTty ?? openPort(system, options.port, options.line);
  try {
    if (keptTty !== undefined) setPort(system, tty, options.port, options.line);
    const stream = createEpoch(system, options.spool);
    return { tty, pipe: makePipe(system, join(stream.directory, 'pipe')), stream, reader: options.link === undefined ? undefined : openSync(join(stream.directory, 'rx'), 'r') };
  } catch (error) {
    closeSync(tty);
    throw error;
  }
}

/** Opened for both directions, so that it has no end that can hang up. Undefined where there is no C library. */
export function makePipe(system: System, path: string): number | undefined {
  if (system.native === undefined) return undefined;
  system.native.makePipe(path);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** What of it the keeper must hold. */
export function lineFiles(line: OpenLine): Map<KeptName, number> {
  const files = new Map<KeptName, number>([['tty', line.tty], ['tx', line.stream.tx]]);
  if (line.pipe !== undefined) files.set('pipe', line.pipe);
  if (line.reader !== undefined) files.set('pty-rx', line.reader);
  return files;
}
