// The commands, their options and their help. Each action only calls the app and hands the answer to be shown.
import { Command } from 'commander';
import type { Bindings } from './bindings.js';
import { addDeviceCommands } from './device-commands.js';
import { addPolicyCommands } from './policy-commands.js';
import { addTrustCommands } from './trust-commands.js';
import { addRolloutCommand } from './rollout-command.js';
import { addToolCommands } from './tool-commands.js';

const EXAMPLES = `
Examples:
  holdline init owner/repo             write a commented settings file for this folder
  holdline doctor                      is everything in place? each problem with its remedy
  holdline --check                     is there a newer release?
  holdline --update                    install it; rolls back by itself when it is bad
  holdline --update --dry-run          show the plan, change nothing
  holdline --update --from /media/usb  the same from a folder, without network
  holdline --status                    what runs, what waits, what is blocked
  holdline explain                     why it does what it does, and what it waits for
  holdline hold --owner NAME --for 2h  not now
  holdline rollback                    back to the previous version
  holdline run                         the daemon (what the systemd unit starts)

Exit codes: 0 done or nothing to do · 1 failed, nothing changed · 2 usage or settings · 10 update available
(--check --exit-code) · 20 rolled back by itself · 21 broken, a person is needed · 75 not now (busy or waiting)

Settings: --config, else HOLDLINE_CONFIG, else /etc/holdline/holdline.yaml.`;

export function buildProgram(bindings: Bindings): Command {
  const program = new Command('holdline')
    .description('Updates an app from signed releases, rolls back by itself, and never lets go of the serial line.')
    .version(bindings.version, '-V, --version', 'print the version of holdline')
    // These never arrive here (command-line.ts turns them into commands): declared for help and suggestions.
    .option('--check', 'is there a newer release? (the command check)')
    .option('--update [version]', 'install the newest release, or VERSION (the command update)')
    .option('--status', 'what runs, what waits (the command status)')
    .usage('[--check | --update [VERSION] | --status | COMMAND] [options]')
    .showSuggestionAfterError(true)
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .configureHelp({ sortSubcommands: false });
  addDeviceCommands(program, bindings);
  addPolicyCommands(program, bindings);
  addTrustCommands(program, bindings);
  addRolloutCommand(program, bindings);
  addToolCommands(program, bindings);
  return program;
}
