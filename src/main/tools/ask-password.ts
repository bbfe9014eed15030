// The password of a secret key: from HOLDLINE_KEY_PASSWORD, else asked for on the terminal without showing it. Never from the command line.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { HoldlineError } from '../../domain/errors.js';

export const PASSWORD_VARIABLE = 'HOLDLINE_KEY_PASSWORD';

/** @throws HoldlineError `usage` where there is neither the variable nor a terminal to ask on */
export async function askPassword(question: string, twice: boolean): Promise<string> {
  const given = process.env[PASSWORD_VARIABLE];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY) {
    throw new HoldlineError('usage', 'cannot ask for the password of the key: this is no terminal', { hint: `Set ${PASSWORD_VARIABLE}, or make the key with --plain and keep it in a secret store.` });
  }
  const first = await askOnce(question);
  if (first === '') throw new HoldlineError('usage', 'cannot use an empty password', { hint: 'Give one, or make the key with --plain.' });
  if (twice && await askOnce('once more: ') !== first) throw new HoldlineError('usage', 'cannot use the password: the two were not the same', { hint: 'Run it again.' });
  return first;
}

async function askOnce(question: string): Promise<string> {
  process.stderr.write(question);
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: mute, terminal: true });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
