// The person's terminal: streams, colour and width, taken in from main so that tests see what a person sees.

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard error is a terminal wide enough for a moving line. */
  readonly moving: boolean;
  readonly colour: boolean;
  readonly columns: number;
  readonly now: () => number;
}

export type Paint = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const CODES: Record<Paint, readonly [number, number]> = {
  bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39],
};

export function paint(terminal: Pick<Terminal, 'colour'>, colour: Paint, text: string): string {
  if (!terminal.colour || text === '') return text;
  const [on, off] = CODES[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Controls, and the marks that turn the direction of text around, could make a message say something else. */
function isUnprintable(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x200e || code === 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** Text of a release or a server on a terminal: no control character passes. */
export function printable(text: string): string {
  let out = '';
  for (const char of text) {
    const blank = char === '\t' || char === '\n' || char === '\r';
    out += blank ? ' ' : isUnprintable(char.codePointAt(0) ?? 0) ? '\uFFFD' : char;
  }
  return out;
}

/** NO_COLOR (any non-empty value) wins over FORCE_COLOR wins over being a terminal. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}
