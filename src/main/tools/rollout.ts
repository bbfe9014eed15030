// `holdline rollout`: the next statement from the one before, as files or on GitHub.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { HoldlineError } from '../../domain/errors.js';
import { rolloutPath, type RolloutStatement, type SignedRollout } from '../../domain/rollout.js';
import { percentAt } from '../../domain/rollout-share.js';
import type { TrustKey } from '../../domain/settings.js';
import type { MadeReport, RolloutRequest } from '../../interface/app.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { parseRolloutStatement } from '../../artifact/rollout/rollout-statement.js';
import { changeRollout, type RolloutScope } from '../../publish/change-rollout.js';
import { publicKeyOf } from '../../publish/make-statement.js';
import type { SecretKey } from '../../publish/secret-key.js';
import { openOnlineRollout, type OnlineRollout } from '../../publish/upload-rollout.js';
import { readBefore, readRolloutFiles, signRollout, writeRolloutFiles } from '../../publish/write-rollout.js';
import { openSecretKey, readSecretKey } from './read-secret-key.js';
import { readPublicKey } from './read-public-key.js';
import { toChange } from './rollout-change.js';

const DEFAULT_API = 'https://api.github.com';
const SALT_BYTES = 8;
const ANSWER_MS = 30_000;

export async function changeRolloutFiles(request: RolloutRequest): Promise<MadeReport> {
  const scope = scopeOf(request);
  const fs = createFilesystem();
  const folder = resolve(request.directory);
  const online = request.upload ? await openOnline(scope) : null;
  const there = online === null ? readRolloutFiles(fs, folder, scope) : online.signed;
  const now = systemClock.now();
  if (request.action === 'show') return show(there, scope, now);
  const key = await readKey(request);
  const keys = key === null ? null : [{ name: 'the signing key', publicKey: publicKeyOf(key) }, ...request.trust.map((given): TrustKey => { const { name, key: publicKey } = readPublicKey(given); return { name, publicKey }; })];
  const before = readBefore(there, scope, keys, now);
  const next = changeRollout(before, toChange(request, randomBytes(SALT_BYTES).toString('hex')), scope, now);
  const signed = signRollout(next, key);
  if (online === null) return made(writeRolloutFiles(fs, folder, scope, signed), next, before, now, null);
  return made([], next, before, now, await online.replace(signed, `Rollout ${next.serial}: ${request.action} ${next.version}`));
}

function scopeOf(request: RolloutRequest): RolloutScope {
  const repo = request.repo ?? process.env['GITHUB_REPOSITORY'];
  if (repo === undefined || !/^[^/\s]+\/[^/\s]+$/u.test(repo)) throw usage('no repository', 'Give --repo OWNER/NAME.');
  const word = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/u;
  if (!word.test(request.channel)) throw usage(`${JSON.stringify(request.channel)} is no channel`, 'A channel is one word, like stable.');
  if (request.component !== undefined && !word.test(request.component)) throw usage(`${JSON.stringify(request.component)} is no component`, 'Give its tag prefix.');
  return { repo, channel: request.channel, component: request.component ?? null };
}

async function openOnline(scope: RolloutScope): Promise<OnlineRollout> {
  const { env } = process;
  const token = env['GITHUB_TOKEN'];
  if (token === undefined || token === '') throw usage('GITHUB_TOKEN is not set', 'Set it to a token with Contents: write.');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new HoldlineError('interrupted', 'cannot go on: stopped; run holdline rollout show --upload to see what is there')));
  const proxy = { https: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? null, http: env['http_proxy'] ?? null, no: env['no_proxy'] ?? env['NO_PROXY'] ?? null };
  return openOnlineRollout({ fetch: createFetch({ headersTimeoutMs: ANSWER_MS, proxy }), apiUrl: env['GITHUB_API_URL'] ?? DEFAULT_API, token, scope }, stop.signal);
}

async function readKey({ key, unsigned }: RolloutRequest): Promise<SecretKey | null> {
  const fromEnv = process.env['HOLDLINE_KEY'];
  if (unsigned) return null;
  if (key !== undefined) return readSecretKey(key);
  if (fromEnv !== undefined && fromEnv !== '') return openSecretKey(fromEnv, 'the key');
  throw usage('no key', 'Give --key with the secret release key (or HOLDLINE_KEY); --unsigned only where devices ask for no signature.');
}

function show(there: SignedRollout | null, scope: RolloutScope, now: Date): MadeReport {
  const path = rolloutPath(scope.channel, scope.component);
  if (there === null) return { files: [], facts: { statement: `none (${path}): every version is for everybody` }, next: [] };
  return { files: [], facts: { ...describe(parseRolloutStatement(there.text), now), signature: there.signature === null ? 'none' : `${path}.minisig` }, next: [] };
}

function made(files: readonly string[], next: RolloutStatement, before: RolloutStatement | null, now: Date, page: string | null): MadeReport {
  const replaced = before !== null && before.version !== next.version && !before.withdrawn.includes(before.version) && percentAt(before, now) < 100;
  return {
    files, facts: { ...describe(next, now), ...(replaced ? { warning: `${before.version} was at ${percentAt(before, now)} %: now it is for everybody who does not take ${next.version}` } : {}), ...(page === null ? {} : { commit: page }) },
    next: page === null ? ['commit both files to the default branch, in one commit:  git add holdline && git commit && git push'] : [],
  };
}

function describe(statement: RolloutStatement, now: Date): Record<string, string | number> {
  const { version, serial, channel, withdrawn, expires, groups, exclude } = statement;
  const more = statement.add_percent === 0 ? '' : `, ${statement.add_percent} % more every ${statement.every_s} s`;
  return {
    serial, channel, version, percent: `${percentAt(statement, now)} %${more}${Date.parse(statement.start) > now.getTime() ? `, from ${statement.start}: ${statement.percent} %` : ''}`, state: stateOf(statement, now),
    ...(groups.length === 0 ? {} : { 'at once': groups.join(', ') }), ...(exclude.length === 0 ? {} : { 'left out': exclude.join(', ') }), ...(withdrawn.length === 0 ? {} : { withdrawn: withdrawn.join(', ') }),
    ...(expires === null ? {} : { expires }), salt: statement.salt,
  };
}

function stateOf({ paused, withdrawn, version, expires }: RolloutStatement, now: Date): string {
  if (expires !== null && Date.parse(expires) <= now.getTime()) return 'expired: limits and withdraws nothing';
  if (withdrawn.includes(version)) return 'withdrawn';
  return paused ? 'paused' : 'open';
}

const usage = (why: string, hint: string): HoldlineError => new HoldlineError('usage', `cannot change the rollout: ${why}`, { hint });
