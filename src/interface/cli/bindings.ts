// What the commands get from outside, and the options they share.
import type { Command } from 'commander';
import type { App, Tools } from '../app.js';
import type { Terminal } from './terminal.js';

/** What an action gives back: the object for --json, the text for people, the exit code. */
export interface Answer { readonly json: unknown; readonly text: string; readonly exit: number }

export interface Bindings {
  readonly version: string;
  /** Loads settings and the app; called only by commands that need them. */
  app(options: CommonOptions): Promise<App>;
  tools(): Promise<Tools>;
  /** Shows an answer (or runs to it) in the form the options ask for. */
  show(options: CommonOptions, work: () => Promise<Answer>): Promise<void>;
  /** Ends the call with this code, for commands that show what they do by themselves. */
  exit(code: number): void;
  readonly render: Renderer;
}

export interface Renderer { (view: (terminal: Terminal) => string): string }

export interface CommonOptions { readonly config?: string | undefined; readonly json?: boolean | undefined; readonly dryRun?: boolean | undefined }

/** Options every command has. */
export function withCommon(command: Command, dryRun = false): Command {
  command
    .option('-c, --config <file>', 'settings file (default: HOLDLINE_CONFIG, else /etc/holdline/holdline.yaml)')
    .option('--json', 'one JSON object on standard output; logs go to standard error')
    .showSuggestionAfterError(true);
  if (dryRun) command.option('--dry-run', 'show the plan, change nothing');
  return command;
}
