// Asks the bridges of a folder how they are. For the updater and `bridge status`; needs no bridge code but the frames, and
// must never hang: a bridge that does not answer in time is reported as not attached.
import { readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { encodeFrame } from './frames.js';
import { FrameReader } from './frame-reader.js';
import type { Frame } from './protocol.js';
import type { BridgeReport } from './status.js';

export const DEFAULT_SOCKET_DIR = '/run/holdline/bridge';
const ANSWER_TIMEOUT_MS = 2000;

/** A bridge as seen from outside; `report` is null when it did not answer. */
export interface BridgeState { readonly name: string; readonly attached: boolean; readonly reading: boolean; readonly detail: string; readonly report: BridgeReport | null }

/** Sends one frame and resolves with the first one that comes back. */
export function askBridge(path: string, question: Frame, timeoutMs: number): Promise<Frame> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const reader = new FrameReader();
    const finish = (act: () => void): void => { socket.destroy(); act(); };
    socket.setTimeout(timeoutMs, () => { finish(() => { reject(new Error(`no answer within ${timeoutMs / 1000} s`)); }); });
    socket.on('connect', () => { socket.write(encodeFrame(question)); });
    socket.on('error', (error) => { finish(() => { reject(error); }); });
    socket.on('close', () => { reject(new Error('the bridge closed the connection')); });
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) {
          finish(() => { resolve(frame); });
          return;
        }
      } catch (error) {
        finish(() => { reject(error instanceof Error ? error : new Error(String(error))); });
      }
    });
  });
}

export async function inspectBridge(path: string, name: string): Promise<BridgeState> {
  try {
    const answer = await askBridge(path, { type: 'status' }, ANSWER_TIMEOUT_MS);
    if (answer.type !== 'report') throw new Error(`it answered ${answer.type}`);
    const report = JSON.parse(answer.json) as BridgeReport;
    return { name, attached: report.attached, reading: report.reading, detail: report.detail, report };
  } catch (error) {
    return { name, attached: false, reading: false, detail: `does not answer: ${error instanceof Error ? error.message : String(error)}`, report: null };
  }
}

/** Every bridge that has a socket in the folder, by name. No folder: no bridges. */
export async function inspectBridges(socketDir: string = DEFAULT_SOCKET_DIR): Promise<BridgeState[]> {
  let names: string[];
  try {
    names = readdirSync(socketDir).filter((name) => name.endsWith('.sock')).map((name) => name.slice(0, -'.sock'.length)).sort();
  } catch {
    return [];
  }
  return Promise.all(names.map((name) => inspectBridge(join(socketDir, `${name}.sock`), name)));
}
