import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { applyLine, DEFAULT_LINE, parseLineSettings, sameLine, speedFits, sttyArguments, TERMIOS_BYTES } from '../../src/bridge/line-settings.js';
import { parseRunOptions } from '../../src/bridge/options.js';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof HoldlineError) return `${error.code}${error.hint === undefined ? ' without a hint' : ''}`;
    throw error;
  }
  return 'none';
}

const run = (...more: string[]): ReturnType<typeof parseRunOptions> => parseRunOptions(['--name', 'meter', '--port', '/dev/ttyUSB0', ...more], {});

describe('bridge run', () => {
  it('has sensible defaults', () => {
    expect(run()).toMatchObject({
      name: 'meter', port: '/dev/ttyUSB0', line: DEFAULT_LINE, socket: '/run/holdline/bridge/meter.sock', link: '/run/holdline/bridge/meter.tty', spool: '/run/holdline/bridge/spool/meter',
      capacity: 4 * 1024 * 1024, tcp: undefined, wait: false, keeper: true,
    });
    expect(parseRunOptions(['--name', 'a', '--port', 'b'], { HOLDLINE_BRIDGE_DIR: '/tmp/x' }).socket).toBe('/tmp/x/a.sock');
    expect(run('--spool-size', '64K', '--spool-dir', '/var/spool', '--no-pty', '--tcp', '4000')).toMatchObject({ capacity: 65_536, spool: '/var/spool/meter', link: undefined, tcp: 4000 });
  });

  it.each([
    [['--baud', 'fast']], [['--baud', '0']], [['--baud', '9600.5']], [['--baud', '-1']], [['--baud', '99999999999']], [['--parity', 'yes']], [['--data-bits', '9']], [['--stop-bits', '1.5']],
    [['--spool-size', '1']], [['--spool-size', 'much']], [['--tcp', '0']], [['--tcp', '70000']], [['--nonsense']], [['extra']], [['--name', '../up']], [['--name', '']], [['--name', 'x'.repeat(40)]], [['--port', '']],
  ])('refuses %j', (more) => { expect(codeOf(() => run(...more))).toBe('usage'); });

  it('needs a name and a port', () => {
    expect(codeOf(() => parseRunOptions(['--port', '/dev/x'], {}))).toBe('usage');
    expect(codeOf(() => parseRunOptions(['--name', 'x'], {}))).toBe('usage');
  });
});

describe('the line settings', () => {
  const cflag = (line: Parameters<typeof applyLine>[1]): number => applyLine(Buffer.alloc(TERMIOS_BYTES), line).readUInt32LE(8);

  it('are raw, keep DTR, and set any speed', () => {
    const old = Buffer.alloc(TERMIOS_BYTES, 0xff);
    const next = applyLine(old, { ...DEFAULT_LINE, baud: 250_000 });
    expect([next.readUInt32LE(0), next.readUInt32LE(4), next.readUInt32LE(12)]).toEqual([0, 0, 0]);
    expect(next.readUInt32LE(8) & 0x400).toBe(0);
    expect([next.readUInt32LE(36), next.readUInt32LE(40)]).toEqual([250_000, 250_000]);
    expect(next[16]).toBe(0xff);
    expect(speedFits(next, { ...DEFAULT_LINE, baud: 250_000 })).toBe(true);
    expect(speedFits(next, { ...DEFAULT_LINE, baud: 230_400 })).toBe(false);
  });

  it.each([
    [{ parity: 'even' }, 0x100, 0x300], [{ parity: 'odd' }, 0x300, 0x300], [{ parity: 'none' }, 0, 0x300], [{ dataBits: 7 }, 0x20, 0x30], [{ stopBits: 2 }, 0x40, 0x40], [{ rtscts: true }, 0x8000_0000, 0x8000_0000],
  ] as const)('%j', (change, bits, mask) => { expect((cflag({ ...DEFAULT_LINE, ...change }) & mask) >>> 0).toBe(bits); });

  it('are compared without the speed code, and told to stty alike', () => {
    const one = applyLine(Buffer.alloc(TERMIOS_BYTES), DEFAULT_LINE);
    const other = Buffer.from(one);
    other.writeUInt32LE(one.readUInt32LE(8) & ~0x1000 | 0x1002, 8);
    expect(sameLine(one, other)).toBe(true);
    expect(sameLine(one, applyLine(one, { ...DEFAULT_LINE, parity: 'odd' }))).toBe(false);
    expect(sttyArguments({ ...DEFAULT_LINE, parity: 'odd', rtscts: true })).toEqual(expect.arrayContaining(['115200', 'raw', '-hupcl', 'cs8', 'parenb', 'parodd', 'crtscts', '-ixon']));
  });

  it('are parsed with their defaults', () => { expect(parseLineSettings({})).toEqual(DEFAULT_LINE); });
});
