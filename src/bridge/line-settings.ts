// How the serial line is set: parsed from text, and turned into the kernel's termios2 structure. PURE.
import { HoldlineError } from '../domain/errors.js';

export interface LineSettings {
  readonly baud: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd' | 'mark' | 'space';
  readonly stopBits: 1 | 2;
  readonly rtscts: boolean;
  readonly xonxoff: boolean;
}

export const DEFAULT_LINE: LineSettings = { baud: 115_200, dataBits: 8, parity: 'none', stopBits: 1, rtscts: false, xonxoff: false };
const MAX_BAUD = 20_000_000;

function choose<T extends string | number>(flag: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => String(value) === text);
  if (found === undefined) throw new HoldlineError('usage', `cannot use ${flag} "${text}": it is one of ${allowed.join(', ')}`, { hint: `Give ${flag} as one of ${allowed.join(', ')}.` });
  return found;
}

export interface LineTexts {
  readonly baud?: string | undefined; readonly 'data-bits'?: string | undefined; readonly parity?: string | undefined; readonly 'stop-bits'?: string | undefined;
  readonly rtscts?: boolean | undefined; readonly xonxoff?: boolean | undefined;
}

export function parseLineSettings(texts: LineTexts): LineSettings {
  const baudText = texts.baud ?? String(DEFAULT_LINE.baud);
  const baud = Number(baudText);
  if (!/^[0-9]+$/.test(baudText) || baud < 1 || baud > MAX_BAUD) {
    throw new HoldlineError('usage', `cannot use --baud "${baudText}": it is a whole number of bits per second from 1 to ${MAX_BAUD}`, { hint: 'Most devices speak 9600 or 115200; see the device’s manual.' });
  }
  return {
    baud,
    dataBits: choose('--data-bits', texts['data-bits'] ?? '8', [5, 6, 7, 8]),
    parity: choose('--parity', texts.parity ?? 'none', ['none', 'even', 'odd', 'mark', 'space']),
    stopBits: choose('--stop-bits', texts['stop-bits'] ?? '1', [1, 2]),
    rtscts: texts.rtscts ?? false,
    xonxoff: texts.xonxoff ?? false,
  };
}

// struct termios2, the same on x86, arm, arm64 and riscv: four u32 flag words, c_line, 19 control characters, two speeds.
export const TERMIOS_BYTES = 44;
const AT = { iflag: 0, oflag: 4, cflag: 8, lflag: 12, cc: 17, ispeed: 36, ospeed: 40 } as const;
const VTIME = 5, VMIN = 6, VSTART = 8, VSTOP = 9;
const INPCK = 0x10, IXON = 0x400, IXOFF = 0x1000;
const CSTOPB = 0x40, CREAD = 0x80, PARENB = 0x100, PARODD = 0x200, CLOCAL = 0x800, BOTHER = 0x1000;
const SPEED_CODE = 0x100f_100f;
const CMSPAR = 0x4000_0000, CRTSCTS = 0x8000_0000;
const CHARACTER_SIZE = { 5: 0x00, 6: 0x10, 7: 0x20, 8: 0x30 } as const;
const PARITY = { none: 0, even: PARENB, odd: PARENB | PARODD, mark: PARENB | PARODD | CMSPAR, space: PARENB | CMSPAR } as const;

/**
 * Raw: every byte passes as it is. HUPCL stays off, so that DTR holds when the last descriptor goes; CLOCAL on, so that a
 * missing carrier is no hang-up. BOTHER sets any speed, standard or not. The old structure keeps c_line.
 */
export function applyLine(old: Buffer, line: LineSettings): Buffer {
  const next = Buffer.from(old);
  next.writeUInt32LE(((line.parity === 'none' ? 0 : INPCK) | (line.xonxoff ? IXON | IXOFF : 0)) >>> 0, AT.iflag);
  next.writeUInt32LE(0, AT.oflag);
  next.writeUInt32LE(0, AT.lflag);
  const flags = CREAD | CLOCAL | BOTHER | CHARACTER_SIZE[line.dataBits] | PARITY[line.parity] | (line.stopBits === 2 ? CSTOPB : 0) | (line.rtscts ? CRTSCTS : 0);
  next.writeUInt32LE(flags >>> 0, AT.cflag);
  next.writeUInt8(0, AT.cc + VTIME);
  next.writeUInt8(1, AT.cc + VMIN);
  next.writeUInt8(0x11, AT.cc + VSTART);
  next.writeUInt8(0x13, AT.cc + VSTOP);
  next.writeUInt32LE(line.baud, AT.ispeed);
  next.writeUInt32LE(line.baud, AT.ospeed);
  return next;
}

/** Drivers silently round or keep a speed they cannot make: 3 % off is more than a UART tolerates. */
export function speedFits(actual: Buffer, line: LineSettings): boolean {
  return Math.abs(actual.readUInt32LE(AT.ospeed) - line.baud) <= line.baud * 0.03;
}

/** Equal but for the speed's code: the kernel shows a standard speed by its code, or as we asked for it. */
export function sameLine(a: Buffer, b: Buffer): boolean {
  const plain = (settings: Buffer): Buffer => {
    const copy = Buffer.from(settings);
    copy.writeUInt32LE((copy.readUInt32LE(AT.cflag) & ~SPEED_CODE) >>> 0, AT.cflag);
    return copy;
  };
  return plain(a).equals(plain(b));
}

/** The same line for coreutils' stty, where the C library cannot be called. */
export function sttyArguments(line: LineSettings): string[] {
  const on = (set: boolean, name: string): string => (set ? name : `-${name}`);
  const odd = line.parity === 'odd' || line.parity === 'mark';
  return [
    String(line.baud), 'raw', '-echo', '-echoe', '-echok', '-echoctl', '-echoke', '-iexten', 'clocal', 'cread', '-hupcl', `cs${line.dataBits}`,
    on(line.stopBits === 2, 'cstopb'), on(line.parity !== 'none', 'parenb'), on(odd, 'parodd'), on(line.parity === 'mark' || line.parity === 'space', 'cmspar'),
    on(line.rtscts, 'crtscts'), on(line.xonxoff, 'ixon'), on(line.xonxoff, 'ixoff'), 'min', '1', 'time', '0',
  ];
}
