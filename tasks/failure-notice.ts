/** What every workflow's NotifyFailure does: tells the failure topic which state failed, why and what to do next. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { z } from 'zod'
import { executionSchema, required, task } from './task.ts'

const sns = new SNSClient({})

/** Limits of Publish's subject and of a Fail state's cause. */
const MAX_SUBJECT = 100
const MAX_CAUSE = 32_000

/**
 * The handler of a NotifyFailure state; it ends the execution with the cause that it returns.
 * @param whatNext what was cleaned up, and what the reader should do
 */
export function failureNotice(whatNext: string) {
  return task({
    name: 'NotifyFailure',
    input: z.object({
      execution: executionSchema,
      failure: z.object({ State: z.string(), Error: z.string(), Cause: z.string().default('') }),
    }),
    environment: z.object({ FAILURE_TOPIC_ARN: required }),
    async run({ input: { execution, failure }, env, log }) {
      const message = messageOf(failure.Cause)
      await sns.send(
        new PublishCommand({
          TopicArn: env.FAILURE_TOPIC_ARN,
          Subject: subject(`${execution.name}: ${failure.State} failed with ${failure.Error}`),
          Message: [
            `The execution ${execution.name} failed in state ${failure.State}.`,
            `Error: ${failure.Error}`,
            `Cause: ${message.slice(0, MAX_CAUSE)}`,
            '',
            whatNext,
            `Execution: ${execution.arn}`,
          ].join('\n'),
        }),
      )
      log.info('Told of a failure', { state: failure.State, error: failure.Error })
      return { cause: `State ${failure.State}: ${message}`.slice(0, MAX_CAUSE) }
    },
  })
}

/** A subject is ASCII, on one line. */
function subject(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?')
  return plain.length <= MAX_SUBJECT ? plain : `${plain.slice(0, MAX_SUBJECT - 3)}...`
}

/** What a Lambda function said, out of the JSON that Lambda wraps it in; other causes as they are. */
export function messageOf(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown }
    return typeof errorMessage === 'string' ? errorMessage : cause
  } catch {
    return cause || 'no cause was given.'
  }
}
