/** Waiting for what comes to pass by itself. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 20_000

/** @throws Error when the condition does not hold in time */
export async function until(condition: () => unknown): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await condition()); await sleep(10))
    if (Date.now() > deadline) throw new Error(`It did not come to pass within ${PATIENCE_MS / 1000} s: ${condition}`)
}
