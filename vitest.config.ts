import { defineConfig } from 'vitest/config'

const UNIT_TIMEOUT_MS = 20_000
/** A database that starts on a busy machine, or a driver's JVM. */
const E2E_TIMEOUT_MS = 120_000
const SOAK_TIMEOUT_MS = 300_000

export default defineConfig({
  test: {
    pool: 'forks',
    // Each end-to-end file may run two databases of its own.
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/servers/**', 'test/clients/**'],
          testTimeout: UNIT_TIMEOUT_MS,
          hookTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/servers/**/*.test.ts', 'test/clients/**/*.test.ts'],
          globalSetup: ['test/servers/prepare.ts'],
          testTimeout: E2E_TIMEOUT_MS,
          hookTimeout: E2E_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'soak',
          // By `npm run test:soak` alone: what takes long, and what repeats with more of it what the others show.
          include: process.env.SALLYPORT_SOAK ? ['test/**/*.soak.ts'] : [],
          globalSetup: ['test/servers/prepare.ts'],
          testTimeout: SOAK_TIMEOUT_MS,
          hookTimeout: SOAK_TIMEOUT_MS,
        },
      },
    ],
  },
})
