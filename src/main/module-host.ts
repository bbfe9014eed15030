// Runs a module that is a Node file: imports it, calls `main` with the request, and exits as it says. A program of its own, run with
// few rights; it holds nothing of holdline.
import { pathToFileURL } from 'node:url';
import { isAbsolute } from 'node:path';

const EXIT = { done: 0, failed: 1, notNow: 75 } as const;

interface Request { readonly [key: string]: unknown }

async function main(): Promise<number> {
  const [file = '', ...rest] = process.argv.slice(2);
  if (!isAbsolute(file)) throw new Error('the module-host is given the full path of a module');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const request = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Request;
  const loaded = await import(pathToFileURL(file).href) as { readonly main?: unknown };
  if (typeof loaded.main !== 'function') throw new Error(`${file} exports no function main`);
  const progress = (done: number | null, message = ''): void => { process.stdout.write(`${JSON.stringify({ ...(done === null ? {} : { done }), message })}\n`); };
  const answer: unknown = await (loaded.main as (args: object) => unknown)({ ...request, args: rest, progress });
  if (answer === undefined || answer === true) return EXIT.done;
  if (answer === 'not-now') return EXIT.notNow;
  return typeof answer === 'number' && Number.isInteger(answer) && answer >= 0 && answer <= 255 ? answer : EXIT.failed;
}

main().then((code) => { process.exit(code); }, (thrown: unknown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exit(EXIT.failed);
});
