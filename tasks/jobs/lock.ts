/**
 * One execution of a workflow at a time: two would overwrite each other's files and load them twice. The lock is a row of the Locks table, taken by
 * a conditional write. It is given back when its execution ends; where nobody could do that, a lock of an execution that runs no more
 * counts for nothing, so none has to be removed by hand.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { z } from 'zod'
import { TaskError, TransientError } from '../errors.ts'
import { isRunning } from './execution.ts'

const lockSchema = z.object({ workflow: z.string(), executionArn: z.string(), takenAt: z.string() })

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** The state machine's name: `arn:aws:states:<region>:<account>:execution:<state machine>:<execution>`. */
const workflowOf = (executionArn: string): string => executionArn.split(':')[6] ?? executionArn

/**
 * Takes the workflow's lock for an execution, which may take it again.
 *
 * @throws AnotherExecutionRuns naming the holder, and what to do
 * @throws TransientError when two executions take over an abandoned lock in the same moment
 */
export async function takeLock(tableName: string, executionArn: string): Promise<void> {
  const workflow = workflowOf(executionArn)
  if (await put(tableName, executionArn, executionArn)) return

  const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { workflow }, ConsistentRead: true }))
  const holder = Item && lockSchema.parse(Item)
  if (holder && (await isRunning(holder.executionArn))) {
    throw new TaskError(
      'AnotherExecutionRuns',
      `The execution ${holder.executionArn} of this workflow runs since ${holder.takenAt}. Wait until it has ended or stop it, then start a new execution.`,
    )
  }
  if (await put(tableName, executionArn, holder?.executionArn ?? executionArn)) return
  throw new TransientError(`Another execution of ${workflow} has just taken the lock.`)
}

/** Gives the lock back, if the execution holds it. */
export async function releaseLock(tableName: string, executionArn: string): Promise<void> {
  await unlessHeldByAnother(
    client.send(
      new DeleteCommand({
        TableName: tableName,
        Key: { workflow: workflowOf(executionArn) },
        ConditionExpression: 'executionArn = :me',
        ExpressionAttributeValues: { ':me': executionArn },
      }),
    ),
  )
}

/** Writes the lock if nobody has it but `holder`. @returns whether it was written */
function put(tableName: string, executionArn: string, holder: string): Promise<boolean> {
  return unlessHeldByAnother(
    client.send(
      new PutCommand({
        TableName: tableName,
        Item: { workflow: workflowOf(executionArn), executionArn, takenAt: new Date().toISOString() },
        ConditionExpression: 'attribute_not_exists(executionArn) OR executionArn = :holder',
        ExpressionAttributeValues: { ':holder': holder },
      }),
    ),
  )
}

async function unlessHeldByAnother(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return false
    throw error
  }
}
