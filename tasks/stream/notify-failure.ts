/** Tells the subscribers of the failure topic which state failed, why, and what to do next; ends the execution with that cause. */
import { failureNotice } from '../failure-notice.ts'

export const handler = failureNotice('What it had made was deleted. Mend the cause, then start a new execution.')
