/**
 * The Jobs table: each long job that a state waits for, and the task token that ends the wait. A token is a credential: it leaves
 * this folder only towards Step Functions, is removed when its job ends, and is never logged.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { z } from 'zod'

const jobSchema = z.object({
  /** The service's own id: a cluster's `j-…`, a step's `s-…`, a Redshift statement's UUID; the name of a training job or an endpoint. */
  jobId: z.string(),
  kind: z.enum(['cluster', 'step', 'statement', 'training', 'endpoint']),
  /** The deterministic name under which the job was started; a numbered successor keeps the name of the first. Of an endpoint: the configuration it shall serve. */
  name: z.string(),
  state: z.string(),
  executionArn: z.string(),
  clusterId: z.string().optional(),
  status: z.enum(['open', 'succeeded', 'failed', 'cancelled']),
  token: z.string().optional(),
  startedAt: z.string(),
  /** Seconds since 1970; DynamoDB removes the row some time after. */
  expiresAt: z.number(),
})

export type Job = z.output<typeof jobSchema>
export type OpenJob = Job & { token: string }
export type NewJob = Omit<OpenJob, 'status' | 'startedAt' | 'expiresAt'>

/** Longer than an execution may run (2 days) and can be redriven (14 days). */
const KEPT_SECONDS = 30 * 24 * 3600

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } })

export const isOpen = (job: Job): job is OpenJob => job.status === 'open' && job.token !== undefined

/** Stores a job with its token. A retried state has a new token: the latest one is valid. */
export async function openJob(tableName: string, job: NewJob): Promise<OpenJob> {
  const now = Date.now()
  const row: OpenJob = {
    ...job,
    status: 'open',
    startedAt: new Date(now).toISOString(),
    expiresAt: Math.floor(now / 1000) + KEPT_SECONDS,
  }
  await client.send(new PutCommand({ TableName: tableName, Item: row }))
  return row
}

/** Ends a job and removes its token, unless a retried state has put another token in its place. */
export async function endJob(
  tableName: string,
  job: OpenJob,
  status: 'succeeded' | 'failed' | 'cancelled',
): Promise<void> {
  try {
    await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: { jobId: job.jobId },
        UpdateExpression: 'SET #status = :status, endedAt = :now REMOVE #token',
        ConditionExpression: '#token = :token',
        ExpressionAttributeNames: { '#status': 'status', '#token': 'token' },
        ExpressionAttributeValues: { ':status': status, ':now': new Date().toISOString(), ':token': job.token },
      }),
    )
  } catch (error) {
    if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
  }
}

export async function jobById(tableName: string, jobId: string): Promise<Job | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { jobId }, ConsistentRead: true }))
  return Item && jobSchema.parse(Item)
}

/** All jobs of one execution, ended ones too. The index is eventually consistent. */
export async function jobsOfExecution(tableName: string, executionArn: string): Promise<Job[]> {
  const jobs: Job[] = []
  const pages = paginateQuery(
    { client },
    {
      TableName: tableName,
      IndexName: 'byExecution',
      KeyConditionExpression: 'executionArn = :arn',
      ExpressionAttributeValues: { ':arn': executionArn },
    },
  )
  for await (const page of pages) for (const item of page.Items ?? []) jobs.push(jobSchema.parse(item))
  return jobs
}

/** All open jobs. */
export async function openJobs(tableName: string): Promise<OpenJob[]> {
  const jobs: OpenJob[] = []
  const pages = paginateScan(
    { client },
    {
      TableName: tableName,
      ConsistentRead: true,
      FilterExpression: '#status = :open',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':open': 'open' },
    },
  )
  for await (const page of pages) {
    for (const item of page.Items ?? []) {
      const job = jobSchema.parse(item)
      if (isOpen(job)) jobs.push(job)
    }
  }
  return jobs
}
