// What the parts on block devices need of the machine.
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

export const BLOCK_NEEDS = {
  'cc': 'gcc', 'qemu-storage-daemon': 'qemu-system-common', 'fusermount3': 'fuse3', 'losetup': 'mount', 'mkfs.ext4': 'e2fsprogs', 'flock': 'util-linux', 'find': 'findutils', 'sha256sum': 'coreutils',
};

/** A container without loop devices, or without the right to mount. */
export function whyNoLoop(): string | undefined {
  if (!existsSync('/dev/fuse')) return '/dev/fuse';
  return spawnSync('losetup', ['-f']).status === 0 ? undefined : 'loop devices';
}
