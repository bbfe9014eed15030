// Reads /proc: who a pid is, who is left of a process group, whose environment holds a mark. Changes nothing.
import { readFileSync, readdirSync } from 'node:fs';
import type { ProcessIdentity } from '../domain/service-host.js';

export interface ProcessRow extends ProcessIdentity {
  /** `Z` and `X` are dead already and only wait for their parent. */
  readonly state: string;
  readonly group: number;
}

/** Undefined when there is no such process. */
export function readProcess(pid: number): ProcessRow | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch { return undefined; }
}

/** `pid (name) state ppid pgrp …`: the name may hold blanks and brackets, so fields count from the LAST bracket. */
export function parseProcessStat(text: string): ProcessRow | undefined {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(')') + 2).trim().split(' ');
  const [state, , group] = fields;
  const startTime = fields[19]; // field 22 of proc(5)
  if (!Number.isInteger(pid) || state === undefined || group === undefined || startTime === undefined) return undefined;
  return { pid, state, group: Number(group), startTime };
}

export function isLive(row: ProcessRow | undefined): row is ProcessRow {
  return row !== undefined && row.state !== 'Z' && row.state !== 'X';
}

/** A zombie nobody reaps (a container without an init) keeps its group signalable, so the table is asked, not kill(). */
export function isGroupAlive(group: number): boolean {
  try { process.kill(-group, 0); } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return false;
  }
  return listPids().some((pid) => {
    const row = readProcess(pid);
    return isLive(row) && row.group === group;
  });
}

export function findGroupLeaders(env: Readonly<Record<string, string>>): ProcessIdentity[] {
  return findByEnvironment(env, (row) => row.group === row.pid);
}

export function findByEnvironment(env: Readonly<Record<string, string>>, among: (row: ProcessRow) => boolean = () => true): ProcessIdentity[] {
  const wanted = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const found: ProcessIdentity[] = [];
  for (const pid of listPids()) {
    const row = readProcess(pid);
    if (!isLive(row) || !among(row)) continue;
    const has = new Set(readEnvironment(pid));
    if (wanted.every((line) => has.has(line))) found.push({ pid, startTime: row.startTime });
  }
  return found;
}

function listPids(): number[] {
  return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).map(Number);
}

function readEnvironment(pid: number): string[] {
  try { return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'); } catch { return []; } // another user's, or gone
}
