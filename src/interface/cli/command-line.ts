// Brings the command word to the front, so that `holdline --update 1.2.0 --json` and `holdline update 1.2.0 --json` are one thing.
import { HoldlineError } from '../../domain/errors.js';

const FLAG_COMMANDS: Readonly<Record<string, string>> = { '--check': 'check', '--update': 'update', '--status': 'status' };
/** Global options that take a value: the word after them is not a command. */
const WITH_VALUE = new Set(['--config', '-c']);

/** @throws HoldlineError `usage` when two commands are asked for at once */
export function normaliseArguments(argv: readonly string[]): string[] {
  const rest: string[] = [];
  let command: string | undefined;
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (word === '--') { rest.push(...argv.slice(i)); break; }
    const [flag, value] = splitFlag(word);
    const named = FLAG_COMMANDS[flag];
    if (named !== undefined) {
      if (command !== undefined && command !== named) throw twoCommands(command, named);
      command = named;
      if (value !== undefined) rest.push(value);
      continue;
    }
    rest.push(word);
    if (WITH_VALUE.has(word) && i + 1 < argv.length) { i += 1; rest.push(argv[i] ?? ''); continue; }
    // From the first bare word on, the rest belongs to that command (`holdline bridge status --json`).
    if (!word.startsWith('-') && command === undefined) {
      rest.pop();
      return [word, ...rest, ...argv.slice(i + 1)];
    }
  }
  return command === undefined ? rest : [command, ...rest];
}

function splitFlag(word: string): readonly [string, string | undefined] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word, undefined];
}

function twoCommands(a: string, b: string): HoldlineError {
  return new HoldlineError('usage', `cannot do two things at once: --${a} and --${b}`, { hint: 'Give one command per call.' });
}
