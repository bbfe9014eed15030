// A fetcher that has been taken over: honest but for one thing, named in HOSTILE. It has kept its rights: what stops it here is its parent alone.
import { readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../src/domain/manifest.js';
import type { Release } from '../../src/domain/release.js';
import { brokeredCalls } from '../../src/platform/brokered-calls.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { nodeSystemCalls } from '../../src/platform/node-system-calls.js';
import { fetchSmallAsset } from '../../src/artifact/fetch-small-asset.js';
import { transferBounds } from '../../src/artifact/obtain-manifest.js';
import { systemClock } from '../../src/platform/clock.js';
import { localSources, type SourceParts } from '../../src/main/fetcher/local-sources.js';
import { EFFECT_PIPES, type Question, type ToFetcher } from '../../src/main/fetcher/questions.js';
import type { Settings } from '../../src/domain/settings.js';
import type { Layout } from '../../src/domain/layout.js';

const lie = process.env['HOSTILE'] ?? 'none';
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const { calls, settle } = brokeredCalls(EFFECT_PIPES, nodeSystemCalls());
const fs = createFilesystem(calls);
let settings: Settings;
let layout: Layout;
let parts: SourceParts;

/** Waits for the refusal: it must not hit what is asked for honestly. */
const trying = (act: () => void): void => { try { act(); settle(); } catch { /* refused, as it should be */ } };
const evil = (path: string): void => trying(() => { const file = fs.open(path, 'truncate', 0o644); file.write(Buffer.from('evil')); file.close(); });

/** Everything it could want to reach. */
function attackLive(): void {
  const house = join(layout.installDir, '.holdline');
  for (const path of [join(layout.installDir, 'src/main.js'), join(house, 'current/src/main.js'), join(layout.stateDir, 'state.json'), join(layout.stateDir, 'keys.json'), join(layout.stateDir, 'journal/evil')]) { evil(path); trying(() => fs.unlink(path)); }
  for (const name of readdirSync(layout.installDir)) trying(() => fs.rename(join(layout.installDir, name), join(layout.stateDir, 'downloads', name)));
  trying(() => fs.symlink('/tmp', join(house, 'current')));
}

const releasesWith = (releases: readonly Release[], change: Partial<Release>): object => ({ releases: releases.map((release) => ({ ...release, ...change })), rateLimit: null });

async function perform(question: Question): Promise<unknown> {
  const signal = new AbortController().signal;
  const from = 'from' in question ? question.from : null;
  const source = from === null ? parts.source : parts.sourceFrom(from);
  const artifact = parts.artifact(source);
  if (lie === 'attacks the device') attackLive();
  if (lie === 'dies' && question.kind === 'payload') process.exit(3);
  if (lie === 'says nothing' && question.kind === 'payload') await new Promise(() => undefined);
  if (lie === 'speaks another language' && question.kind === 'payload') writeSync(EFFECT_PIPES.out, Buffer.alloc(64, 0xff));
  switch (question.kind) {
    case 'list': {
      const { releases } = await source.list(signal);
      if (lie === 'invents a version') return releasesWith(releases, { version: '9.0.0', tag: 'v9.0.0' });
      if (lie === 'names a folder as version') return releasesWith(releases, { version: '../../../../tmp/x' });
      return { releases, rateLimit: null };
    }
    case 'read': {
      const content = await fetchSmallAsset({ source, clock: systemClock, log: quiet }, question.asset, 2 ** 20, transferBounds(settings), signal);
      return (lie === 'changes the manifest' ? Buffer.from(content.toString().replace('"notes"', '"motes"')) : content).toString('base64');
    }
    case 'payload': {
      const payload = await artifact.obtainPayload(question.release, question.manifest as Manifest, signal);
      if (lie === 'names another payload') return { ...payload, path: '/etc/passwd' };
      if (lie === 'changes the list of files') return { ...payload, files: payload.files?.map((entry) => ({ ...entry, sha256: 'e'.repeat(64) })) };
      return payload;
    }
    case 'listing': return artifact.listPayload(question.payload, signal);
    case 'extract': {
      const staged = await artifact.extract(question.payload, question.into, question.reuse, signal);
      if (lie === 'stages other files') { trying(() => fs.unlink(join(question.into, 'src/main.js'))); evil(join(question.into, 'src/main.js')); }
      if (lie === 'stages one file more') evil(join(question.into, 'src/evil.js'));
      if (lie === 'stages a link to elsewhere') { fs.remove(question.into); fs.symlink('/usr', question.into); }
      if (lie === 'writes through a second name' && question.reuse !== null) evil(join(question.into, 'src/same.js'));
      return staged;
    }
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToFetcher) => {
  if (message.type === 'begin') {
    ({ settings, layout } = message);
    parts = localSources({ settings, layout, fs, log: quiet, report: () => undefined });
    process.send?.({ type: 'begun', lacks: null });
  }
  if (message.type !== 'ask') return;
  const facts = { description: 'x', requestsToday: 0, rateLimit: null };
  perform(message.question).then((result) => { settle(); return result; }).then((result) => process.send?.({ type: 'answer', id: message.id, result, facts }), (thrown: unknown) => {
    const { code = 'internal', message: text = '' } = thrown as { code?: string; message?: string };
    process.send?.({ type: 'refusal', id: message.id, error: { code, message: text }, context: {}, facts });
  });
});
