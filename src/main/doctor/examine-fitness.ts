// `holdline doctor`: how fit the device is for any update at this moment, by the same judge that an update has to pass.
import { formatBytes } from '../../interface/cli/format.js';
import { bytesToday } from '../../decide/judge-budget.js';
import { judgeRequirements } from '../../decide/judge-requirements.js';
import { NO_NEED } from '../../decide/requirements/room.js';
import { readBytesOfDay } from '../../engine/byte-budget.js';
import type { DoctorFinding } from '../../interface/app.js';
import { readDeviceFacts } from '../../platform/device-facts.js';
import { failed, passed, warned, type DeviceParts } from './examine-device.js';

export async function examineFitness({ settings, layout, fs, clock, processes }: DeviceParts): Promise<DoctorFinding[]> {
  const places = { install_dir: layout.installDir, state_dir: layout.stateDir, backup_path: layout.backupPath };
  let device;
  // A missing folder is told already.
  try { device = await readDeviceFacts({ places, processes, askNetwork: settings.network.metered !== 'ignore' }); } catch { return []; }
  const now = clock.now();
  const report = judgeRequirements({ requires: {}, device: { ...device, currentVersion: null }, rules: settings.requirements, network: settings.network, need: NO_NEED, type: null, now });
  const findings = report.checks.filter(({ name }) => name !== 'clock').map(({ name, needed, have, verdict, remedy }): DoctorFinding => {
    const check = `requires ${name}`;
    const detail = `${have} (needed: ${needed})`;
    if (verdict === 'failed') return failed(check, detail, remedy ?? '');
    return verdict === 'warned' ? warned(check, detail, remedy ?? '') : passed(check, detail);
  });
  return [...findings, passed('fitness', `score ${report.score} of 100 for an update now`), ...examineBudget({ settings, layout, fs }, now)];
}

function examineBudget({ settings, layout, fs }: Pick<DeviceParts, 'settings' | 'layout' | 'fs'>, now: Date): DoctorFinding[] {
  const { dailyBytes } = settings.network;
  if (dailyBytes === 0) return [];
  const used = bytesToday(readBytesOfDay(fs, layout), now);
  const detail = `${formatBytes(used)} of ${formatBytes(dailyBytes)} downloaded today (UTC)`;
  return [used < dailyBytes ? passed('byte budget', detail) : warned('byte budget', detail, 'Updates wait for the next day; raise network.daily_bytes if that is too long.')];
}
