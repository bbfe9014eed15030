// Versions of operating systems are not semver: 24.04 has a leading zero, 12 has one part. Pure.

/** `24.04` as `24.4`, also inside a range: `>=24.04 <25`. */
export const plainOsVersion = (text: string): string => text.replaceAll(/(?<![0-9])0+(?=[0-9])/gu, '');
