import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The bundler gives tasks their SQL as text; so do tests. */
const sqlAsText = {
  name: 'sql-as-text',
  transform: (code: string, id: string) =>
    id.endsWith('.sql') ? { code: `export default ${JSON.stringify(code)}`, map: null } : undefined,
}

/** CI shares its machine with nobody it knows: what fails there once for want of time gets another try, and says so. */
const retry = process.env.CI ? 2 : 0

/** A file that runs the local cloud waits half of its time, and makes use of two cores in the other half: also on two cores, two at a time. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

/** How long is waited for what comes to pass by itself: no test is red because the machine is busy. */
const patience = { unit: { poll: { timeout: 20_000 } }, cloud: { poll: { timeout: 60_000 } } }

/** Tests are grouped by what they need: nothing (unit), or the local cloud on the wire, some a browser too (cloud). */
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      {
        plugins: [sqlAsText],
        test: {
          name: 'unit',
          retry,
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 30_000,
          expect: patience.unit,
          // The tasks' own log lines are not what a test run is read for.
          env: { POWERTOOLS_LOG_LEVEL: 'SILENT' },
        },
      },
      {
        test: {
          name: 'cloud',
          retry,
          include: ['test/cloud/**/*.test.ts'],
          globalSetup: 'test/support/synthesized.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: patience.cloud,
          pool: 'forks',
        },
      },
    ],
    coverage: { provider: 'v8', include: ['local/**', 'tasks/**', 'data/**', 'workflows/**', 'cli/**'] },
  },
})
