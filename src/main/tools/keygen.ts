export function makeKeys(_r: unknown): never { throw new Error('not yet'); }
