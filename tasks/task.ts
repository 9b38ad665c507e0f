/**
 * What every Lambda function of a workflow is made with: the input and the environment are checked before the work starts, each
 * log line carries the function and the request, and every error leaves with a name that the definition knows.
 */
import { Logger } from '@aws-lambda-powertools/logger'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { z } from 'zod'
import { ConfigurationError, TaskError, typed, ValidationError } from './errors.ts'

/** What a task's work gets. */
export interface Work<Input, Environment> {
  input: Input
  env: Environment
  log: Logger
  /** Aborts a second before the function's own timeout, so that streams and temporary files can be closed. */
  signal: AbortSignal
}

export interface TaskDefinition<Input extends z.ZodType, Environment extends z.ZodType, Result> {
  /** The state's name, in log lines and messages. */
  name: string
  input: Input
  environment: Environment
  run(work: Work<z.output<Input>, z.output<Environment>>): Promise<Result>
}

/** A value that an environment variable must have. */
export const required = z.string().min(1)

/** The state's `$states.context.Execution`, as far as tasks need it. */
export const executionSchema = z
  .object({ Id: z.string(), Name: z.string(), StartTime: z.string() })
  .transform(({ Id, Name, StartTime }) => ({ arn: Id, name: Name, startedAt: StartTime }))

export type Execution = z.output<typeof executionSchema>

/** `1999Q1`: a year and a quarter of originations. */
export const quarterSchema = z
  .string()
  .regex(/^(19|20)\d{2}Q[1-4]$/, 'a quarter is a year and a quarter, such as 1999Q1')

/**
 * Makes a Lambda handler of a task.
 *
 * @throws ValidationError when the input does not fit, naming the fields
 * @throws ConfigurationError when the environment does not, naming the variables
 * @throws TransientError for whatever may pass by itself
 * @throws TaskTimedOut a second before Lambda would end the function without a word
 *
 * @example
 * export const handler = task({ name: 'Greet', input: z.object({ who: z.string() }), environment: z.object({}),
 *   run: async ({ input }) => ({ greeting: `Hello ${input.who}` }) })
 */
export function task<Input extends z.ZodType, Environment extends z.ZodType, Result>(
  definition: TaskDefinition<Input, Environment, Result>,
) {
  const { name } = definition
  const log = new Logger({ serviceName: name })

  return middy({
    timeoutEarlyInMillis: 1_000,
    timeoutEarlyResponse: () => {
      throw new TaskError('TaskTimedOut', `${name} did not end before its function's timeout.`)
    },
  })
    .before(({ context }) => {
      log.resetKeys()
      log.addContext(context)
    })
    .onError(({ error }) => {
      const known = typed(error)
      log.error(`${name} failed: ${known.message}`, { error: describe(known) })
      throw known
    })
    .handler(async (event: unknown, _context: Context, { signal }: { signal: AbortSignal }) => {
      const env = parsed(
        definition.environment,
        { ...process.env },
        (text) => new ConfigurationError(`${name} lacks part of its environment. ${text}`),
      )
      const input = parsed(
        definition.input,
        event ?? {},
        (text) => new ValidationError(`${name} was started with an input that does not fit. ${text}`),
      )
      return definition.run({ input, env, log, signal })
    })
}

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  fail: (text: string) => Error,
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw fail(z.prettifyError(result.error))
}

/** Name, message and place only: an error of the SDK carries its whole request, and with it what must not be logged. */
function describe(error: Error): Record<string, unknown> {
  const cause = error.cause instanceof Error ? `${error.cause.name}: ${error.cause.message}` : undefined
  return { name: error.name, message: error.message, stack: error.stack, ...(cause === undefined ? {} : { cause }) }
}
