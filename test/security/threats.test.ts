// No defence is decoration: each attack is refused by name, and gets further when that one defence is left out of a test build.
// SECURITY.md names these rows.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import type * as Download from '../../src/artifact/download.js';
import type { RingKey } from '../../src/artifact/keys/key-ring.js';
import type { Attack } from '../support/attack-device.js';
import { makeKeyNamed, makeTestStatement } from '../support/key-statement.js';
import type { TestKey } from '../support/signed-release.js';

const main = makeKeyNamed('main', '1');
const spare = makeKeyNamed('spare', '4');
const thief = makeKeyNamed('thief', '5');
const pin = (...keys: readonly TestKey[]): object => ({ keys: keys.map(({ name, publicKey }) => ({ name, key: publicKey, ...(name === 'spare' ? { purpose: 'spare' } : {}) })) });
const TRUST = pin(main, spare);
const revoked = makeTestStatement({ keys: [spare], revoked: [main], by: [spare] });
const forged = makeTestStatement({ keys: [thief], by: [thief] });

/** A module and what stands in for parts of it. */
interface LeftOut { readonly module: string; readonly instead: Readonly<Record<string, (...given: never[]) => unknown>> }
const nothing = (module: string, ...names: string[]): LeftOut => ({ module, instead: Object.fromEntries(names.map((name) => [name, () => undefined])) });

/** Takes every well-formed signature. */
const believing: LeftOut = {
  module: '../../src/artifact/minisign.js',
  instead: { verifySignature: (_message: Uint8Array, file: Uint8Array) => ({ trustedComment: Buffer.from(file).toString().split('\n')[2]?.replace('trusted comment: ', ''), key: main }) },
};
const everyKey: LeftOut = { module: '../../src/artifact/keys/admitted-keys.js', instead: { admittedKeys: (ring: { readonly keys: readonly RingKey[] }) => ring.keys } };
const anyStatement: LeftOut = {
  module: '../../src/artifact/keys/key-ring.js',
  instead: {
    admitStatement: (ring: { readonly keys: readonly RingKey[] }, signed: { readonly text: string }) => {
      const statement = JSON.parse(signed.text) as { keys: { name: string; key: string }[] };
      return { statement, vouchedBy: [], ring: { ...ring, serial: 1, text: signed.text, keys: [...ring.keys, ...statement.keys.map(({ name, key }) => ({ name, publicKey: key, purpose: 'release', from: 1 }))] } };
    },
  },
};
const trustingDownload: LeftOut = {
  module: '../../src/artifact/download.js',
  instead: {
    downloadAsset: async (...given: never[]) => {
      const { downloadAsset } = await vi.importActual<typeof Download>('../../src/artifact/download.js');
      const [deps, request, signal] = given as unknown as Parameters<typeof downloadAsset>;
      return downloadAsset(deps, { ...request, expected: { size: request.expected.size } }, signal);
    },
  },
};
const forgetful: LeftOut = {
  module: '../../src/engine/device-state.js',
  instead: {
    readDeviceState: (...given: never[]) => {
      const [fs, layout] = given as unknown as [{ readText(path: string): string }, { readonly stateDir: string }];
      return { ...JSON.parse(fs.readText(join(layout.stateDir, 'state.json'))) as object, highest_version: null };
    },
  },
};

const editManifest = (folder: string): void => {
  const file = join(folder, 'holdline.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"notes":""', '"notes":"edited"'));
};

interface Row { readonly attack: string; readonly how: Attack; readonly code: string; readonly without: readonly LeftOut[]; /** How far it gets then: `installed`, or stopped by the next layer. */ readonly reaches: string }

const ROWS: readonly Row[] = [
  { attack: 'software signed by a stranger', how: { key: thief, trust: TRUST }, code: 'signature-key', without: [believing], reaches: 'installed' },
  { attack: 'a manifest edited after signing', how: { key: main, trust: TRUST, tamper: editManifest }, code: 'signature-invalid', without: [believing], reaches: 'installed' },
  { attack: 'a release without any signature', how: { key: null, trust: TRUST }, code: 'waiting', without: [], reaches: '' },
  { attack: 'a signature that names another version', how: { key: main, trust: TRUST, comment: 'repo:acme/monitoring tag:v1.0.9' }, code: 'manifest-mismatch', without: [nothing('../../src/artifact/check-manifest.js', 'checkManifest')], reaches: 'installed' },
  { attack: 'a release of another repository by the same publisher', how: { key: main, trust: TRUST, repo: 'acme/other' }, code: 'manifest-mismatch', without: [nothing('../../src/artifact/check-manifest.js', 'checkManifest')], reaches: 'installed' },
  { attack: 'a version below one that ran here before', how: { key: main, trust: TRUST, state: { highest_version: '1.2.0' } }, code: 'current', without: [forgetful], reaches: 'installed' },
  { attack: 'an expired release', how: { key: main, trust: TRUST, manifest: (m) => ({ ...m, created: '2026-01-01T00:00:00Z', expires: '2026-02-01T00:00:00Z' }) }, code: 'manifest-expired', without: [nothing('../../src/artifact/check-manifest.js', 'assertNotExpired')], reaches: 'installed' },
  { attack: 'a payload other than the signed one', how: { key: main, trust: TRUST, tamper: (folder) => { const file = readFileSync(join(folder, 'monitoring-1.1.0.tar.gz')); file[file.length - 12] = (file[file.length - 12] ?? 0) ^ 1; writeFileSync(join(folder, 'monitoring-1.1.0.tar.gz'), file); } }, code: 'artifact-digest', without: [trustingDownload], reaches: 'archive-invalid' },
  { attack: 'a release that changed under its tag', how: { key: main, trust: TRUST, state: { seen: { 'v1.1.0': { version: '1.1.0', sha256: 'a'.repeat(64), expires: null, at: '2026-11-01T00:00:00Z' } } } }, code: 'release-changed', without: [nothing('../../src/engine/remember-found.js', 'assertUnchanged')], reaches: 'installed' },
  { attack: 'a version far ahead, to bar all later ones', how: { key: main, trust: TRUST, version: '999.0.0' }, code: 'current', without: [], reaches: '' },
  { attack: 'no key pinned', how: { key: main, trust: { keys: [] } }, code: 'trust-key-missing', without: [nothing('../../src/settings/assert-trust.js', 'assertTrust')], reaches: 'trust-key-missing' },
  { attack: 'a revoked key', how: { key: main, trust: TRUST, known: [revoked] }, code: 'signature-key', without: [everyKey], reaches: 'installed' },
  { attack: 'the spare key signing releases by itself', how: { key: spare, trust: TRUST }, code: 'signature-key', without: [everyKey], reaches: 'installed' },
  { attack: 'a change of keys that no trusted key vouched for', how: { key: thief, trust: TRUST, statement: { statement: forged, by: [thief] } }, code: 'key-statement', without: [anyStatement], reaches: 'installed' },
];

afterEach(() => { vi.doUnmock('../../src/main/wire-updater.js'); vi.resetModules(); });

async function attackWithout(how: Attack, leftOut: readonly LeftOut[]): Promise<string> {
  vi.resetModules();
  for (const { module, instead } of leftOut) vi.doMock(module, async (original) => ({ ...await original<object>(), ...instead }));
  try {
    return await (await import('../support/attack-device.js')).runAttack(how);
  } finally { for (const { module } of leftOut) vi.doUnmock(module); }
}

it('a good release is installed, so that each attack is refused for itself alone', async () => {
  expect(await attackWithout({ key: main, trust: TRUST }, [])).toBe('installed');
});
it.each(ROWS)('$attack: $code', async ({ how, code }) => { expect(await attackWithout(how, [])).toBe(code); });
it.each(ROWS.filter(({ without }) => without.length > 0))('$attack: without its defence, $reaches', async ({ how, without, reaches }) => { expect(await attackWithout(how, without)).toBe(reaches); });
it('a version far ahead: without the bound, installed', async () => {
  expect(await attackWithout({ key: main, version: '999.0.0', trust: { ...TRUST, max_major_jump: 100_000 } }, [])).toBe('installed');
});
