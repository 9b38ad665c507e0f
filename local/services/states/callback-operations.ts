/** Callbacks of tasks, and activities with their workers. */
import type { Cloud } from '../../cloud.ts'
import { UnknownToken } from '../../engines/states/callbacks.ts'
import { exceedsPayload, type Json, parseJson } from '../../engines/states/json.ts'
import { ownerOf } from '../../engines/states/token.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { checkName, splitArn } from './arns.ts'
import type { Executions } from './executions.ts'
import { page } from './paging.ts'
import type { ActivityRow, Rows } from './rows.ts'

/** A worker that asks for a task waits so long (https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html). */
const pollMilliseconds = 60_000

export function callbackOperations(cloud: Cloud, rows: Rows, executions: Executions): Record<string, Operation> {
  const engine = () => executions.engine
  const waiting = async (token: unknown) => {
    // After a restart, a job's end may be told before the task that waits for it goes on.
    await executions.resumed
    const text = String(token ?? '')
    if (text === '' || text.length > 2048) throw new AwsError('InvalidToken', `Invalid Token: 'Invalid token'`)
    try {
      return engine().callbacks.of(text)
    } catch (error) {
      if (!(error instanceof UnknownToken)) throw error
      // A token of ours whose task is over has the same form as one that waits.
      if (ownerOf(text) !== undefined)
        throw new AwsError('TaskTimedOut', `Task Timed Out: 'Provided task does not exist anymore'`)
      throw new AwsError('InvalidToken', `Invalid Token: 'Invalid token'`)
    }
  }
  const activity = (arn: unknown): ActivityRow => {
    const parts = splitArn(arn, 'activity')
    const row = rows.activities.get(parts[6]!)
    if (!row) throw new AwsError('ActivityDoesNotExist', `Activity Does Not Exist: '${String(arn)}'`)
    return row
  }

  return {
    async SendTaskSuccess(input) {
      let output: Json
      try {
        output = parseJson(String(input.output))
      } catch (error) {
        throw new AwsError('InvalidOutput', `Invalid Output: '${(error as Error).message}'`)
      }
      if (exceedsPayload(String(input.output)))
        throw new AwsError('InvalidOutput', `Invalid Output: 'The output exceeds the maximum number of bytes.'`)
      const task = await waiting(input.taskToken)
      task.succeed(output)
      return {}
    },

    async SendTaskFailure(input) {
      const task = await waiting(input.taskToken)
      task.fail(input.error, input.cause)
      return {}
    },

    async SendTaskHeartbeat(input) {
      const task = await waiting(input.taskToken)
      task.heartbeat()
      return {}
    },

    CreateActivity(input) {
      const name = checkName(input.name)
      const existing = rows.activities.get(name)
      if (existing) return { activityArn: existing.arn, creationDate: new Date(existing.creationDate) }
      const row: ActivityRow = {
        arn: cloud.arn('states', `activity:${name}`),
        name,
        creationDate: Date.now(),
        tags: input.tags ?? [],
      }
      rows.activities.put(name, row)
      return { activityArn: row.arn, creationDate: new Date(row.creationDate) }
    },

    DeleteActivity(input) {
      const parts = splitArn(input.activityArn, 'activity')
      rows.activities.delete(parts[6]!)
      return {}
    },

    DescribeActivity(input) {
      const row = activity(input.activityArn)
      return {
        activityArn: row.arn,
        name: row.name,
        creationDate: new Date(row.creationDate),
        encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
      }
    },

    ListActivities(input) {
      const all = rows.activities.entries().map(([, row]) => ({
        activityArn: row.arn,
        name: row.name,
        creationDate: new Date(row.creationDate),
      }))
      const { items, nextToken } = page(all, input)
      return { activities: items, ...nextToken }
    },

    async GetActivityTask(input) {
      const row = activity(input.activityArn)
      const task = await engine().activities.poll(row.arn, input.workerName, pollMilliseconds)
      return task ? { taskToken: task.token, input: task.input } : { taskToken: null }
    },
  }
}
