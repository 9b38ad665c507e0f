/** Tells the subscribers of the failure topic which state failed, why, and what to do next; ends the execution with that cause. */
import { failureNotice } from '../failure-notice.ts'

export const handler = failureNotice(
  'Its jobs were stopped; unless the new model had passed its smoke test, the endpoint serves what it served before. Mend the cause, then start a new execution.',
)
