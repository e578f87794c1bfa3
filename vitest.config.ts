import { setFlagsFromString } from 'node:v8';
import { defineConfig } from 'vitest/config';

// For the threads of the unit tests; the others run in processes of their own. What runs briefly is not worth compiling
// twice (the trace processor above all), and their young garbage fits into more than 16 MiB.
setFlagsFromString('--liftoff-only');
setFlagsFromString('--max-semi-space-size=64');

/** What measures time, or keeps the machine busy by itself: one file after the other, when all others are done. */
const ALONE = [
  'test/browser/{zoo,stressed-zoo,packages}.test.ts',
  'test/browser/hostile/{channels,floods}.test.ts',
  'test/browser/page/stress.test.ts',
  'test/browser/plumbing/exit-status.test.ts',
  'test/browser/panel/{panel,session-tab}.test.ts',
];

const IN_BROWSER = {
  testTimeout: 60_000,
  hookTimeout: 90_000,
  // A busy machine may keep a browser from its next step for more than the second that is usual.
  expect: { poll: { timeout: 10_000 } },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/golden/**/*.test.ts'],
          // Some read large modules, or load the trace processor, which takes seconds on a busy machine.
          testTimeout: 120_000,
          // Modules are made once for all files: what a test changes of a built-in, it puts back before it ends.
          pool: 'threads',
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...IN_BROWSER,
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
        },
      },
      {
        test: { ...IN_BROWSER, name: 'browser-alone', include: ALONE, fileParallelism: false },
      },
      {
        test: {
          name: 'bench',
          include: ['test/bench/**/*.bench.ts'],
          testTimeout: 300_000,
          hookTimeout: 90_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
