#!/usr/bin/env node
// Composition root of the bridge: its own process, its own file, everything loaded before the first byte.
import { runBridgeMain } from './run-bridge-main.js';

// A failed start must not be kept alive by a port it has opened; a bridge that serves never comes back here.
process.exit(await runBridgeMain(process.argv.slice(2)));
