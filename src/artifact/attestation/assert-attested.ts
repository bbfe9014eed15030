// The question the settings ask of a payload: is there an attestation that proves its origin? Looks among the release's assets, else
// at the source. Where a bundle comes from decides nothing; only what it proves under the pinned root does.
import { errnoOf, toHoldlineError, type HoldlineError } from '../../domain/errors.js';
import type { Filesystem } from '../../domain/ports.js';
import type { Release } from '../../domain/release.js';
import type { AttestationSettings } from '../../domain/settings.js';
import type { TransferBounds } from '../download.js';
import { fetchSmallAsset, type SmallAssetDeps } from '../fetch-small-asset.js';
import { chooseAttestationAssets, MAX_BUNDLE_FILE_BYTES, splitBundles } from './attestation-assets.js';
import { refused, unusableRoot } from './attestation-errors.js';
import type { ExpectedAttestation } from './attestation-checks.js';
import { readBundle } from './read-bundle.js';
import { loadSigstore, type Sigstore, type TrustedRoot } from './sigstore.js';
import { MAX_ROOT_BYTES, parseTrustedRoots } from './trusted-root.js';
import { verifyAttestation, type Attested } from './verify-attestation.js';

export interface AttestationDeps extends SmallAssetDeps {
  readonly fs: Filesystem;
  /** Sigstore's public-good root as it comes with holdline. */
  readonly shippedRootFile?: string | undefined;
}

export interface AttestedPayload {
  readonly name: string;
  /** Lower-case hex: of the bytes that will be used. */
  readonly sha256: string;
}

export interface AttestationQuestion {
  readonly attestation: AttestationSettings;
  readonly repo: string;
  readonly release: Release;
  readonly payload: AttestedPayload;
  readonly bounds: TransferBounds;
}

/** Throws one of the `attestation-…` codes unless one bundle passes; returns what came over the network for it. */
export async function assertAttested(deps: AttestationDeps, question: AttestationQuestion, signal: AbortSignal): Promise<{ readonly bytesDownloaded: number }> {
  const { attestation, repo, release, payload } = question;
  const roots = readRoots(deps, attestation);
  const sigstore = await loadSigstore();
  const expected: ExpectedAttestation = { ...attestation, repo, tag: release.tag, sha256: payload.sha256 };
  const trial = new Trial(sigstore, roots, expected);
  let bytesDownloaded = 0;
  for (const asset of chooseAttestationAssets(release, payload)) {
    const content = await fetchSmallAsset(deps, asset, MAX_BUNDLE_FILE_BYTES, question.bounds, signal);
    bytesDownloaded += content.length;
    const attested = trial.tryFile(content);
    if (attested !== undefined) return accept(deps, attested, payload, asset.name, bytesDownloaded);
  }
  const attested = trial.tryAll(await askSource(deps, payload, trial, signal));
  if (attested !== undefined) return accept(deps, attested, payload, deps.source.description, bytesDownloaded);
  throw trial.nearest ?? refused('attestation-missing', `${payload.name} of ${release.tag} has no attestation, and trust.attestation is ${attestation.kind === 'release' ? 'release' : 'required'}`,
    `Nothing was installed. In the release workflow use actions/attest-build-provenance, and upload its bundle as ${payload.name}.sigstore.json.`);
}

/** Tries bundles one by one and keeps the failure that tells most. */
class Trial {
  #nearest: { readonly error: HoldlineError; readonly rank: number } | undefined;

  constructor(private readonly sigstore: Sigstore, private readonly roots: readonly TrustedRoot[], private readonly expected: ExpectedAttestation) {}

  get nearest(): HoldlineError | undefined { return this.#nearest?.error; }

  tryFile(content: Uint8Array): Attested | undefined {
    try {
      return this.tryAll(splitBundles(content));
    } catch (thrown) {
      this.#keep(thrown, undefined);
      return undefined;
    }
  }

  tryAll(values: readonly unknown[]): Attested | undefined {
    for (const value of values) {
      try {
        return verifyAttestation(this.sigstore, this.roots, value, this.expected);
      } catch (thrown) {
        this.#keep(thrown, value);
      }
    }
    return undefined;
  }

  #keep(thrown: unknown, value: unknown): void {
    const error = toHoldlineError(thrown);
    const rank = (this.#isAbout(value) ? 100 : 0) + TELLING.indexOf(error.code);
    if (this.#nearest === undefined || rank > this.#nearest.rank) this.#nearest = { error, rank };
  }

  /** Only for the choice of a message: nothing of it is verified. */
  #isAbout(value: unknown): boolean {
    try {
      return value !== undefined && readBundle(this.sigstore, value).statement.sha256.includes(this.expected.sha256);
    } catch {
      return false;
    }
  }
}

/** The further a bundle came, the more its failure tells; a bundle of another kind or instance tells least. */
const TELLING: readonly string[] = [
  'attestation-predicate', 'attestation-authority', 'attestation-subject', 'attestation-invalid', 'attestation-certificate', 'attestation-log', 'attestation-issuer',
  'attestation-workflow', 'attestation-repository', 'attestation-ref', 'attestation-runner',
];

function accept({ log }: AttestationDeps, { signer, predicateType }: Attested, payload: AttestedPayload, from: string, bytesDownloaded: number): { readonly bytesDownloaded: number } {
  log.info(`the origin of ${payload.name} is proven`, { signer, kind: predicateType, sha256: payload.sha256, attestation_from: from });
  return { bytesDownloaded };
}

/** A source that cannot be asked is no worse than one that has nothing, once there was a bundle to judge. */
async function askSource({ source, log }: AttestationDeps, { sha256 }: AttestedPayload, trial: Trial, signal: AbortSignal): Promise<readonly unknown[]> {
  if (source.attestations === undefined) return [];
  try {
    return await source.attestations(sha256, signal);
  } catch (thrown) {
    if (trial.nearest === undefined || signal.aborted) throw thrown;
    log.debug('the source cannot be asked for attestations', { reason: toHoldlineError(thrown).message });
    return [];
  }
}

function readRoots({ fs, shippedRootFile }: AttestationDeps, { rootFile }: AttestationSettings): readonly TrustedRoot[] {
  const file = rootFile ?? shippedRootFile;
  if (file === undefined) throw unusableRoot('of Sigstore\'s public-good instance', 'is not shipped here');
  let text: string;
  try {
    text = fs.readText(file, MAX_ROOT_BYTES);
  } catch (cause) {
    throw unusableRoot(file, errnoOf(cause) === 'ENOENT' ? 'does not exist' : `cannot be read (${errnoOf(cause) ?? 'unknown error'})`, cause);
  }
  return parseTrustedRoots(text, file);
}
