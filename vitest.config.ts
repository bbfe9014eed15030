import { defineConfig } from 'vitest/config';

// unit and fault tests read the sources; e2e tests run the built commands in dist/ (npm test builds first).
const project = (name: string, include: string[], extra: object = {}) => ({
  test: { name, include, testTimeout: 30_000, hookTimeout: 30_000, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/**/*.test.ts'], { exclude: ['test/fault/**', 'test/e2e/**', 'test/system/**'] }),
      project('fault', ['test/fault/**/*.test.ts'], { testTimeout: 1_200_000 }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false }),
    ],
    maxWorkers: 2,
  },
});
