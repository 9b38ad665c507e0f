/** Tells the subscribers of the failure topic which state failed, why, and what to do next; ends the execution with that cause. */
import { failureNotice } from '../failure-notice.ts'

export const handler = failureNotice(
  'Its cluster and its jobs were stopped. Mend the cause, then start a new execution: it skips the work that is finished.',
)
