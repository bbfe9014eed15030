// Asked by whatever reads releases, before it reads one. `--status` does not ask.
import { HoldlineError } from '../domain/errors.js';
import type { Settings } from '../domain/settings.js';

/** Throws `trust-key-missing` when signatures are required and no key that may sign releases is pinned: no key must never mean "accept". */
export function assertTrust(settings: Pick<Settings, 'trust' | 'file'>): void {
  if (settings.trust.require !== 'signature' || settings.trust.keys.some(({ purpose }) => purpose !== 'spare')) return;
  const [problem] = settings.trust.problems ?? [];
  const why = problem?.message ?? `trust.require is signature and trust.keys ${settings.trust.keys.length === 0 ? 'is empty' : 'holds only spare keys'}`;
  throw new HoldlineError('trust-key-missing', `cannot trust any release: ${why}; the running version stays as it is`, {
    hint: problem?.hint ?? `Add the publisher's minisign public key to ${settings.file ?? 'the settings'}, trust: {keys: ["RW…"]}; without signatures, trust: {require: checksum} trusts GitHub and its transport.`,
    ...(problem?.where === undefined ? {} : { where: problem.where }),
  });
}
