// What the program asks of the world outside. platform/, source/, services/ and health/ implement these;
// main/ wires them; nobody else reaches outside.
import type { AuditEvent } from './audit.js';
import type { Asset, RateLimit, Release } from './release.js';
import type { BridgeStatus, ServiceStatus } from './results.js';
import type { ServiceSettings } from './settings.js';

export interface Clock {
  /** Wall time; may jump. For stamps only. */
  now(): Date;
  /** Milliseconds that never jump; for durations and deadlines. */
  monotonicMs(): number;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type FileKind = 'file' | 'directory' | 'link' | 'other';

export interface FileStat {
  readonly kind: FileKind;
  /** Permission bits, `0o644`. */
  readonly mode: number;
  readonly size: number;
  /** Device and inode: the same file when both are equal. */
  readonly device: number;
  readonly inode: number;
  readonly mtimeMs: number;
  readonly links: number;
}

/** An open file being written; every call is one effect. */
export interface WritableFile {
  write(bytes: Uint8Array): void;
  sync(): void;
  close(): void;
}

/**
 * Synchronous on purpose: each call is one system call whose order is the order in the source, which is what crash
 * safety is argued from. Throws the system's own errors (ENOSPC, EACCES, …).
 */
export interface Filesystem {
  /** lstat; undefined when nothing is there. */
  stat(path: string): FileStat | undefined;
  /** Names, sorted in byte order; throws ENOENT. */
  list(path: string): string[];
  readLink(path: string): string;
  /** Refuses more than maxBytes with EFBIG (default 64 MiB). */
  readBytes(path: string, maxBytes?: number): Buffer;
  readText(path: string, maxBytes?: number): string;
  /** The content of a file piece by piece, flat memory; each piece is valid only until the next (the buffer may be reused). Closed when the loop ends. */
  readChunks(path: string, chunkBytes?: number): Iterable<Uint8Array>;
  /** Lower-case hex sha256 of a file's content, flat memory. */
  hash(path: string): string;
  realPath(path: string): string;
  free(path: string): { readonly bytes: number; readonly inodes: number };

  /** Recursive; no error when it is there. */
  makeDirectory(path: string, mode?: number): void;
  /** This one alone: what is above it is there, and nothing stands in its place (EEXIST). */
  createDirectory(path: string, mode: number): void;
  /** Opens for writing; `exclusive` fails with EEXIST, `append` keeps what is there. */
  open(path: string, how: 'exclusive' | 'truncate' | 'append', mode?: number): WritableFile;
  symlink(target: string, path: string): void;
  hardLink(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** Swaps two paths in one instant (renameat2 RENAME_EXCHANGE); false where the kernel or filesystem cannot. */
  exchange(a: string, b: string): boolean;
  unlink(path: string): void;
  removeEmptyDirectory(path: string): void;
  chmod(path: string, mode: number): void;
  /** Cuts a file to this length. */
  truncate(path: string, length: number): void;
  /** Gives `to` the owner and group of `from`, neither followed; does nothing where we may not (we are not root). */
  copyOwner(from: string, to: string): void;
  /** fsync of a file or directory by path. */
  sync(path: string): void;
  /** Everything of the filesystem that holds `path` is on disk when this returns. */
  syncFilesystem(path: string): void;

  // Built from the above, in one place each.
  /** Copies content and owner into a new file of this mode, never through what stands at `to`; a clone where the filesystem can. */
  copyFile(from: string, to: string, mode: number): void;
  /** The one durable write: temp beside it, fsync, rename, fsync of the directory. Mode: as given, else as the file it replaces, else 0644. */
  writeDurably(path: string, content: string | Uint8Array, mode?: number): void;
  /** The one durable change of a symbolic link: temp link, rename, fsync of the directory. */
  linkDurably(target: string, path: string): void;
  /** Removes a file or a whole tree, also one with read-only folders; no error when it is not there. */
  remove(path: string): void;
}

/** One updater per app. The lock is the kernel's: it is gone with its holder. */
export interface Lock { release(): void }
export interface Locks {
  /** Undefined when another process holds it; `holder` tells who, for the message. */
  tryLock(path: string): Lock | undefined;
  holder(path: string): string | undefined;
}

export interface RunResult { readonly code: number | null; readonly signal: string | null; readonly stdout: string; readonly stderr: string; readonly timedOut: boolean }

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Between TERM and KILL at the timeout; without it, KILL at once. */
  readonly graceMs?: number;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Told of each line of standard output as it comes, without its end; long ones are cut. */
  readonly onLine?: (line: string) => void;
  /** Put into its environment as HOLDLINE_RUN: whoever still carries it when the program has ended is killed, also outside its process group. */
  readonly mark?: string;
}

export interface Processes {
  /** Runs argv without a shell; output is capped; the whole process group is killed at the timeout. Never throws for an exit code. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** A 3xx is always handed out as it is; said for implementations that would follow it. */
  readonly redirect?: 'manual';
  readonly signal?: AbortSignal;
}

/** What is used of an HTTP answer; `body` must be read or cancelled. */
export interface FetchResponse {
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null; entries(): IterableIterator<[string, string]> };
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
  text(): Promise<string>;
}

/** The part of the fetch standard we use; Node's own fits. `accept-encoding: gzip` unpacks, without it the bytes come as they are. Connect and header timeouts are its own business. */
export type Fetch = (url: string, options?: FetchOptions) => Promise<FetchResponse>;

/** The answer to an asset request; `body` must be read or cancelled. */
export interface AssetResponse {
  /** 200 or 206; other codes are errors already. */
  readonly status: 200 | 206;
  /** First byte's offset in the whole asset. */
  readonly from: number;
  /** Bytes of the whole asset, where the server says. */
  readonly total: number | undefined;
  /** Strong validator for If-Range; undefined where there is none. */
  readonly etag: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

export interface ReleaseListing {
  readonly releases: readonly Release[];
  readonly rateLimit: RateLimit | null;
}

/** A file beside the releases, as the source has it now. `unchanged`: it is what the etag stood for. */
export type SourceFile = { readonly kind: 'missing' } | { readonly kind: 'unchanged' } | { readonly kind: 'content'; readonly content: Buffer; readonly etag: string | null };

/** Where releases come from. Errors are HoldlineErrors of family `source`. */
export interface ReleaseSource {
  /** For messages: `github.com/owner/name`, `/media/usb`. */
  readonly description: string;
  /** All releases with strict tags of our component, drafts dropped, in no particular order. */
  list(signal: AbortSignal): Promise<ReleaseListing>;
  /** Each call asks anew, so an expired link is replaced by a fresh one. */
  open(asset: Asset, range: { readonly from: number; readonly etag?: string | undefined } | undefined, signal: AbortSignal): Promise<AssetResponse>;
  /** The sigstore bundles it keeps for content of this sha256 (lower-case hex), as JSON values; absent where a source keeps none. */
  attestations?(sha256: string, signal: AbortSignal): Promise<readonly unknown[]>;
  /** A small file beside the releases (the default branch), at most maxBytes of it; absent where a source has none. */
  file?(path: string, etag: string | null, maxBytes: number, signal: AbortSignal): Promise<SourceFile>;
  requestsToday(): number;
  rateLimit(): RateLimit | null;
}

export interface ServiceController {
  /** Resolves when it runs (systemd: the job is done; embedded: spawned and alive for a moment). Throws `service-start`. */
  start(service: ServiceSettings): Promise<void>;
  /** TERM, then KILL after stopTimeout. Not running is fine. Throws `service-stop`. */
  stop(service: ServiceSettings): Promise<void>;
  /** It keeps running and takes the change as its settings say: a signal, or the warm upgrade of its bridge. Not running is fine. Throws `service-reload`. */
  reload(service: ServiceSettings): Promise<void>;
  status(service: ServiceSettings): Promise<ServiceStatus>;
}

export interface ProbeResult { readonly name: string; readonly ok: boolean; /** One line, the probe's last output. */ readonly output: string; /** Not ok and not failed: it needs more time (active, but not long enough yet). */ readonly pending?: boolean }
export interface Prober {
  /** Runs every probe once, side by side. Never throws. */
  probe(signal: AbortSignal): Promise<readonly ProbeResult[]>;
}

export interface BridgeInspector { status(): Promise<readonly BridgeStatus[]> }

/** The chained record of what was decided and done. Never throws: a full disk must not stop a revert. */
export interface Audit {
  note(event: AuditEvent): void;
  /** Number and hash of the last line this run has written; undefined when it wrote none. */
  head(): { readonly count: number; readonly head: string } | undefined;
}

export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
