// The program is run here by an interpreter of its own, so that it is proven for machines this one is not.
import { describe, expect, it } from 'vitest';
import { makeSeccompFilter } from '../../src/platform/seccomp-filter.js';
import { ARCHITECTURES, callNumber, JUDGED_CALLS, LAST_KNOWN_CALL, REFUSED_CALLS, type Architecture } from '../../src/platform/system-call-numbers.js';

const PID = 4321;
const VERDICTS: Readonly<Record<number, string>> = { 0x7fff_0000: 'allowed', 0x8000_0000: 'killed', 0x0005_0001: 'EPERM', 0x0005_0026: 'ENOSYS' };

function run(filter: Buffer, number: number, audit: number, args: readonly number[]): string {
  const given = Buffer.alloc(64);
  given.writeUInt32LE(number >>> 0, 0);
  given.writeUInt32LE(audit, 4);
  for (const [index, value] of args.entries()) given.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + index * 8);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const [code, yes, no, k] = [filter.readUInt16LE(at * 8), filter.readUInt8(at * 8 + 2), filter.readUInt8(at * 8 + 3), filter.readUInt32LE(at * 8 + 4)];
    const jumpWhen = (condition: boolean): void => { at += condition ? yes : no; };
    if (code === 0x20) accumulator = given.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) jumpWhen(accumulator === k);
    else if (code === 0x35) jumpWhen(accumulator >= k);
    else if (code === 0x45) jumpWhen((accumulator & k) !== 0);
    else if (code === 0x06) return VERDICTS[k] ?? `a strange verdict ${k}`;
    else throw new Error(`an instruction nobody asked for: ${code}`);
  }
  throw new Error('it falls off its end');
}

const CLONE_OF_A_THREAD = 0x003d_0f00;
const [O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_CLOEXEC] = [0, 1, 2, 0o100, 0o1000, 0o2_000_000];
const ROWS: readonly (readonly [name: keyof typeof JUDGED_CALLS, args: readonly number[], verdict: string])[] = [
  ['openat', [-100, 0, O_RDONLY | O_CLOEXEC], 'allowed'], ['openat', [-100, 0, O_WRONLY], 'EPERM'], ['openat', [-100, 0, O_RDWR], 'EPERM'], ['openat', [-100, 0, O_RDONLY | O_CREAT], 'EPERM'], ['openat', [-100, 0, O_RDONLY | O_TRUNC], 'EPERM'],
  ['open', [0, O_RDONLY], 'allowed'], ['open', [0, O_WRONLY | O_CREAT], 'EPERM'],
  ['socket', [2, 1 | 0o4000 | O_CLOEXEC, 0], 'allowed'], ['socket', [10, 2, 17], 'allowed'], ['socket', [2, 3, 1], 'EPERM'], ['socket', [1, 1, 0], 'EPERM'], ['socket', [16, 3, 0], 'EPERM'], ['socket', [17, 3, 0], 'EPERM'], ['socket', [40, 1, 0], 'EPERM'],
  ['kill', [PID, 9], 'allowed'], ['kill', [1, 9], 'EPERM'], ['kill', [0, 9], 'EPERM'], ['kill', [-1, 9], 'EPERM'], ['kill', [-PID, 9], 'EPERM'],
  ['tgkill', [PID, PID + 1, 6], 'allowed'], ['tgkill', [1, 1, 6], 'EPERM'], ['prlimit64', [0, 7], 'allowed'], ['prlimit64', [1, 7], 'EPERM'],
  ['ioctl', [1, 0x5401], 'allowed'], ['ioctl', [0, 0x5412], 'EPERM'], ['ioctl', [3, 0x4008_6602], 'EPERM'],
  ['clone', [CLONE_OF_A_THREAD], 'allowed'], ['clone', [17], 'EPERM'], ['clone', [CLONE_OF_A_THREAD | 0x1000_0000], 'EPERM'], ['clone3', [0], 'ENOSYS'],
];

describe.each(Object.keys(ARCHITECTURES) as Architecture[])('the filter on %s', (architecture) => {
  const { audit } = ARCHITECTURES[architecture];
  const filter = makeSeccompFilter(architecture, PID);
  const judge = (number: number, args: readonly number[] = [], machine: number = audit): string => run(filter, number, machine, args);

  it('is of a length the kernel takes', () => { expect(filter.length / 8).toBeLessThan(4096); });

  it.each(ROWS)('%s(%j): %s', (name, args, verdict) => {
    const number = callNumber(JUDGED_CALLS[name], architecture);
    if (number !== null) expect(judge(number, args)).toBe(verdict);
  });

  it('refuses every call on its list', () => {
    const passed = Object.entries(REFUSED_CALLS).filter(([, numbers]) => callNumber(numbers, architecture) !== null && judge(callNumber(numbers, architecture) ?? 0) !== 'EPERM');
    expect(passed.map(([name]) => name)).toEqual([]);
  });

  it('allows the calls that reading, waiting and TCP need', () => {
    const needed = { x64: [0, 1, 3, 5, 9, 42, 202, 217, 262, 281, 332], arm64: [57, 63, 64, 61, 79, 80, 98, 203, 222, 291], arm: [3, 4, 6, 192, 240, 252, 283, 327, 397, 0x0f_0005] };
    expect(needed[architecture].filter((number) => judge(number) !== 'allowed')).toEqual([]);
  });

  it('says of calls it does not know that there are none, and ends a process that speaks for another machine', () => {
    expect(judge(LAST_KNOWN_CALL)).not.toBe('ENOSYS');
    expect(judge(LAST_KNOWN_CALL + 1)).toBe('ENOSYS');
    expect(judge(0, [], 0x4000_0003)).toBe('killed');
    if (architecture === 'x64') expect(judge(0x4000_0000 + 257, [-100, 0, O_WRONLY])).toBe('EPERM');
  });
});
