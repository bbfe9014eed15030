// Lines of a stream as they come, in bounded memory.
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut; the rest of such a line is dropped. */
const MAX_LINE_CHARACTERS = 4096;

/** The last line counts also without its end. */
export function splitLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let line = '';
  const add = (text: string): void => { if (line.length < MAX_LINE_CHARACTERS) line = (line + text).slice(0, MAX_LINE_CHARACTERS); };
  const take = (text: string): void => {
    const pieces = text.split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) { add(piece); onLine(line); line = ''; }
    add(rest);
  };
  stream?.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  stream?.once('end', () => { take(decoder.end()); if (line !== '') onLine(line); });
}
