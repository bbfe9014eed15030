// For each row of SECURITY.md that threats.test.ts does not take apart: the defence as it stands in the source, what stands there when it is
// left out, and the row's own test, which must fail then. run-without-defences.ts does that.

export interface LeftOut { readonly file: string; readonly from: string; readonly to: string }
export interface Defence {
  /** How the row begins in SECURITY.md. */
  readonly row: string;
  readonly test: string;
  readonly name: string;
  readonly leftOut: readonly LeftOut[];
}

const one = (row: string, file: string, from: string, to: string, test: string, name: string): Defence => ({ row, test, name, leftOut: [{ file, from, to }] });

const wholeDigest: LeftOut = { file: 'src/artifact/download.ts', from: 'if (expected.sha256 === undefined || sha256 === expected.sha256) {', to: 'if (sha256 !== \'\') {' };

export const DEFENCES: readonly Defence[] = [
  one('no key pinned', 'src/artifact/obtain-manifest.ts', 'trust.require === \'signature\' && trust.keys.length === 0', 'trust.keys.length < 0', 'test/artifact/obtain-release.test.ts', 'signature: no key'),
  one('a manifest stripped', 'src/artifact/obtain-manifest.ts', 'const proof = trust.require === \'signature\' ?', 'const proof = trust.require === \'signature\' && findAsset(release, SIGNATURE_ASSET) !== undefined ?', 'test/artifact/obtain-release.test.ts', 'signature: no signature'),
  { row: 'mix and match: assets', test: 'test/artifact/obtain-release.test.ts', name: 'a payload other than signed', leftOut: [wholeDigest] },
  one('mix and match: assets', 'src/artifact/obtain-release.ts', 'if (sha256 !== stated.sha256) throw', 'if (sha256 === \'\') throw', 'test/artifact/obtain-release.test.ts', 'another files list'),
  { row: 'mix and match: the parts of two components', test: 'test/artifact/obtain-part.test.ts', name: 'as files: the payloads', leftOut: [wholeDigest] },
  one('mix and match: the parts of two components', 'src/artifact/manifest.ts', 'if (owner !== undefined) throw invalid(', 'if (owner === \'\') throw invalid(', 'test/artifact/manifest-of-several.test.ts', 'two parts with one payload'),
  one('mix and match: the parts of two components', 'src/artifact/choose-part.ts', 'const part = components[name];', 'const [part] = Object.values(components);', 'test/artifact/obtain-part.test.ts', 'its own payload'),
  one('a forged key store', 'src/artifact/keys/key-ring.ts', 'if (vouchers.length === 0) {', 'if (vouchers.length < 0) {', 'test/artifact/keys/key-ring.test.ts', 'whoever writes into the store gains no key'),
  one('a rollout statement forged', 'src/artifact/rollout/prove-rollout.ts', 'news.statement.serial > known.statement.serial) return;', 'news.statement.serial > 0) return;', 'test/engine/rollout-device.test.ts', 'older: the last good one'),
  one('a rollout statement forged', 'src/artifact/rollout/prove-rollout.ts', 'if (trustedComment !== rolloutComment(statement)) throw', 'if (trustedComment === \'\') throw', 'test/artifact/rollout/prove-rollout.test.ts', 'a signature of a release'),
  one('a rollout statement slipped in', 'src/publish/write-rollout.ts', 'ring: keys === null ? null : pinnedRing(scope.repo, keys)', 'ring: null', 'test/publish/change-rollout.test.ts', 'not signed along'),
  {
    row: 'endless data', test: 'test/artifact/download-over-sockets.test.ts', name: 'more bytes than signed', leftOut: [
      { file: 'src/artifact/receive-answer.ts', from: 'if (before + bytes.byteLength > cap) {', to: 'if (before > cap * 1e6) {' },
      { file: 'src/artifact/receive-answer.ts', from: 'if (total > (context.size ?? context.maxBytes)) throw', to: 'if (total < 0) throw' },
    ],
  },
  one('slow retrieval', 'src/artifact/watch-transfer.ts', 'limits: TransferLimits, signal: AbortSignal): TransferWatch {', 'given: TransferLimits, signal: AbortSignal): TransferWatch {\n  const limits = { ...given, deadlineAtMs: 1e12 };', 'test/artifact/download-over-sockets.test.ts', 'a trickle past the deadline'),
  one('a server that speaks HTTP', 'src/platform/http.ts', 'const answered = withDeadline(answerMs, options.signal);', 'const answered = withDeadline(2 ** 31 - 1, options.signal);', 'test/source/hostile-server.test.ts', 'passing answers (1xx) without end'),
  one('redirects to other hosts', 'src/source/redirect-rule.ts', 'if (isForbidden(target.hostname)) return', 'if (isForbidden(\'\')) return', 'test/source/github-open.test.ts', 'is not followed'),
  one('the token leaks', 'src/source/open-asset.ts', 'atApi &&= isApiAddress(access, address);', 'atApi ||= isApiAddress(access, address);', 'test/source/github-open.test.ts', 'storage gets neither'),
  {
    row: 'bytes that change', test: 'test/artifact/download-over-sockets.test.ts', name: 'an asset replaced between two tries never becomes a mixture', leftOut: [
      wholeDigest, { file: 'src/source/open-asset.ts', from: '...(range?.etag === undefined ? {} : { \'if-range\': range.etag }),', to: '' },
      { file: 'src/artifact/receive-answer.ts', from: 'const sameFile = response?.etag === undefined || range.etag === undefined || response.etag === range.etag;', to: 'const sameFile = true;' },
    ],
  },
  one('verified, then swapped', 'src/steps/stage-tree.ts', 'if (found === expect.digest) return;', 'if (found !== \'\') return;', 'test/engine/update-device.test.ts', 'refuses a payload whose tree is not the signed one'),
  one('verified, then swapped', 'src/artifact/read-gzip.ts', 'this.#hash.digest(\'hex\') !== this.file.sha256', 'this.#hash.digest(\'hex\') === \'\'', 'test/artifact/extract.test.ts', 'hashes what it unpacks'),
  one('payload files absent', 'src/artifact/files-list.ts', 'if (found !== treeDigestStated) {', 'if (found === \'\') {', 'test/artifact/files-list.test.ts', 'accepts no other bytes that mean another tree'),
  one('a link, path or device node', 'src/artifact/archive-names.ts', 'if (part === \'..\') throw', 'if (part === \'...\') throw', 'test/artifact/extract-hostile.test.ts', 'name: parent in the middle'),
  one('a link, path or device node', 'src/artifact/tree-links.ts', 'checkLinkTarget(path: string, target: string): void {', 'checkLinkTarget(path: string, target: string): void {\n  if (path + target !== \'\') return;', 'test/artifact/extract-hostile.test.ts', 'link: absolute'),
  one('owner, setuid and modes', 'src/artifact/tree-sink.ts', 'if ((entry.mode & SPECIAL_BITS) !== 0) throw', 'if ((entry.mode & SPECIAL_BITS) < 0) throw', 'test/artifact/extract-hostile.test.ts', 'sticky folder'),
  one('bombs', 'src/artifact/extract.ts', 'if (this.#total > RATIO_FREE_BYTES && this.#total > this.size * this.limits.ratio) {', 'if (this.#total < this.size * 0) {', 'test/artifact/extract-hostile.test.ts', 'hostile archives'),
  one('bombs', 'src/settings/schema.ts', 'entries: 100_000,', 'entries: 500_000,', 'test/artifact/extract-million.test.ts', 'a million entries'),
  one('a release that says what runs', 'src/decide/judge-claims.ts', 'if (hook === undefined) return;', 'if (hook !== \'\') return;', 'test/decide/judge-components.test.ts', 'hooks are refused: only settings name what runs'),
  one('file names that a shell', 'src/platform/processes.ts', 'shell: false,', 'shell: true,', 'test/platform/processes.test.ts', 'passes arguments as they are, never through a shell'),
  one('an unauthenticated dashboard', 'src/platform/control-socket.ts', 'const SOCKET_MODE = 0o660;', 'const SOCKET_MODE = 0o666;', 'test/platform/control-socket.test.ts', 'is closed to others'),
  one('a secret in logs', 'src/settings/redact.ts', 'for (const secret of spellingsOf(secrets)) clean = clean.replaceAll(secret, MARK);', 'spellingsOf(secrets);', 'test/settings/redact.test.ts', 'leaves no token in any text'),
  one('text of a release that takes over', 'src/interface/cli/terminal.ts', 'return code < 0x20 ||', 'return code < 0 ||', 'test/interface/run-cli.test.ts', 'lets no control character of a reason reach the terminal'),
  one('tracks covered afterwards', 'src/engine/audit-lines.ts', 'if (previous !== undefined && chain(previous, found.json) !== found.hash)', 'if (previous !== undefined && chain(previous, found.json) === \'\')', 'test/engine/audit-log.test.ts', 'a word in a line'),
  one('a full disk to stop an undo', 'src/engine/audit-log.ts', 'position = undefined;\n        lost += 1;', 'throw thrown;', 'test/engine/audit-log.test.ts', 'a full disk throws nothing'),
  one('a journal that makes recovery', 'src/engine/journal.ts', 'const records = parseJournal(Buffer.from(line), path).records;', 'const records = [begin] as unknown as ReturnType<typeof parseJournal>[\'records\'];', 'test/recovery/recover.test.ts', 'refuses a plan whose undo recovery would refuse'),
  one('malformed input', 'src/artifact/files-list.ts', 'throw invalid(\'it is not JSON in UTF-8\', cause);', 'throw cause;', 'test/fuzz/fuzz.test.ts', 'files-list'),
  one('a taken-over fetcher', 'src/platform/seccomp-filter.ts', 'const WRITING_FLAGS = 0o3 | 0o100 | 0o1000;', 'const WRITING_FLAGS = 0;', 'test/platform/seccomp-filter.test.ts', 'openat'),
  one('a taken-over fetcher', 'src/platform/effect-broker.ts', '|| found.nlink > 1) throw', '|| found.nlink < 0) throw', 'test/platform/effect-broker.test.ts', 'a file shared with the running version'),
  one('a taken-over fetcher', 'src/platform/effect-broker.ts', 'if (folder !== undefined && path !== folder) this.#assertRealFolders', 'if (folder === \'\') this.#assertRealFolders', 'test/platform/effect-broker.test.ts', 'a link made before leads nowhere'),
  one('a taken-over fetcher', 'src/main/fetcher/judge-answers.ts', 'treeDigest(files) !== manifest.tree_digest ||', '', 'test/security/taken-over-fetcher.test.ts', 'changes the list of files'),
];
