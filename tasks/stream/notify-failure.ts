/** Tells the subscribers of the failure topic which state failed and why; ends the execution with that cause. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { z } from 'zod'
import { executionSchema, required, task } from '../task.ts'

const sns = new SNSClient({})

/** Limits of Publish's subject and of a Fail state's cause. */
const MAX_SUBJECT = 100
const MAX_CAUSE = 32_000

export const handler = task({
  name: 'NotifyFailure',
  input: z.object({
    execution: executionSchema,
    failure: z.object({ State: z.string(), Error: z.string(), Cause: z.string().default('') }),
  }),
  environment: z.object({ FAILURE_TOPIC_ARN: required }),
  async run({ input: { execution, failure }, env, log }) {
    const message = messageOf(failure.Cause)
    const subject = `${execution.name}: ${failure.State} failed with ${failure.Error}`.replaceAll(/[^\x20-\x7e]/g, '?')
    await sns.send(
      new PublishCommand({
        TopicArn: env.FAILURE_TOPIC_ARN,
        Subject: subject.slice(0, MAX_SUBJECT),
        Message: [
          `The execution ${execution.name} failed in state ${failure.State}.`,
          `Error: ${failure.Error}`,
          `Cause: ${message.slice(0, MAX_CAUSE)}`,
          '',
          'What it had made was deleted. Mend the cause, then start a new execution.',
          `Execution: ${execution.arn}`,
        ].join('\n'),
      }),
    )
    log.info('Told of a failure', { state: failure.State, error: failure.Error })
    return { cause: `State ${failure.State}: ${message}`.slice(0, MAX_CAUSE) }
  },
})

/** What a Lambda function said, out of the JSON that Lambda wraps it in; other causes as they are. */
function messageOf(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown }
    return typeof errorMessage === 'string' ? errorMessage : cause
  } catch {
    return cause || 'no cause was given.'
  }
}
