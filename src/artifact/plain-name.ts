// What may name an asset or a file of ours: one path part, nothing that a shell, terminal or path could read differently. Pure.

const MAX_NAME_BYTES = 200;

export function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name === name.trim()
    && Buffer.byteLength(name) <= MAX_NAME_BYTES
    && !/[/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name);
}
