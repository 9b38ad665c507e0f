/** The Archives table: how far each quarter's archive has come. One row a quarter; a stage holds the identity of the archive that reached it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, paginateScan, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { z } from 'zod'
import { quarterSchema } from '../../task.ts'
import { type Archive, identity } from './archive.ts'
import { LAYOUTS } from './layout.ts'
import { type Rejection, rejectionSchema } from './rejection.ts'

/** Records of one quarter and table, as the Hive stage counted them. */
const hiveCountsSchema = z.object({
  raw: z.number(),
  rejected: z.number(),
  processed: z.number(),
  /** Rejected records by the rule that they break. */
  reasons: z.record(z.string(), z.number()).optional(),
  /** What the processed columns hold: a line of measures.ts. */
  measures: z.string().optional(),
})

const storeCountsSchema = z.object({ origination: z.number().optional(), performance: z.number().optional() })

const rowSchema = z.object({
  quarter: quarterSchema,
  layout: z.enum(LAYOUTS).optional(),
  collected: z.string().optional(),
  processed: z.string().optional(),
  loaded: z.string().optional(),
  /** Of the archive in `processed`. */
  hive: z.object({ origination: hiveCountsSchema, performance: hiveCountsSchema }).optional(),
  /** Rows of the archive in `loaded`, by store. A store that was left out is not there. */
  stores: z.object({ mysql: storeCountsSchema.optional(), redshift: storeCountsSchema.optional() }).optional(),
  loadedAt: z.string().optional(),
  /** The archive that was turned away last; what the stages hold is of others. */
  rejected: rejectionSchema.optional(),
})

export type ArchiveRow = z.output<typeof rowSchema>
export type HiveCounts = z.output<typeof hiveCountsSchema>
export type QuarterCounts = NonNullable<ArchiveRow['hive']>
export type StoreRows = NonNullable<ArchiveRow['stores']>

const client = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** All rows, in order of quarters. */
export async function archiveRows(tableName: string): Promise<ArchiveRow[]> {
  const rows: ArchiveRow[] = []
  for await (const page of paginateScan({ client }, { TableName: tableName, ConsistentRead: true })) {
    for (const item of page.Items ?? []) rows.push(rowSchema.parse(item))
  }
  return rows.sort((a, b) => (a.quarter < b.quarter ? -1 : 1))
}

export async function archiveRow(tableName: string, quarter: string): Promise<ArchiveRow | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { quarter }, ConsistentRead: true }))
  return Item && rowSchema.parse(Item)
}

/** The archive's files are in the raw bucket, whole and alone. */
export async function markCollected(tableName: string, archive: Archive, layout: string): Promise<void> {
  await set(tableName, archive.quarter, {
    collected: identity(archive),
    layout,
    files: { name: archive.name, size: archive.size, checksum: archive.checksum },
    collectedAt: new Date().toISOString(),
  })
}

/** The archive's records are in the processed bucket and passed the quality gate. */
export async function markProcessed(tableName: string, archive: Archive, hive: QuarterCounts): Promise<void> {
  await set(tableName, archive.quarter, { processed: identity(archive), hive, processedAt: new Date().toISOString() })
}

/** The archive's rows are in the stores, and counted equal. */
export async function markLoaded(tableName: string, archive: Archive, stores: StoreRows): Promise<void> {
  await set(tableName, archive.quarter, { loaded: identity(archive), stores, loadedAt: new Date().toISOString() })
}

/** The archive was looked at, all of it, and is not to be looked at again. */
export async function markRejected(tableName: string, rejection: Rejection): Promise<void> {
  await set(tableName, rejection.quarter, { rejected: rejection })
}

/** A stage of the quarter is about to be done anew: what it holds is of no archive until it is marked again. */
export async function forget(
  tableName: string,
  quarter: string,
  stages: ('collected' | 'processed' | 'rejected')[],
): Promise<void> {
  await client.send(
    new UpdateCommand({
      TableName: tableName,
      Key: { quarter },
      UpdateExpression: `REMOVE ${stages.map((_, i) => `#n${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(stages.map((stage, i) => [`#n${i}`, stage])),
    }),
  )
}

async function set(tableName: string, quarter: string, values: Record<string, unknown>): Promise<void> {
  const names = Object.keys(values)
  await client.send(
    new UpdateCommand({
      TableName: tableName,
      Key: { quarter },
      UpdateExpression: `SET ${names.map((_, i) => `#n${i} = :v${i}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#n${i}`, name])),
      ExpressionAttributeValues: Object.fromEntries(names.map((name, i) => [`:v${i}`, values[name]])),
    }),
  )
}
