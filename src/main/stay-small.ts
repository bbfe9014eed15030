// Imported first of all: who sleeps nearly all the time (`holdline run`) gains nothing from compiled code, and its compilers would keep 4 MB
// resident from the moment they are first used, which is while the program loads.
import { setFlagsFromString } from 'node:v8';

if (process.argv[2] === 'run') for (const flag of ['--no-opt', '--no-sparkplug']) setFlagsFromString(flag);
