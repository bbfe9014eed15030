// Looks at the first bytes of what should be a .tar.gz, so that a login page is named as what it is. Pure.
import { HoldlineError } from '../domain/errors.js';
import { wrongAnswer } from './download-errors.js';

/** How many first bytes `assertGzip` wants to see. */
export const SNIFF_BYTES = 2;

export function assertGzip(name: string, head: Uint8Array): void {
  if (head[0] === 0x1f && head[1] === 0x8b) return;
  if (/^\s*</.test(Buffer.from(head).toString('latin1'))) {
    throw wrongAnswer(name, 'the answer is a web page, not the file', 'A captive portal or proxy answers in place of the source: log in there, or set https_proxy and no_proxy.');
  }
  throw new HoldlineError('archive-invalid', `cannot use ${name}: it is not a .tar.gz`, { hint: 'holdline takes gzip-compressed tar archives; choose the right file with `asset:` in the settings, or ask the publisher.' });
}
