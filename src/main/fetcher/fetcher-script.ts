// Where the fetcher's program lies: beside every other one in dist/.
import { fileURLToPath } from 'node:url';

export const fetcherScript = (): string => fileURLToPath(new URL('./fetcher.js', import.meta.url));
