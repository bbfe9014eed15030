import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Layout } from '../../src/domain/layout.js';
import type { HistoryEntry } from '../../src/domain/results.js';
import { EMPTY_STATE } from '../../src/domain/state.js';
import { changeDeviceState, readDeviceState } from '../../src/engine/device-state.js';
import { appendHistory, readHistory } from '../../src/engine/history.js';
import { createFilesystem } from '../../src/platform/filesystem.js';

const fs = createFilesystem();
let layout: Layout;
beforeEach(() => { const dir = mkdtempSync(join(tmpdir(), 'holdline-state-')); layout = { installDir: join(dir, 'app'), stateDir: join(dir, 'state'), sharedDir: join(dir, 'state'), runtimeDir: join(dir, 'run'), backupPath: join(dir, 'backups') }; });
afterEach(() => rmSync(join(layout.stateDir, '..'), { recursive: true, force: true }));

describe('the remembered state', () => {
  it('is empty at first, kept afterwards, and not written when nothing changes', () => {
    expect(readDeviceState(fs, layout)).toEqual(EMPTY_STATE);
    changeDeviceState(fs, layout, (state) => state);
    expect(() => readdirSync(layout.stateDir)).toThrow();
    changeDeviceState(fs, layout, (state) => ({ ...state, highest_version: '1.2.0' }));
    expect(readDeviceState(fs, layout).highest_version).toBe('1.2.0');
  });

  it.each([['torn', '{"format":1,"bl'], ['another format', '{"format":2,"blocked":[]}'], ['a floor that is no text', '{"format":1,"blocked":[],"interrupted":{},"incomplete_since":{},"highest_version":7}'], ['empty', '']])(
    'does not give up the floor for a file that is %s', (_name, text) => {
      mkdirSync(layout.stateDir, { recursive: true });
      writeFileSync(join(layout.stateDir, 'state.json'), text);
      expect(() => readDeviceState(fs, layout)).toThrow(expect.objectContaining({ code: 'recovery-failed' }));
    });
});

describe('the history', () => {
  const entry = (transaction: string): HistoryEntry => ({ at: '2026-11-21T09:00:00Z', transaction, kind: 'update', outcome: 'committed', from: '1.0.0', to: '1.1.0', reason: null, actor: 't', downtime_ms: 1, duration_ms: 2, bytes_downloaded: 3, bytes_written: 4 });
  it('tells the newest first, each transaction once, and survives a torn line', () => {
    expect(readHistory(fs, layout, 5)).toEqual([]);
    mkdirSync(layout.stateDir, { recursive: true });
    for (const id of ['a', 'b', 'b', 'c']) appendHistory(fs, layout, entry(id));
    expect(readHistory(fs, layout, 2).map((e) => e.transaction)).toEqual(['c', 'b']);
    const file = join(layout.stateDir, 'history.jsonl');
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"at":"torn`);
    expect(readHistory(fs, layout, 9)).toHaveLength(3);
  });
});
