import { defineConfig } from 'vitest/config'

/** Tests are grouped by what they need: nothing (unit), the local cloud in process (cloud), a browser (browser). */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 30_000,
          // The tasks' own log lines are not what a test run is read for.
          env: { POWERTOOLS_LOG_LEVEL: 'SILENT' },
        },
      },
      {
        test: {
          name: 'cloud',
          include: ['test/cloud/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
        },
      },
    ],
    coverage: { provider: 'v8', include: ['local/**', 'tasks/**', 'data/**', 'workflows/**', 'cli/**'] },
  },
})
