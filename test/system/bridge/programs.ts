export async function runPrograms(..._x: unknown[]): Promise<void> { await Promise.resolve(); }
