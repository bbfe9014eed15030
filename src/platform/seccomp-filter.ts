// The filter of a process that may read files and speak TCP and UDP, and do nothing else to the machine: no file is opened for writing,
// created, renamed or removed by path, no program starts, no Unix socket (so no systemd, no D-Bus) opens, no other process is signalled.
// Pure: makes the program (classic BPF) that seccomp(2) takes.
import { ARCHITECTURES, callNumber, JUDGED_CALLS, LAST_KNOWN_CALL, REFUSED_CALLS, type Architecture } from './system-call-numbers.js';

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const refuseWith = (errno: number): number => 0x0005_0000 | errno;
const EPERM = 1;
const ENOSYS = 38;

/** Offsets in seccomp_data; an argument's lower half first, all our machines being little-endian. */
const AT_NUMBER = 0;
const AT_ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

/** O_WRONLY, O_RDWR, O_CREAT, O_TRUNC: the same bits on all three machines. */
const WRITING_FLAGS = 0o3 | 0o100 | 0o1000;
const CLONE_THREAD = 0x1_0000;
/** New namespaces: a way to gain rights. */
const CLONE_NAMESPACES = 0x7e02_0000;
const INTERNET = [2, 10]; // AF_INET, AF_INET6
const SOCKET_TYPE = 0xf;
const STREAM_OR_DATAGRAM = [1, 2];
/** FS_IOC_SETFLAGS (64 and 32 bits), FS_IOC_FSSETXATTR, TIOCSTI, TIOCLINUX: change a file, or type into a terminal, without having it open for writing. */
const REFUSED_IOCTLS = [0x4008_6602, 0x4004_6602, 0x401c_5820, 0x5412, 0x541c];
/** x64 only: the x32 calls, under which every number would have a second name. */
const X32_BIT = 0x4000_0000;
/** 32-bit arm only: its private calls (cacheflush, set_tls). */
const ARM_PRIVATE = 0x0f_0000;

interface Instruction { readonly code: number; readonly yes: number; readonly no: number; readonly k: number }

const load = (offset: number): Instruction => ({ code: LOAD, yes: 0, no: 0, k: offset });
const mask = (bits: number): Instruction => ({ code: AND, yes: 0, no: 0, k: bits });
const answer = (value: number): Instruction => ({ code: RETURN, yes: 0, no: 0, k: value });
/** Skips the given numbers of instructions when true and when false. */
const jump = (code: number, k: number, yes: number, no: number): Instruction => ({ code, k, yes, no });

/** The instructions run only for this call; they must end in an answer. */
function forCall(number: number | null, body: readonly Instruction[]): readonly Instruction[] {
  return number === null ? [] : [jump(EQUAL, number, 0, body.length), ...body];
}

/** Allowed when the loaded value is one of these, else refused. */
function onlyOneOf(values: readonly number[]): readonly Instruction[] {
  return [...values.map((value, index) => jump(EQUAL, value, values.length - index, 0)), answer(refuseWith(EPERM)), answer(ALLOW)];
}

const refusedWhenAny = (bits: number): readonly Instruction[] => [jump(ANY_BIT, bits, 0, 1), answer(refuseWith(EPERM)), answer(ALLOW)];

/** @param pid of the process it is for: the only one it may signal, say when it aborts. @returns the bytes of `struct sock_filter[]` */
export function makeSeccompFilter(architecture: Architecture, pid: number): Buffer {
  const number = (name: keyof typeof JUDGED_CALLS): number | null => callNumber(JUDGED_CALLS[name], architecture);
  const refused = Object.values(REFUSED_CALLS).flatMap((numbers) => forCall(callNumber(numbers, architecture), [answer(refuseWith(EPERM))]));
  return encode([
    load(AT_ARCHITECTURE), jump(EQUAL, ARCHITECTURES[architecture].audit, 1, 0), answer(KILL_PROCESS),
    load(AT_NUMBER),
    ...(architecture === 'x64' ? [jump(ANY_BIT, X32_BIT, 0, 1), answer(refuseWith(EPERM))] : []),
    ...(architecture === 'arm' ? [jump(AT_LEAST, ARM_PRIVATE, 0, 1), answer(ALLOW)] : []),
    jump(AT_LEAST, LAST_KNOWN_CALL + 1, 0, 1), answer(refuseWith(ENOSYS)),
    ...forCall(number('open'), [load(argument(1)), ...refusedWhenAny(WRITING_FLAGS)]),
    ...forCall(number('openat'), [load(argument(2)), ...refusedWhenAny(WRITING_FLAGS)]),
    ...forCall(number('socket'), socketRule()),
    ...forCall(number('kill'), [load(argument(0)), ...onlyOneOf([pid])]),
    ...forCall(number('tgkill'), [load(argument(0)), ...onlyOneOf([pid])]),
    ...forCall(number('prlimit64'), [load(argument(0)), ...onlyOneOf([0, pid])]),
    ...forCall(number('ioctl'), [load(argument(1)), ...REFUSED_IOCTLS.flatMap((request) => [jump(EQUAL, request, 0, 1), answer(refuseWith(EPERM))]), answer(ALLOW)]),
    // Its flags lie behind a pointer, out of a filter's sight; without it glibc takes clone.
    ...forCall(number('clone3'), [answer(refuseWith(ENOSYS))]),
    ...forCall(number('clone'), [load(argument(0)), jump(ANY_BIT, CLONE_THREAD, 1, 0), answer(refuseWith(EPERM)), ...refusedWhenAny(CLONE_NAMESPACES)]),
    ...refused,
    answer(ALLOW),
  ]);
}

function socketRule(): readonly Instruction[] {
  const types = [load(argument(1)), mask(SOCKET_TYPE), ...onlyOneOf(STREAM_OR_DATAGRAM)];
  const families = INTERNET.map((family, index) => jump(EQUAL, family, INTERNET.length - index, 0));
  return [load(argument(0)), ...families, answer(refuseWith(EPERM)), ...types];
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, yes, no, k }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(yes, index * 8 + 2);
    bytes.writeUInt8(no, index * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return bytes;
}
