// Takes from this very process, for good, every right it does not need to read and to speak TCP: see seccomp-filter.ts. Needs no root, no
// namespace and no option of the kernel that Raspberry Pi OS leaves out (Landlock, say, is one).
import { createRequire } from 'node:module';
import { makeSeccompFilter } from './seccomp-filter.js';
import { ARCHITECTURES, callNumber, JUDGED_CALLS, type Architecture } from './system-call-numbers.js';

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
/** All threads at once: those of V8 and libuv run already. */
const SECCOMP_FILTER_FLAG_TSYNC = 1;

interface Koffi {
  load(library: null): { func(prototype: string): (...values: readonly unknown[]) => unknown };
  address(buffer: Buffer): bigint;
  errno(): number;
}

export type GivenUp = { readonly done: true } | { readonly done: false; /** Why not, as a part of a sentence. */ readonly why: string };

export function giveUpRights(): GivenUp {
  const { arch } = process;
  if (process.platform !== 'linux' || !isKnown(arch)) return { done: false, why: `there is no filter for ${process.platform} on ${arch}` };
  let koffi: Koffi;
  try { koffi = createRequire(import.meta.url)('koffi') as Koffi; } catch { return { done: false, why: 'koffi has no binary for this machine' }; }
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int, ulong, ulong, ulong, ulong)');
  const syscall = libc.func('long syscall(long, long, long, void *)');
  if (Number(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) !== 0) return { done: false, why: `the kernel refuses no_new_privs (errno ${koffi.errno()})` };
  const filter = makeSeccompFilter(arch, process.pid);
  const answer = Number(syscall(callNumber(JUDGED_CALLS.seccomp, arch), SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, filterProgram(filter, koffi.address(filter))));
  return answer === 0 ? { done: true } : { done: false, why: `the kernel refuses the filter (${answer > 0 ? 'a thread could not take it' : `errno ${koffi.errno()}`})` };
}

const isKnown = (arch: string): arch is Architecture => Object.hasOwn(ARCHITECTURES, arch);

/** `struct sock_fprog`: a short length, and where the instructions lie after the padding of a pointer. */
function filterProgram(filter: Buffer, address: bigint): Buffer {
  const pointerBytes = process.arch === 'arm' ? 4 : 8;
  const program = Buffer.alloc(2 * pointerBytes);
  program.writeUInt16LE(filter.length / 8, 0);
  if (pointerBytes === 4) program.writeUInt32LE(Number(address), pointerBytes); else program.writeBigUInt64LE(address, pointerBytes);
  return program;
}
