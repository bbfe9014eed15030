// The demo's serial side: the instrument and the bridge as real processes, and what the app has committed of the line.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));
const STOP_MS = 5000;

export interface ReaderState { readonly next: number; readonly bytes: number; readonly lost: number; readonly doubled: number }
export interface SentByDevice { readonly lines: number; readonly bytes: number; readonly refused: number }

export interface SerialLine {
  readonly socketDir: string;
  readonly readerState: string;
  /** Environment the reading app needs. */
  readonly env: Readonly<Record<string, string>>;
  read(): ReaderState;
  /** A planned upgrade of the running bridge; true when the successor serves. */
  upgradeBridge(): boolean;
  /** Stops the instrument and says what it sent. */
  stopDevice(): Promise<SentByDevice>;
  close(): Promise<void>;
}

export async function startSerialLine(directory: string): Promise<SerialLine> {
  const socketDir = join(directory, 'bridge');
  const readerState = join(directory, 'reader.json');
  const device = spawn(process.execPath, [script('demo-device.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: device.stdout })[Symbol.asyncIterator]();
  const { path } = JSON.parse((await lines.next()).value as string) as { path: string };
  // In a group of its own: the bridge has a keeper beside it, and both end with the group.
  const bridge = spawn(process.execPath, [script('bridge.js'), 'run', '--name', 'meter', '--port', path, '--baud', '115200', '--socket-dir', socketDir, '--no-pty'], { stdio: 'ignore', detached: true });
  let sent: SentByDevice | undefined;
  return {
    socketDir, readerState,
    env: { BRIDGE_CLIENT: script('bridge-client.js'), READER_STATE: readerState, HOLDLINE_BRIDGE_DIR: socketDir },
    read() {
      try { return JSON.parse(readFileSync(readerState, 'utf8')) as ReaderState; } catch { return { next: 0, bytes: 0, lost: 0, doubled: 0 }; }
    },
    upgradeBridge: () => spawnSync(process.execPath, [script('bridge.js'), 'upgrade', 'meter', '--socket-dir', socketDir], { stdio: 'ignore' }).status === 0,
    async stopDevice() {
      device.stdin.write('stop\n');
      sent ??= JSON.parse((await lines.next()).value as string) as SentByDevice;
      return sent;
    },
    async close() {
      if (device.exitCode === null) device.kill('SIGKILL');
      await endGroup(bridge);
    },
  };
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => { if (child.exitCode !== null || child.signalCode !== null) resolve(); else child.once('exit', () => resolve()); });
  const signal = (name: NodeJS.Signals): void => { try { process.kill(-(child.pid ?? 0), name); } catch { /* nobody is left */ } };
  signal('SIGTERM');
  const timer = setTimeout(() => signal('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
  signal('SIGKILL');
}
