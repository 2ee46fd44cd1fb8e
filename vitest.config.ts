import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number, exclude: string[] = []) => ({
  test: {
    name,
    include,
    exclude,
    testTimeout,
    hookTimeout: Math.max(testTimeout, 30_000),
    sequence: { shuffle: { tests: true } },
  },
});

export default defineConfig({
  test: {
    // Many files wait for servers and clocks more than they compute: two cores are busy only with more workers than cores.
    maxWorkers: 4,
    projects: [
      project('unit', ['test/**/*.test.ts'], 10_000, [
        'test/contract/**',
        'test/e2e/**',
        'test/real/**',
        'test/bench/**',
      ]),
      project('contract', ['test/contract/**/*.test.ts'], 20_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 60_000),
      project('real', ['test/real/**/*.test.ts'], 120_000, ['test/real/deployed*.test.ts']),
      // Each deploys the whole stack into an emulator: run with few workers, see the script test:real.
      project('deployed', ['test/real/deployed*.test.ts'], 300_000),
    ],
  },
});
