// Which of the points 1 … count are taken: every step-th, from where the seed says. Step 1: all of them.
export function strideOf(count: number, step: number, seed: number): number[] {
  const points: number[] = [];
  for (let n = 1 + (Math.abs(seed) % step); n <= count; n += step) points.push(n);
  return points;
}
