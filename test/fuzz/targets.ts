// What is fed with changed inputs, and what must hold of each answer. A target throws where its property is broken.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkManifest } from '../../src/artifact/check-manifest.js';
import { formatFilesList, parseFilesList } from '../../src/artifact/files-list.js';
import { admitStatement, pinnedRing } from '../../src/artifact/keys/key-ring.js';
import { proveRollout, type RolloutTrust } from '../../src/artifact/rollout/prove-rollout.js';
import { parseManifest } from '../../src/artifact/manifest.js';
import { verifySignature } from '../../src/artifact/minisign.js';
import { encodeFrame } from '../../src/bridge/frames.js';
import { FrameReader } from '../../src/bridge/frame-reader.js';
import { ProtocolFault, type Frame } from '../../src/bridge/protocol.js';
import { endOfHold, toStanding } from '../../src/decide/judge-holds.js';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Hold } from '../../src/domain/holds.js';
import { sortTree, treeDigest } from '../../src/domain/tree.js';
import { formatAuditLine, GENESIS, verifyAudit } from '../../src/engine/audit-lines.js';
import { parseHold } from '../../src/engine/hold-files.js';
import { parseRequest } from '../../src/interface/control/protocol.js';
import { BadFrame, encodeCall, FrameCutter, readCall } from '../../src/platform/effect-frames.js';
import { loadSettings } from '../../src/settings/load-settings.js';
import { engineVerdict, recoveryVerdict } from '../support/journal-verdicts.js';
import { KEY_REPO, makeKeyNamed, makeTestStatement } from '../support/key-statement.js';
import { rolloutOf, signRollout } from '../support/rollout.js';
import { makeSignedRelease } from '../support/signed-release.js';
import { manifestOfSeveral, whyWronglyTaken } from './manifests.js';
import { mutate, type Dice } from './mutate.js';

/** `accepted` counts inputs that were believed: a target that believes none, or every one, proves little. */
export type Answer = 'accepted' | 'refused';

export interface Target {
  readonly name: string;
  /** One changed input, fed and judged. @throws where the property does not hold */
  feed(dice: Dice): Answer;
}

export class BrokenPromise extends Error { override readonly name = 'BrokenPromise'; }

const broken = (what: string): never => { throw new BrokenPromise(what); };

/** Accepted, or refused with a code; anything else is the finding. */
function judge(act: () => void, families?: readonly string[]): Answer {
  try { act(); } catch (thrown) {
    if (thrown instanceof BrokenPromise) throw thrown;
    if (!(thrown instanceof HoldlineError) || thrown.code === 'internal') throw thrown;
    if (families !== undefined && !families.includes(thrown.family)) broken(`refused as ${thrown.code}, which is of another family`);
    return 'refused';
  }
  return 'accepted';
}

const pick = <Item>(list: readonly Item[], dice: Dice): Item => list[dice.next(list.length)] ?? broken('an empty list');

const LIMITS = { payloadBytes: 1e9, unpackedBytes: 1e9, entries: 1000, depth: 64, ratio: 200 };
const key = makeKeyNamed('main', '1');
const second = makeKeyNamed('second', '2');
const TREE = sortTree(['VERSION', 'src/main.js', 'src/ünï code.js', 'config/app.yaml'].map((path, index) => ({ path, mode: index === 1 ? '0755' as const : '0644' as const, size: index * 7, sha256: String(index).repeat(64) })));

export function createTargets(root: string): readonly Target[] {
  return [manifest(), signature(), keyStatement(), rolloutStatement(), filesList(), journal(root), settings(root), frames(), auditLog(), controlRequest(), effectFrames(), holdFile()];
}

function releases(): readonly Record<string, Buffer>[] {
  const parts = { repo: KEY_REPO, payload: Buffer.from('payload'), tree: TREE, key };
  return [
    makeSignedRelease({ ...parts, tag: 'v1.2.0' }),
    makeSignedRelease({ ...parts, tag: 'v1.3.0', change: (m) => ({ ...m, expires: '2027-01-01T00:00:00Z', requires: { min_version: '1.0.0', node: '>=20', arch: ['arm64'], memory_mb: 64.5, components: { bridge: '^1.0.0' } }, patches: [], hooks: {}, rollout: null, notes: 'ünï', critical: ['expires'] }) }),
  ];
}

function manifest(): Target {
  const single = releases().map((assets) => assets['holdline.json'] ?? Buffer.alloc(0));
  const corpus = [...single, manifestOfSeveral(single)];
  return {
    name: 'manifest',
    feed: (dice) => judge(() => {
      const parsed = parseManifest(mutate(pick(corpus, dice), dice, pick(corpus, dice)), LIMITS);
      const wrong = whyWronglyTaken(parsed, LIMITS.payloadBytes);
      if (wrong !== undefined) broken(wrong);
      checkManifest(parsed, { repo: parsed.repo, tag: parsed.tag, version: parsed.version, trustedComment: null });
    }, ['artifact']),
  };
}

function signature(): Target {
  const corpus = releases().map((assets) => ({ message: assets['holdline.json'] ?? Buffer.alloc(0), file: assets['holdline.json.minisig'] ?? Buffer.alloc(0) }));
  return {
    name: 'signature',
    feed: (dice) => judge(() => {
      const [one, other] = [pick(corpus, dice), pick(corpus, dice)];
      const which = dice.next(3);
      const message = which === 0 ? one.message : mutate(one.message, dice, other.message);
      const { trustedComment } = verifySignature(message, which === 1 ? one.file : mutate(one.file, dice, other.file), [key, second]);
      const signed = corpus.find((known) => known.message.equals(message));
      if (signed === undefined) broken('a message that nobody signed was accepted');
      if (signed?.file.toString().split('\n')[2] !== `trusted comment: ${trustedComment}`) broken('a trusted comment that nobody signed was accepted');
    }, ['artifact']),
  };
}

function keyStatement(): Target {
  const ring = pinnedRing(KEY_REPO, [key]);
  const corpus = [makeTestStatement({ keys: [second], revoked: [key], by: [key, second] }), makeTestStatement({ serial: 7, keys: [second], by: [key, second] })];
  const at = new Date('2026-11-21T09:30:00Z');
  return {
    name: 'key-statement',
    feed: (dice) => judge(() => {
      const [one, other] = [pick(corpus, dice), pick(corpus, dice)];
      const text = dice.next(2) === 0 ? one.text : mutate(Buffer.from(one.text), dice, Buffer.from(other.text)).toString();
      const signatures = one.signatures.map((file) => (dice.next(2) === 0 ? file : mutate(Buffer.from(file), dice, Buffer.from(pick(other.signatures, dice))).toString()));
      admitStatement(ring, { text, signatures: dice.next(4) === 0 ? signatures.toReversed() : signatures }, at);
      if (!corpus.some((known) => known.text === text)) broken('a change of keys that nobody signed was accepted');
    }, ['artifact']),
  };
}

function rolloutStatement(): Target {
  const at = new Date('2026-11-21T09:30:00Z');
  const trust: RolloutTrust = { ring: pinnedRing(KEY_REPO, [key]), repo: KEY_REPO, channel: 'stable', component: null };
  const corpus = [rolloutOf({ repo: KEY_REPO }), rolloutOf({ repo: KEY_REPO, serial: 9, percent: 12.5, add_percent: 5, every_s: 3600, groups: ['lab'], exclude: ['d1'], withdrawn: ['1.2.0'], expires: '2027-01-01T00:00:00Z' })].map((statement) => signRollout(key, statement));
  return {
    name: 'rollout-statement',
    feed: (dice) => judge(() => {
      const [one, other] = [pick(corpus, dice), pick(corpus, dice)];
      const which = dice.next(4);
      const text = which < 2 ? one.text : mutate(Buffer.from(one.text), dice, Buffer.from(other.text)).toString();
      const signature = which % 2 === 0 ? one.signature : mutate(Buffer.from(one.signature ?? ''), dice, Buffer.from(other.signature ?? '')).toString();
      // The parser alone sees what a device without signatures sees.
      const unsigned = dice.next(3) === 0;
      const { percent, add_percent: more } = proveRollout(unsigned ? { ...trust, ring: null } : trust, { text, signature }, at);
      if (percent < 0 || percent > 100 || more < 0 || more > 100) broken('a rollout beyond 0 to 100 percent was accepted');
      if (!unsigned && corpus.every((known) => known.text !== text)) broken('a rollout that nobody signed was accepted');
    }, ['artifact']),
  };
}

function filesList(): Target {
  const json = Buffer.from(formatFilesList(TREE));
  const packed = gzipSync(json);
  const digest = treeDigest(TREE);
  return {
    name: 'files-list',
    feed: (dice) => judge(() => {
      const content = dice.next(3) === 0 ? mutate(packed, dice, packed) : gzipSync(mutate(json, dice, json), { level: 1 });
      if (!isDeepStrictEqual(parseFilesList(content, digest, LIMITS), TREE)) broken('a list of another tree was accepted');
    }, ['artifact']),
  };
}

function journal(root: string): Target {
  const folder = join(root, 'test/fixtures/journals');
  const corpus = readdirSync(folder).filter((name) => name.endsWith('.journal')).map((name) => readFileSync(join(folder, name)));
  return {
    name: 'journal',
    feed(dice) {
      const bytes = mutate(pick(corpus, dice), dice, pick(corpus, dice));
      const [engine, recovery] = [engineVerdict(bytes), recoveryVerdict(bytes)];
      if (!isDeepStrictEqual(engine, recovery)) broken(`the two readers disagree: ${JSON.stringify(engine)} and ${JSON.stringify(recovery)}`);
      return 'damagedLine' in engine ? 'refused' : 'accepted';
    },
  };
}

function settings(root: string): Target {
  const corpus = [
    readFileSync(join(root, 'config/holdline.yaml')),
    Buffer.from(`github_repo: acme/monitoring\ncheck_interval: \${SECONDS:-60}\ntrust:\n  require: signature\n  keys:\n    - ${key.publicKey}\n    - {name: spare, purpose: spare, key: ${second.publicKey}, not_after: 2027-01-01}\nservices:\n  - {name: web, command: [node, a.js], env: {A: "1"}}\nhealth:\n  - http: "http://127.0.0.1:8080/"\n`),
    Buffer.from(JSON.stringify({ github_repo: 'a/b', trust: { require: 'checksum' }, preserve: ['src/data/**'], limits: { depth: 5 }, probation: { seconds: 1 } })),
    Buffer.from(JSON.stringify({ github_repo: 'a/b', policy: { minor: 'window', major: 'approve', range: '<3' }, windows: { when: ['Sat,Sun 02:00-05:00', 'cron 0 2 * * 1-5 for 2h'], time_zone: 'Europe/Berlin' }, holds: { gate: ['./gate'] } })),
  ];
  // The example is long and slow to read: the short ones are changed more often.
  const choose = (dice: Dice): Buffer => corpus[dice.next(5) === 0 ? 0 : 1 + dice.next(3)] ?? Buffer.alloc(0);
  return {
    name: 'settings',
    feed: (dice) => judge(() => {
      const read = loadSettings({
        text: mutate(choose(dice), dice, choose(dice)), file: '/etc/holdline/holdline.yaml', env: { SECONDS: '5', GITHUB_TOKEN: 'ghp_notASecret' }, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => second.publicKey,
      });
      if (!Object.isFrozen(read.trust) || read.githubRepo === '') broken('settings that are not settings were accepted');
    }, ['settings']),
  };
}

const EPOCH = '0123456789abcdef';
const FRAMES: readonly Frame[] = [
  { type: 'hello', from: 5, version: 1, role: 'consumer', epoch: EPOCH, name: 'app' }, { type: 'ack', offset: 900, epoch: EPOCH }, { type: 'write', offset: 7, epoch: EPOCH, bytes: Buffer.from('bytes to the line') },
  { type: 'status' }, { type: 'takeover', pid: 77 }, { type: 'welcome', from: 1, version: 1, role: 'observer', resumed: true, down: false, epoch: EPOCH, head: 9, tail: 1, accepted: 3, confirmed: 2 },
  { type: 'data', offset: 12, bytes: Buffer.from('from the line') }, { type: 'gap', from: 1, to: 9 }, { type: 'error', code: 'malformed', message: 'no' },
];

function frames(): Target {
  const corpus = [Buffer.concat(FRAMES.map(encodeFrame)), ...FRAMES.map(encodeFrame)];
  return {
    name: 'bridge-frames',
    feed(dice) {
      const bytes = mutate(pick(corpus, dice), dice, pick(corpus, dice));
      const at = dice.next(bytes.length + 1);
      const whole = readFrames([bytes]);
      if (!isDeepStrictEqual(readFrames([bytes.subarray(0, at), bytes.subarray(at)]), whole)) broken('the frames depend on where the bytes were cut');
      return whole.fault === null ? 'accepted' : 'refused';
    },
  };
}

function readFrames(pieces: readonly Buffer[]): { readonly frames: readonly Frame[]; readonly fault: string | null } {
  const reader = new FrameReader();
  const found: Frame[] = [];
  try {
    // Copied: what a frame holds may be the reader's own memory.
    for (const piece of pieces) for (const frame of reader.push(piece)) found.push(structuredClone(frame));
    return { frames: found, fault: null };
  } catch (thrown) {
    if (!(thrown instanceof ProtocolFault)) throw thrown;
    return { frames: found, fault: thrown.wire };
  }
}

function auditLog(): Target {
  let [text, head] = ['', GENESIS];
  const append = (n: number, event: 'log-begun' | 'checked', facts: Record<string, string>): void => {
    const { line, hash } = formatAuditLine(head, { n, at: '2026-11-21T09:30:00.000Z', actor: 'daemon', event, reason: null, facts });
    [text, head] = [text + line, hash];
  };
  append(1, 'log-begun', { previous: GENESIS });
  for (let n = 2; n < 9; n += 1) append(n, 'checked', { latest: `1.0.${n}` });
  const anchor = { count: 8, head };
  const whole = Buffer.from(text);
  return {
    name: 'audit-log',
    feed(dice) {
      const changed = mutate(whole, dice, whole).toString();
      const { damage } = verifyAudit([{ number: 1, text: changed }], anchor);
      // A last line that is cut off is what a power cut leaves: it counts for nothing.
      if (damage.length === 0 && changed.slice(0, changed.lastIndexOf('\n') + 1) !== text) broken('a changed log was taken for whole');
      return damage.length === 0 ? 'accepted' : 'refused';
    },
  };
}

function controlRequest(): Target {
  const corpus = [{ id: 1, method: 'update', params: { version: '1.2.0', dryRun: true } }, { id: 2, method: 'activity' }, { id: 3, method: 'unblock', params: { version: '1.0.0' } }].map((request) => Buffer.from(JSON.stringify(request)));
  return {
    name: 'control-request',
    feed: (dice) => judge(() => {
      const request = parseRequest(mutate(pick(corpus, dice), dice, pick(corpus, dice)).toString());
      if (!Number.isSafeInteger(request.id)) broken('a request without a number was taken');
    }, ['settings']),
  };
}

/** Whoever is in the group may have written it. */
function holdFile(): Target {
  const hold: Hold = { format: 1, id: 'm1', owner: 'measurement', reason: 'night run', by: 'alice (uid 1000)', taken_at: '2026-11-21T09:30:00.000Z', until: '2026-11-21T10:30:00.000Z', until_uptime_s: 4600.5, boot_id: 'a', process: { pid: 12, start_time: '777' }, ended: null };
  const corpus = [hold, { ...hold, boot_id: 'b', process: null }, { ...hold, until: null, until_uptime_s: null }, { ...hold, ended: { by: 'bob', forced: true, reason: null, at: '' } }].map((one) => Buffer.from(JSON.stringify(one)));
  return {
    name: 'hold-file',
    feed: (dice) => {
      const read = parseHold(mutate(pick(corpus, dice), dice, pick(corpus, dice)).toString());
      if (read === undefined) return 'refused';
      const moment = { now: new Date('2026-11-21T09:40:00Z'), uptime: 1600, bootId: pick(['a', 'b'], dice), isAlive: () => true };
      const [end, standing] = [endOfHold(read, moment), toStanding(read, moment)];
      if (typeof standing.owner !== 'string' || (end === null && standing.until !== null && Number.isNaN(Date.parse(standing.until)))) broken('a hold without an owner or with an end that is no date was believed');
      return 'accepted';
    },
  };
}

/** What the fetcher asks its parent for. */
function effectFrames(): Target {
  const calls: readonly (readonly [string, readonly (string | number)[]])[] = [['mkdir', ['/app/.holdline/staging/t/src', 493]], ['openWrite', [1_000_001, '/app/.holdline/staging/t/ü', 193, 420]], ['write', [1_000_001]], ['settle', []]];
  const bodyOf = (call: string): Buffer => Buffer.from(call === 'write' ? 'bytes of a file' : '');
  const corpus = calls.map(([call, args]) => Buffer.concat([encodeCall(call, call !== 'write', args, bodyOf(call).length), bodyOf(call)]));
  const whole = Buffer.concat(corpus);
  const read = (pieces: readonly Buffer[]): { readonly calls: readonly unknown[]; readonly bad: boolean } => {
    const cutter = new FrameCutter();
    const found: unknown[] = [];
    try {
      for (const piece of pieces) for (const frame of cutter.push(piece)) found.push(structuredClone(readCall(frame)));
      return { calls: found, bad: false };
    } catch (thrown) {
      if (!(thrown instanceof BadFrame)) throw thrown;
      return { calls: found, bad: true };
    }
  };
  return {
    name: 'effect-frames',
    feed(dice) {
      const bytes = mutate(dice.next(3) === 0 ? whole : pick(corpus, dice), dice, whole);
      const at = dice.next(bytes.length + 1);
      const answer = read([bytes]);
      if (!isDeepStrictEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), answer)) broken('the calls depend on where the bytes were cut');
      return answer.bad ? 'refused' : 'accepted';
    },
  };
}
