export function publish(_r: unknown): never { throw new Error('not yet'); }
