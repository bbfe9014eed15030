// The attestation part of the trust section: off, or everything that identifies the one build that counts.
// It must never leave an identity open: what is not pinned here could be anybody's.
import type { AttestationSettings } from '../domain/settings.js';
import type { Finding } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';

export interface AttestationSurroundings {
  readonly githubRepo: string;
  readonly githubApiUrl: string;
  readonly absolute: (path: string) => string;
}

export function completeAttestation(input: SettingsInput['trust'], around: AttestationSurroundings, findings: Finding[]): AttestationSettings | undefined {
  if (input.attestation === 'off') return undefined;
  const { repository_id: repositoryId, owner_id: ownerId } = input;
  const missing = [...(repositoryId === undefined ? ['repository_id'] : []), ...(ownerId === undefined ? ['owner_id'] : [])];
  if (missing.length > 0) {
    findings.push({
      path: ['trust', 'attestation'], at: 'value', message: `trust.attestation is ${input.attestation}, but trust.${missing.join(' and trust.')} ${missing.length === 1 ? 'is' : 'are'} not set`,
      hint: `Names can be taken over, numbers cannot. They are "id" and "owner.id" of ${around.githubApiUrl}/repos/${around.githubRepo}, or: gh api repos/${around.githubRepo} --jq '.id, .owner.id'`,
    });
  }
  if (input.attestation === 'release' && input.attestation_root === undefined) {
    findings.push({
      path: ['trust', 'attestation'], at: 'value', message: 'trust.attestation is release, but trust.attestation_root is not set: these are signed by GitHub\'s own instance, whose root is not shipped',
      hint: 'On a computer you trust: gh attestation trusted-root > trusted_root.jsonl, and name that file.',
    });
  }
  return {
    kind: input.attestation === 'release' ? 'release' : 'provenance',
    rootFile: input.attestation_root === undefined ? null : around.absolute(input.attestation_root),
    issuer: input.attestation_issuer,
    server: serverOf(around.githubApiUrl),
    workflow: input.attestation_workflow,
    repositoryId: String(repositoryId ?? ''),
    ownerId: String(ownerId ?? ''),
  };
}

/** Where the repository's pages are, as certificates name it: `https://api.HOST` and `https://HOST/api/v3` belong to `https://HOST`. */
function serverOf(apiUrl: string): string {
  const { hostname, host, pathname } = new URL(apiUrl);
  if (pathname.replace(/\/+$/u, '') === '/api/v3') return `https://${host}`;
  return hostname.startsWith('api.') ? `https://${host.slice('api.'.length)}` : 'https://github.com';
}
