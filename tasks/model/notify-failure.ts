/** Tells the subscribers of the failure topic which state failed, why, and what to do next; ends the execution with that cause. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { z } from 'zod'
import { messageOf } from '../batch/notify-failure.ts'
import { executionSchema, required, task } from '../task.ts'

const sns = new SNSClient({})

/** Limits of Publish's subject and of a Fail state's cause. */
const [MAX_SUBJECT, MAX_CAUSE] = [100, 32_000]

export const handler = task({
  name: 'NotifyFailure',
  input: z.object({
    execution: executionSchema,
    failure: z.object({ State: z.string(), Error: z.string(), Cause: z.string().default('') }),
  }),
  environment: z.object({ FAILURE_TOPIC_ARN: required }),
  async run({ input: { execution, failure }, env, log }) {
    const message = messageOf(failure.Cause)
    const subject = `${execution.name}: ${failure.State} failed with ${failure.Error}`
    await sns.send(
      new PublishCommand({
        TopicArn: env.FAILURE_TOPIC_ARN,
        Subject: subject.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_SUBJECT),
        Message: [
          `The execution ${execution.name} failed in state ${failure.State}.`,
          `Error: ${failure.Error}`,
          `Cause: ${message.slice(0, MAX_CAUSE)}`,
          '',
          'Its jobs were stopped; unless the new model had passed its smoke test, the endpoint serves what it served before. Mend the cause, then start a new execution.',
          `Execution: ${execution.arn}`,
        ].join('\n'),
      }),
    )
    log.info('Told of a failure', { state: failure.State, error: failure.Error })
    return { cause: `State ${failure.State}: ${message}`.slice(0, MAX_CAUSE) }
  },
})
