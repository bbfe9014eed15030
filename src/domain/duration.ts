// Lengths of time as people write them: `90s`, `30m`, `2h`, `1d`, `1h30m`, or plain seconds.

const UNITS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** Seconds; undefined for anything that is not a length of time above zero. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/u.test(text)) return positive(Number(text));
  const match = /^(?:(?<d>\d+)d)?(?:(?<h>\d+)h)?(?:(?<m>\d+)m(?:in)?)?(?:(?<s>\d+)s)?$/u.exec(text);
  if (match?.groups === undefined) return undefined;
  let seconds = 0;
  for (const [unit, length] of Object.entries(UNITS)) seconds += Number(match.groups[unit] ?? 0) * length;
  return positive(seconds);
}

const positive = (seconds: number): number | undefined => (seconds > 0 && Number.isSafeInteger(seconds) ? seconds : undefined);

/** `2 h 5 min`, `45 s`: for sentences. */
export function describeSeconds(seconds: number): string {
  let left = Math.ceil(seconds);
  const parts: string[] = [];
  for (const [name, length] of [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
