#!/usr/bin/env node
// The command line's composition root. Loads only what the command needs: `--status` must start as fast as Node itself.
import './stay-small.js';
import { setFlagsFromString } from 'node:v8';
import { createProgressView } from '../interface/cli/progress.js';
import { runCli } from '../interface/cli/run-cli.js';
import { processTerminal } from './terminal.js';

declare const HOLDLINE_VERSION: string;

async function main(): Promise<void> {
  // As the workers' flag: what is young stays small, or an update by hand would grow past what a worker takes. Later it has grown already.
  setFlagsFromString('--semi-space-growth-factor=1');
  const argv = process.argv.slice(2);
  const terminal = processTerminal();
  // With --json standard error stays readable by machines' owners: plain lines, no moving bar.
  const progress = createProgressView(argv.includes('--json') ? { ...terminal, moving: false } : terminal);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? 0 : 1); });
  const code = await runCli(argv, {
    version: HOLDLINE_VERSION,
    terminal,
    endProgress: () => progress.end(),
    app: async (options) => (await import('./app/create-app.js')).createApp({ settingsFile: options.config, report: (event) => progress.show(event), terminal }),
    tools: async () => (await import('./tools/create-tools.js')).createTools({ version: HOLDLINE_VERSION, terminal }),
  });
  process.exitCode = code;
}

void main();
