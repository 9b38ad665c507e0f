/**
 * Time to live: items whose attribute (epoch seconds, type N) lies in the past are deleted by a sweep
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html).
 */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import type { Engine } from './engine.ts'

interface TimeToLive {
  attribute: string
}

const sweepMillis = 60_000
/** DynamoDB leaves items alone that are older than five years: the attribute is likely no time at all. */
const fiveYears = 5 * 365 * 24 * 3600

export function createExpiry(cloud: Cloud, engine: Engine) {
  const tables = cloud.collection<TimeToLive>('dynamodb.ttl')
  let timer: NodeJS.Timeout | undefined

  const nameOf = (table: string) => table.split('/').at(-1)!

  const operations: Record<string, Operation> = {
    async DescribeTimeToLive({ TableName }) {
      await engine.run('DescribeTable', { TableName })
      const known = tables.get(nameOf(TableName))
      return {
        TimeToLiveDescription: known
          ? { TimeToLiveStatus: 'ENABLED', AttributeName: known.attribute }
          : { TimeToLiveStatus: 'DISABLED' },
      }
    },

    async UpdateTimeToLive({ TableName, TimeToLiveSpecification }) {
      await engine.run('DescribeTable', { TableName })
      const { AttributeName, Enabled } = TimeToLiveSpecification
      const known = tables.get(nameOf(TableName))
      if (Boolean(known) === Enabled)
        throw new AwsError('ValidationException', `TimeToLive is already ${Enabled ? 'enabled' : 'disabled'}`)
      if (known && known.attribute !== AttributeName)
        throw new AwsError(
          'ValidationException',
          `TimeToLive is active on a different AttributeName: current AttributeName is ${known.attribute}`,
        )
      set(TableName, Enabled ? AttributeName : undefined)
      return { TimeToLiveSpecification }
    },
  }

  function set(table: string, attribute: string | undefined) {
    if (attribute === undefined) tables.delete(nameOf(table))
    else tables.put(nameOf(table), { attribute })
  }

  /** Deletes what has expired by `now`, and gives the number of items. */
  async function sweep(now = Date.now()): Promise<number> {
    let deleted = 0
    for (const [TableName, { attribute }] of tables.entries()) {
      const { Table } = await engine.run('DescribeTable', { TableName }).catch(missing)
      if (!Table) {
        set(TableName, undefined) // it was deleted by a call
        continue
      }
      const keys: string[] = Table.KeySchema.map((key: any) => key.AttributeName)
      const seconds = Math.floor(now / 1000)
      const names = { '#ttl': attribute }
      const values = {
        ':now': { N: String(seconds) },
        ':oldest': { N: String(seconds - fiveYears) },
        ':number': { S: 'N' },
      }
      const expired = 'attribute_type(#ttl, :number) AND #ttl < :now AND #ttl > :oldest'
      for (let ExclusiveStartKey: any; ; ) {
        const expressions = { ExpressionAttributeNames: names, ExpressionAttributeValues: values }
        const page = await engine.run('Scan', {
          TableName,
          FilterExpression: expired,
          ExclusiveStartKey,
          ...expressions,
        })
        for (const item of page.Items) {
          const Key = Object.fromEntries(keys.map((key) => [key, item[key]]))
          try {
            await engine.run('DeleteItem', { TableName, Key, ConditionExpression: expired, ...expressions })
            deleted++
          } catch (error) {
            // It was renewed since the scan.
            if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
          }
        }
        ExclusiveStartKey = page.LastEvaluatedKey
        if (!ExclusiveStartKey) break
      }
    }
    return deleted
  }

  return {
    operations,
    set,
    sweep,
    start() {
      timer ??= setInterval(
        () =>
          void sweep().catch((error) =>
            cloud.log('error', `DynamoDB could not delete expired items: ${error.message}`),
          ),
        sweepMillis,
      ).unref()
    },
    close() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** A table that is not there; any other failure stays one. */
function missing(error: Error): { Table?: any } {
  if (error.name === 'ResourceNotFoundException') return {}
  throw error
}
