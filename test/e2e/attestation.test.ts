// The built commands with trust.attestation: a certificate authority of our own signs, the local GitHub serves, the device judges.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAttestationWorld, EXPECTED, goodParts, type AttestationWorld, type Json } from '../support/attestation-world.js';
import type { ExpectedAttestation } from '../../src/artifact/attestation/attestation-checks.js';
import { expectRefused } from '../support/e2e/expect-refused.js';
import { createWorld, REPO, type World } from '../support/e2e/world.js';

let world: World;
let authority: AttestationWorld;
const trust = (more: Json = {}): Json => ({ trust: {
  require: 'signature', keys: [world.publicKey], attestation: 'required', attestation_root: join(world.root, 'root.json'), repository_id: Number(EXPECTED.repositoryId), owner_id: Number(EXPECTED.ownerId), ...more,
} });
beforeAll(async () => {
  authority = await createAttestationWorld('public');
  world = await createWorld({ github: { limits: { anonymous: 1000 } } });
  await world.publish('1.0.5');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.0.5' });
  writeFileSync(join(world.root, 'root.json'), JSON.stringify(authority.root));
  world.configure(trust());
});
afterAll(() => world.close());

/** A signed release; its provenance differs from the true one by `changes`. */
async function publish(version: string, changes: Partial<ExpectedAttestation> = {}): Promise<{ readonly asset: string; readonly sha256: string; readonly bundle: Json }> {
  const { payload } = await world.publish(version);
  const { asset, sha256 } = payload;
  return { asset, sha256, bundle: await authority.attest(goodParts({ ...EXPECTED, repo: REPO, tag: `v${version}`, sha256, ...changes })) };
}
const attach = (version: string, name: string, bundle: Json): Promise<void> => world.github.changeAsset(REPO, `v${version}`, name, { content: Buffer.from(JSON.stringify(bundle)) });
/** Assets that were fetched since this was asked last. */
let asked = 0;
function fetched(): number {
  const all = world.github.requests.filter(({ origin }) => origin === 'storage').length;
  const now = all - asked;
  asked = all;
  return now;
}

test('a signed release without an attestation is refused before its payload is fetched', async () => {
  await publish('1.1.0');
  fetched();
  await expectRefused(world, ['--update'], { exit: 1, code: 'attestation-missing', names: 'v1.1.0' });
  expect(fetched()).toBe(3); // manifest, signature, files list
});

test('one of another tag is refused, and says which', async () => {
  const { asset, bundle } = await publish('1.2.0', { tag: 'v1.2.00' });
  await attach('1.2.0', `${asset}.sigstore.json`, bundle);
  await expectRefused(world, ['--update'], { exit: 1, code: 'attestation-workflow', names: '@refs/tags/v1.2.0' });
});

test('the true one is accepted, as an asset', async () => {
  const { asset, bundle } = await publish('1.3.0');
  await attach('1.3.0', `${asset}.sigstore.json`, bundle);
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 0, json: { outcome: 'updated', to: '1.3.0' } });
  expect(fetched()).toBe(9); // four of the refused one before, then five with bundle and payload
});

test('and from the attestations API, where the release has none', async () => {
  const { sha256, bundle } = await publish('1.4.0');
  world.github.addAttestation(REPO, sha256, bundle);
  expect(await world.holdline(['--update', '--json'])).toMatchObject({ code: 0, json: { outcome: 'updated', to: '1.4.0' } });
});

test('under the shipped root nobody else\'s authority counts', async () => {
  const { asset, bundle } = await publish('1.5.0');
  await attach('1.5.0', `${asset}.sigstore.json`, bundle);
  world.configure(trust({ attestation_root: undefined }));
  await expectRefused(world, ['--update'], { exit: 1, code: 'attestation-authority', names: 'authority' });
  world.configure(trust({ attestation_root: 'gone.json' }));
  await expectRefused(world, ['--update'], { exit: 2, code: 'attestation-root', names: 'gone.json' });
  expect(await world.holdline(['--status', '--json'])).toMatchObject({ code: 0, json: { current_version: '1.4.0' } });
  world.configure(trust());
});

test('a folder is judged the same way', async () => {
  const { folder, manifest } = await world.build('1.6.0', { 'VERSION': '1.6.0\n', 'src/server.js': '//\n', 'config/app.yaml': 'a: 1\n' });
  await expectRefused(world, ['--update', '--from', folder], { exit: 1, code: 'attestation-missing', names: '1.6.0' });
  const bundle = await authority.attest(goodParts({ ...EXPECTED, repo: REPO, tag: 'v1.6.0', sha256: manifest.payload.sha256 }));
  writeFileSync(join(folder, `${manifest.payload.asset}.sigstore.json`), JSON.stringify(bundle));
  expect(await world.holdline(['--update', '--from', folder, '--json'])).toMatchObject({ code: 0, json: { outcome: 'updated', to: '1.6.0' } });
});
