// Is there room for the update on every disk it writes to? Pure.
import type { DeviceFacts, DiskUse } from '../../domain/device-facts.js';
import type { RequirementSettings } from '../../domain/device-rules.js';
import type { Requirements } from '../../domain/manifest.js';
import type { RequirementCheck } from '../../domain/requirement-report.js';
import { lasting } from './check.js';

/** Bytes the update writes at most: unchanged files are linked, so that it is mostly far less. */
export interface DiskNeed {
  /** What is still to be downloaded. */
  readonly payload: number;
  readonly unpacked: number;
  /** A copy of what runs, where backups lie on another disk; on the same one they are links. */
  readonly backup: number;
}

export const NO_NEED: DiskNeed = { payload: 0, unpacked: 0, backup: 0 };

interface RoomRequest { readonly requires: Requirements; readonly device: DeviceFacts; readonly rules: RequirementSettings; readonly need: DiskNeed }

const MB = 2 ** 20;
const REMEDY = 'Free some space there, or lower max_backups.';

export function checkRoom({ requires, device, rules, need }: RoomRequest): RequirementCheck[] {
  const checks: RequirementCheck[] = [];
  const { disk_mb: stated } = requires;
  if (stated !== undefined) checks.push(lasting('disk_mb', `${stated}`, `${Math.floor(device.diskMb)}`, device.diskMb >= stated, REMEDY));
  if (rules.diskMarginMb === 0) return checks;
  const disks = device.disks ?? {};
  const home = disks.install_dir?.device;
  const needs: readonly (readonly [DiskUse, number])[] = [
    ['install_dir', need.unpacked], ['state_dir', need.payload], ['backup_path', disks.backup_path?.device === home ? 0 : need.backup],
  ];
  const seen = new Set<number>();
  for (const [use] of needs) {
    const disk = disks[use];
    if (disk === undefined || seen.has(disk.device)) continue;
    seen.add(disk.device);
    const bytes = needs.filter(([other]) => disks[other]?.device === disk.device).reduce((sum, [, one]) => sum + one, 0);
    checks.push(checkDisk(use === 'install_dir' ? 'disk' : `disk of ${use}`, disk.freeMb, bytes / MB, rules.diskMarginMb));
  }
  return checks;
}

function checkDisk(name: string, freeMb: number, needMb: number, marginMb: number): RequirementCheck {
  const least = needMb + marginMb;
  const check = lasting(name, `${Math.ceil(least)} MB free`, `${Math.floor(freeMb)} MB`, freeMb >= least, REMEDY);
  // Enough for this one, not for much more.
  return check.verdict === 'passed' && freeMb < least + marginMb ? { ...check, verdict: 'warned', remedy: REMEDY } : check;
}
