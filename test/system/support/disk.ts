// A small ext4 disk under a device: made, mounted where the device stands, recorded write by write, and put back into any state.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, ftruncateSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { readBlockLog, type DiskState, type LogEntry } from './block-log.js';
import { mustRun, runProcess, type Ran } from './run-process.js';
import type { Workshop } from './workshop.js';

/** holdline leaves 32 MiB free. */
const IMAGE_BYTES = 96 * 2 ** 20;
const CHUNK_BYTES = 64 * 1024;
const LOG_BYTES = 2 ** 30;

export interface Recording {
  readonly entries: readonly LogEntry[];
  /** Entries that were there when the command had said how it ended. */
  readonly reported: number;
  readonly ran: Ran;
}

export class Disk {
  readonly #bench: Bench;
  readonly #base: string;
  #count = 0;
  /** The parts of the base image that are not zero. */
  #content: readonly { readonly offset: number; readonly bytes: Buffer }[] | undefined;

  constructor(workshop: Workshop, bench: Bench) {
    this.#bench = bench;
    this.#base = join(bench.root, 'base.img');
    workshop.onClose(['umount', '-l', bench.device]);
  }

  /** An empty disk with the device as it stands now on it. */
  async make(mkfs: readonly string[] = []): Promise<void> {
    const stands = join(this.#bench.root, 'stands');
    rmSync(stands, { recursive: true, force: true });
    await mustRun('cp', ['-a', `${this.#bench.device}/.`, stands]);
    writeFileSync(this.#base, '');
    truncateSync(this.#base, IMAGE_BYTES);
    await mustRun('mkfs.ext4', ['-q', '-F', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', ...(mkfs.length > 0 ? mkfs : ['-J', 'size=4']), this.#base]);
    await this.#mounted(this.#base, 'noatime', () => mustRun('cp', ['-a', `${stands}/.`, this.#bench.device]));
    this.#content = filledChunks(readFileSync(this.#base));
  }

  /** Runs a command on the disk and gives back every write of it, unmounting included. The disk itself stays as it was. */
  async record(options: string, command: (bench: Bench) => Promise<Ran>): Promise<Recording> {
    const [image, log, exported] = ['run.img', 'writes.log', 'export.raw'].map((name) => join(this.#bench.root, name));
    if (image === undefined || log === undefined || exported === undefined) throw new Error('three names');
    copyFileSync(this.#base, image);
    rmSync(log, { force: true });
    writeFileSync(log, '');
    truncateSync(log, LOG_BYTES);
    writeFileSync(exported, '');
    const daemon = await startExport(image, log, exported);
    let loop: string | undefined;
    try {
      loop = (await mustRun('losetup', ['-f', '--show', exported])).stdout.trim();
      let reported = 0;
      const ran = await this.#mounted(loop, options, async () => {
        const ended = await command(this.#bench);
        reported = readBlockLog(log).length;
        return ended;
      });
      return { entries: readBlockLog(log), reported, ran };
    } finally {
      if (loop !== undefined) await runProcess('losetup', ['-d', loop]);
      await stop(daemon, exported);
      for (const path of [image, log]) rmSync(path, { force: true });
    }
  }

  /** The disk as a power cut left it, mounted while `work` runs. Undefined where it cannot be mounted. */
  async inState<Result>(state: DiskState, work: () => Promise<Result>, repair = false): Promise<Result | undefined> {
    if (this.#content === undefined) throw new Error('the disk is not made yet');
    // A file of its own each time: a loop device that has not gone yet would show the cached pages of the state before.
    const image = join(this.#bench.root, `state-${this.#count += 1}.img`);
    const fd = openSync(image, 'wx');
    try {
      ftruncateSync(fd, IMAGE_BYTES);
      for (const { offset, bytes } of [...this.#content, ...state.writes]) writeSync(fd, bytes, 0, bytes.length, offset);
    } finally {
      closeSync(fd);
    }
    if (repair) await runProcess('e2fsck', ['-fy', image]);
    try {
      const mounted = await runProcess('mount', ['-o', 'loop,noatime', image, this.#bench.device]);
      if (mounted.code !== 0) return undefined;
      try { return await work(); } finally { await unmount(this.#bench.device); }
    } finally {
      rmSync(image);
    }
  }

  async #mounted<Result>(source: string, options: string, work: () => Promise<Result>): Promise<Result> {
    await mustRun('mount', ['-o', source.startsWith('/dev/') ? options : `loop,${options}`, source, this.#bench.device]);
    try {
      return await work();
    } finally {
      await unmount(this.#bench.device);
    }
  }
}

function filledChunks(image: Buffer): { offset: number; bytes: Buffer }[] {
  const zeros = Buffer.alloc(CHUNK_BYTES);
  const chunks: { offset: number; bytes: Buffer }[] = [];
  for (let offset = 0; offset < image.length; offset += CHUNK_BYTES) {
    const bytes = image.subarray(offset, offset + CHUNK_BYTES);
    if (!bytes.equals(zeros)) chunks.push({ offset, bytes });
  }
  return chunks;
}

async function unmount(path: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await runProcess('umount', [path])).code === 0) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`cannot unmount ${path}`);
}

async function startExport(image: string, log: string, exported: string): Promise<ChildProcess> {
  const daemon = spawn('qemu-storage-daemon', [
    '--blockdev', `driver=file,node-name=img,filename=${image}`, '--blockdev', `driver=file,node-name=logf,filename=${log},discard=unmap`,
    '--blockdev', 'driver=blklogwrites,node-name=lw,file=img,log=logf,log-sector-size=512', '--export', `fuse,id=e,node-name=lw,mountpoint=${exported},writable=on`,
  ], { stdio: ['ignore', 'ignore', 'inherit'] });
  // The export stands when the empty file has the size of the image.
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await runProcess('stat', ['-c', '%s', exported])).stdout.trim() === String(IMAGE_BYTES)) return daemon;
    if (daemon.exitCode !== null) break;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  daemon.kill('SIGKILL');
  throw new Error('qemu-storage-daemon did not export the disk (is /dev/fuse there?)');
}

async function stop(daemon: ChildProcess, exported: string): Promise<void> {
  if (daemon.exitCode === null) {
    const ended = new Promise((resolve) => { daemon.once('exit', resolve); });
    daemon.kill('SIGTERM');
    await ended;
  }
  if (existsSync(exported)) await runProcess('umount', ['-l', exported]);
}
