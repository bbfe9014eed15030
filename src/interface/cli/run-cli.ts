// One call of the command line: parse -> call -> show -> exit code. Never throws.
import { CommanderError } from 'commander';
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import { normaliseArguments } from './command-line.js';
import { EXIT, exitCodeOfError } from './exit-codes.js';
import type { Bindings, CommonOptions } from './bindings.js';
import { buildProgram } from './program.js';
import { errorJson, renderError } from './render-error.js';
import type { Terminal } from './terminal.js';

export interface CliParts {
  readonly version: string;
  readonly terminal: Terminal;
  readonly app: Bindings['app'];
  readonly tools: Bindings['tools'];
  /** Clears a moving progress line before something else is printed. */
  readonly endProgress: () => void;
}

/** @returns the exit code; 0 when the command set none */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const { terminal } = parts;
  const wantsJson = argv.includes('--json');
  let exit: number = EXIT.done;
  const fail = (thrown: unknown): number => {
    parts.endProgress();
    if (wantsJson) terminal.out(`${JSON.stringify(errorJson(thrown))}\n`);
    else terminal.err(renderError(terminal, thrown));
    return exitCodeOfError(toHoldlineError(thrown));
  };
  const show = async (options: CommonOptions, work: () => Promise<{ json: unknown; text: string; exit: number }>): Promise<void> => {
    const answer = await work();
    parts.endProgress();
    terminal.out(options.json === true ? `${JSON.stringify(answer.json)}\n` : answer.text);
    exit = answer.exit;
  };
  try {
    const program = buildProgram({ version: parts.version, app: parts.app, tools: parts.tools, show, exit: (code) => { exit = code; }, render: (view) => view(terminal) });
    for (const command of [program, ...program.commands]) {
      command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: () => undefined });
    }
    await program.parseAsync(normaliseArguments(argv), { from: 'user' });
    return exit;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return fail(thrown);
    if (thrown.exitCode === 0) return EXIT.done;
    return fail(usageError(thrown));
  }
}

/** Commander's message already holds the suggestion: `unknown option '--chek' (Did you mean --check?)`. */
function usageError(thrown: CommanderError): HoldlineError {
  const [message = '', ...suggestion] = thrown.message.replace(/^error: /u, '').split('\n');
  if (thrown.code === 'commander.help') return new HoldlineError('usage', 'cannot guess what to do: no command given', { hint: 'See holdline --help.' });
  return new HoldlineError('usage', `cannot understand the command line: ${message}`, { hint: suggestion.length > 0 ? suggestion.join(' ') : 'See holdline --help.' });
}
