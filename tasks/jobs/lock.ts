/**
 * One execution of a workflow at a time: two would overwrite each other's files and load them twice. The lock is a row of the Locks table,
 * written by conditional writes only. An execution that succeeds gives it back. Of one that ended otherwise, the next execution takes the lock over,
 * but not before all that it left has ended: its clusters, its statements and the functions that still write. The row keeps its last holder, so an
 * execution that is redriven finds its lock again, unless another one has held it meanwhile.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@aws-lambda-powertools/logger'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { z } from 'zod'
import { TaskError, TransientError } from '../errors.ts'
import { isRunning } from './execution.ts'
import { leftovers } from './leftovers.ts'
import { stopExecution } from './stop.ts'

const lockSchema = z.object({
  workflow: z.string(),
  executionArn: z.string(),
  takenAt: z.string(),
  /** Another one with each write that tells who may work: a decision made on an older one comes too late. */
  turn: z.string().optional(),
  /** Set once the holder has succeeded. */
  releasedAt: z.string().optional(),
  /** Functions of the holder that write right now, and until when at most, in milliseconds since 1970. */
  writers: z.record(z.string(), z.number()).default({}),
})

type Lock = z.output<typeof lockSchema>

/** A function that was killed is waited for so long: it renews its entry more often while it lives. */
const LEASE_MS = 60_000
const RENEW_MS = 20_000
/** A cluster takes minutes to end; the state asks again after this. */
const PATIENCE_MS = 45_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } })

/** The state machine's name: `arn:aws:states:<region>:<account>:execution:<state machine>:<execution>`. */
const workflowOf = (executionArn: string): string => executionArn.split(':')[6] ?? executionArn

/**
 * Takes the workflow's lock for an execution that begins. It may be taken again.
 *
 * @throws AnotherExecutionRuns naming the holder, and what to do
 * @throws PredecessorStopping when what an ended holder left has not ended yet: try again
 * @throws TransientError when two executions want the lock in the same moment
 */
export async function takeLock(
  tables: { locks: string; jobs: string },
  executionArn: string,
  log: Logger,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const patience = Date.now() + patienceMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const lock = await lockOf(tables.locks, executionArn)
    const left = lock && lock.executionArn !== executionArn ? await leftOf(tables.jobs, lock, log) : []
    if (left.length === 0) {
      if (await put(tables.locks, executionArn, lock)) return
      throw new TransientError(`Another execution of ${workflowOf(executionArn)} has just taken the lock.`)
    }
    if (Date.now() + pause > patience) {
      throw new TaskError(
        'PredecessorStopping',
        `The execution ${lock?.executionArn} of this workflow has ended, but not all of it: ${left.join('; ')}. Start a new execution when that is over.`,
      )
    }
    await sleep(pause)
  }
}

/** What of the lock's last holder may still write. @throws AnotherExecutionRuns when it is the holder itself */
async function leftOf(jobsTable: string, lock: Lock, log: Logger): Promise<string[]> {
  const now = Date.now()
  const writers = Object.entries(lock.writers)
    .filter(([, until]) => until > now)
    .map(([writer, until]) => `${writer} works, until ${new Date(until).toISOString()} at most`)
  if (lock.releasedAt !== undefined) return writers
  if (await isRunning(lock.executionArn)) {
    throw new TaskError(
      'AnotherExecutionRuns',
      `The execution ${lock.executionArn} of this workflow runs since ${lock.takenAt}. Wait until it has ended or stop it, then start a new execution.`,
    )
  }
  // Whoever should have stopped it may not have been told, or may be about to.
  await stopExecution(jobsTable, lock.executionArn, log)
  return [...writers, ...(await leftovers(jobsTable, lock.executionArn))]
}

/**
 * Does work that writes what other executions of the workflow write too. Nobody takes the lock while it lasts.
 *
 * @param writer what works on what, such as `CollectQuarter 1999Q1`: a second attempt has the same name
 * @throws ExecutionSuperseded when another execution has had the lock since: this one was redriven too late, or is over
 */
export async function withLock<Result>(
  tableName: string,
  executionArn: string,
  writer: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await enter(tableName, executionArn, writer)
  const renewal = setInterval(() => {
    // Nobody else can have taken the lock; a write that fails once is made up for by the next.
    renew(tableName, executionArn, writer).catch(() => {})
  }, RENEW_MS)
  try {
    return await work()
  } finally {
    clearInterval(renewal)
    // The work is done: that others wait a minute for nothing is no reason to fail it.
    await leave(tableName, executionArn, writer).catch(() => {})
  }
}

async function enter(tableName: string, executionArn: string, writer: string): Promise<void> {
  const entered = await update(tableName, executionArn, {
    UpdateExpression: 'SET turn = :turn, writers.#writer = :until REMOVE releasedAt',
    ExpressionAttributeNames: { '#writer': writer },
    ExpressionAttributeValues: { ':turn': randomUUID(), ':until': Date.now() + LEASE_MS },
  })
  if (entered) return
  const lock = await lockOf(tableName, executionArn)
  throw new TaskError(
    'ExecutionSuperseded',
    lock
      ? `The execution ${lock.executionArn} has taken the lock of this workflow at ${lock.takenAt}: what ${executionArn} planned may no longer be right. Start a new execution, when that one has ended.`
      : `The lock of this workflow is not there: ${executionArn} has not taken it. Start a new execution.`,
  )
}

async function renew(tableName: string, executionArn: string, writer: string): Promise<void> {
  await update(tableName, executionArn, {
    UpdateExpression: 'SET writers.#writer = :until',
    ExpressionAttributeNames: { '#writer': writer },
    ExpressionAttributeValues: { ':until': Date.now() + LEASE_MS },
  })
}

async function leave(tableName: string, executionArn: string, writer: string): Promise<void> {
  await update(tableName, executionArn, {
    UpdateExpression: 'REMOVE writers.#writer',
    ExpressionAttributeNames: { '#writer': writer },
  })
}

/** Gives the lock back, if the execution holds it: it has succeeded, and nothing of it is left. */
export async function releaseLock(tableName: string, executionArn: string): Promise<void> {
  await update(tableName, executionArn, {
    UpdateExpression: 'SET releasedAt = :now',
    ExpressionAttributeValues: { ':now': new Date().toISOString() },
  })
}

async function lockOf(tableName: string, executionArn: string): Promise<Lock | undefined> {
  const Key = { workflow: workflowOf(executionArn) }
  const { Item } = await client.send(new GetCommand({ TableName: tableName, Key, ConsistentRead: true }))
  return Item && lockSchema.parse(Item)
}

/** Writes the lock, unless somebody has since it was read. @returns whether it was written */
function put(tableName: string, executionArn: string, seen: Lock | undefined): Promise<boolean> {
  const lock: Lock = {
    workflow: workflowOf(executionArn),
    executionArn,
    takenAt: new Date().toISOString(),
    turn: randomUUID(),
    writers: {},
  }
  return unlessRefused(
    client.send(
      new PutCommand({
        TableName: tableName,
        Item: lock,
        ...(seen?.turn === undefined
          ? { ConditionExpression: 'attribute_not_exists(turn)' }
          : { ConditionExpression: 'turn = :seen', ExpressionAttributeValues: { ':seen': seen.turn } }),
      }),
    ),
  )
}

/** Changes the lock, if the execution is its last holder. @returns whether it is */
function update(
  tableName: string,
  executionArn: string,
  change: {
    UpdateExpression: string
    ExpressionAttributeNames?: Record<string, string>
    ExpressionAttributeValues?: Record<string, unknown>
  },
): Promise<boolean> {
  return unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: { workflow: workflowOf(executionArn) },
        ...change,
        ConditionExpression: 'executionArn = :me',
        ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ':me': executionArn },
      }),
    ),
  )
}

async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return false
    throw error
  }
}
