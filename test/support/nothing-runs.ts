/** What must be true after every end of an execution, good or bad. */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { EMRClient, ListClustersCommand } from '@aws-sdk/client-emr'
import { expect } from 'vitest'
import type { Archive } from '../../data/loans/generate-archive.ts'

const LIVE = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING', 'TERMINATING'] as const
const PATIENCE_MS = 20_000

interface Client {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

/** No cluster lives, no job is open, and no token is kept. */
export async function nothingRuns(client: Client, outputs: Record<string, string>): Promise<void> {
  const emr = new EMRClient(client)
  const dynamodb = new DynamoDBClient(client)
  const TableName = outputs.JobsTableName!
  try {
    await expect
      .poll(async () => (await emr.send(new ListClustersCommand({ ClusterStates: [...LIVE] }))).Clusters, {
        timeout: PATIENCE_MS,
      })
      .toEqual([])
    await expect
      .poll(
        async () => {
          const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName, ConsistentRead: true }))
          return Items.filter((job) => job.status?.S === 'open' || job.token)
        },
        { timeout: PATIENCE_MS },
      )
      .toEqual([])
  } finally {
    emr.destroy()
    dynamodb.destroy()
  }
}

/** The counts that an execution ends with when its only archive is this one, by the archive's truth file. */
export function trueCounts({ truth: { tables } }: Archive, load: { mysql: boolean }) {
  const stages = ({ raw, rejected, processed }: (typeof tables)['origination']) => ({
    raw,
    rejected,
    processed,
    redshift: processed,
  })
  return {
    origination: { ...stages(tables.origination), ...(load.mysql && { mysql: tables.origination.processed }) },
    performance: stages(tables.performance),
  }
}
