/** Tasks that write what other executions of the workflow write too. */
import { z } from 'zod'
import { executionSchema, required, type TaskDefinition, task } from '../task.ts'
import { withLock } from './lock.ts'

interface WriterDefinition<Input extends z.ZodType, Environment extends z.ZodType, Result>
  extends TaskDefinition<Input, Environment, Result> {
  /** What of the work this one does, where a state works on many things at a time. */
  part?: (input: z.output<Input>) => string
}

/**
 * Makes a handler as {@link task} does, of work that is done only while its execution holds the workflow's lock, and during which nobody
 * takes it. The input has the `execution`, the environment the LOCKS_TABLE.
 *
 * @throws ExecutionSuperseded when another execution has had the lock since
 */
export function writer<Input extends z.ZodType, Environment extends z.ZodType, Result>({
  part,
  ...definition
}: WriterDefinition<Input, Environment, Result>) {
  return task({
    name: definition.name,
    input: z.intersection(z.object({ execution: executionSchema }), definition.input),
    environment: z.intersection(z.object({ LOCKS_TABLE: required }), definition.environment),
    async run({ input, env, log, signal }): Promise<Result> {
      const { execution } = input as { execution: z.output<typeof executionSchema> }
      const { LOCKS_TABLE } = env as { LOCKS_TABLE: string }
      const own = { input: input as z.output<Input>, env: env as z.output<Environment>, log, signal }
      const what = part ? `${definition.name} ${part(own.input)}` : definition.name
      return withLock(LOCKS_TABLE, execution.arn, what, () => definition.run(own))
    },
  })
}
