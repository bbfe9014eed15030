// The refusals of a download, each in one place.
import { HoldlineError } from '../domain/errors.js';
import { KEPT } from './watch-transfer.js';

export function tooLarge(name: string, size: number, limit: number): HoldlineError {
  return new HoldlineError('artifact-too-large', `cannot take ${name}: it has ${size} bytes or more, expected are at most ${limit}`, {
    hint: 'If the size is intended, raise limits.payload_bytes in the settings; else ask the publisher.', context: { size, limit },
  });
}

export function tooShort(name: string, size: number, expected: number): HoldlineError {
  return new HoldlineError('artifact-truncated', `cannot take ${name}: the source has ${size} bytes of it, expected are ${expected}`, {
    hint: 'The upload was cut or the file was replaced; ask the publisher to publish again.', context: { size, expected },
  });
}

export function wrongDigest(name: string, expected: string, found: string): HoldlineError {
  return new HoldlineError('artifact-digest', `cannot trust ${name}: its sha256 is ${found}, expected is ${expected}`, {
    hint: 'The file was changed or damaged after it was published. Nothing was installed; it is fetched again at the next try.', context: { expected, found },
  });
}

export function brokenOff(name: string, size: number, expected: number | undefined): HoldlineError {
  return new HoldlineError('download-interrupted', `cannot download ${name}: the transfer ended after ${size} of ${expected ?? 'an unknown number of'} bytes`, { hint: KEPT });
}

export function wrongAnswer(name: string, why: string, hint = 'Usually passes by itself; if not, check proxies on the way.'): HoldlineError {
  return new HoldlineError('source-invalid', `cannot download ${name}: ${why}`, { hint });
}
