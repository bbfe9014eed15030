import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { AttestationSettings } from '../../src/domain/settings.js';
import { loadSettings } from '../../src/settings/load-settings.js';

function load(trust: string, more = ''): AttestationSettings | undefined {
  const text = `github_repo: acme/monitoring\n${more}trust:\n${trust.split('\n').map((line) => `  ${line}\n`).join('')}`;
  return loadSettings({ file: '/etc/h/h.yaml', env: { OWNER: '77' }, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '', text }).trust.attestation;
}
const IDS = 'repository_id: 123\nowner_id: 45';

describe('trust.attestation', () => {
  it.each([['left out', 'require: checksum'], ['off', 'attestation: off'], ['off with numbers left in', `attestation: off\n${IDS}`]])('asks for nothing when %s', (_, trust) => {
    expect(load(trust)).toBeUndefined();
  });
  it('has defaults for everything but the two numbers', () => {
    expect(load(`attestation: required\n${IDS}`)).toEqual({
      kind: 'provenance', rootFile: null, issuer: 'https://token.actions.githubusercontent.com', server: 'https://github.com',
      workflow: '.github/workflows/release.yml', repositoryId: '123', ownerId: '45',
    });
  });
  it('reads a number from a variable, and files beside the settings', () => {
    expect(load('attestation: release\nrepository_id: 123\nowner_id: ${OWNER}\nattestation_root: roots/r.jsonl')).toMatchObject({ kind: 'release', ownerId: '77', rootFile: '/etc/h/roots/r.jsonl' });
  });
  it.each([
    ['https://api.github.com', 'https://github.com'], ['https://api.acme.ghe.com', 'https://acme.ghe.com'],
    ['https://ghe.example.com/api/v3/', 'https://ghe.example.com'], ['http://127.0.0.1:8080', 'https://github.com'],
  ])('of %s expects identities of %s', (api, server) => {
    expect(load(`attestation: required\n${IDS}`, `github_api_url: ${api}\n`)?.server).toBe(server);
  });
  it.each([
    ['no numbers', 'attestation: required', /repository_id and trust\.owner_id are not set/u],
    ['one number', 'attestation: required\nrepository_id: 5', /trust\.owner_id is not set/u],
    ['release without a root', `attestation: release\n${IDS}`, /attestation_root is not set/u],
    ['a number below one', 'attestation: required\nrepository_id: 0\nowner_id: 1', /at least 1/u],
    ['a name for a number', 'attestation: required\nrepository_id: acme\nowner_id: 1', /must be a/u],
    ['a boolean', `attestation: true\n${IDS}`, /must be one of off, required, release/u],
    ['a workflow elsewhere', `attestation: required\n${IDS}\nattestation_workflow: release.yml`, /must be a workflow file/u],
    ['a workflow with its ref', `attestation: required\n${IDS}\nattestation_workflow: .github/workflows/release.yml@main`, /must be a workflow file/u],
    ['an issuer without https', `attestation: required\n${IDS}\nattestation_issuer: token.example`, /https:\/\//u],
    ['a misspelt key', `attestation: required\n${IDS}\nattestation_roots: x`, /did you mean "attestation_root"/u],
  ])('refuses %s', (_, trust, message) => {
    let thrown: unknown;
    try { load(trust); } catch (error) { thrown = error; }
    expect(thrown).toBeInstanceOf(HoldlineError);
    expect(thrown).toMatchObject({ code: 'settings-invalid', message: expect.stringMatching(message) as unknown, where: { file: '/etc/h/h.yaml' } });
  });
});
