/**
 * dynalite in process: DynamoDB's validations and actions over a LevelDB of the data directory, without its HTTP server.
 * It is imported when the first table is touched.
 */
import { createRequire } from 'node:module'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { fromJson, toJson } from './attribute-values.ts'

/** What dynalite can do, by the names of DynamoDB's operations. */
export const served = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
] as const
export type Served = (typeof served)[number]

type Callback = (error: any, output?: any) => void
type Done = (release: Callback) => Callback

/** The parts of dynalite's store that are used here. */
interface Store {
  tableDb: {
    awsAccountId: string
    awsRegion: string
    put(key: string, value: unknown, done: Callback): void
    lock(key: string, work: (release: Done) => void): void
  }
  deleteIndexDb(type: 'Global', table: string, index: string, done: Callback): void
  lifecycleManager: { gracefulClose(): Promise<void> }
}

const require = createRequire(import.meta.url)

export interface Engine {
  /** Runs an operation with the SDK's shapes. @throws AwsError as DynamoDB answers */
  run(operation: Served, input: any): Promise<any>
  /** Adds and drops global secondary indexes of a table, filling new ones from the items that are there. */
  replaceIndexes(table: string, indexes: { added: any[]; dropped: string[]; attributes: any[] }): Promise<void>
  close(): Promise<void>
}

export function createEngine(cloud: Cloud): Engine {
  let store: Store | undefined
  const open = (): Store => {
    if (store) return store
    store = require('dynalite/db').create({
      path: cloud.folder('dynamodb'),
      createTableMs: 0,
      deleteTableMs: 0,
      updateTableMs: 0,
    }) as Store
    store.tableDb.awsAccountId = cloud.account
    store.tableDb.awsRegion = cloud.region
    return store
  }

  const engine: Engine = {
    run(operation, input) {
      const name = operation[0]!.toLowerCase() + operation.slice(1)
      const validations = require('dynalite/validations')
      const rules = require(`dynalite/validations/${name}`)
      const action = require(`dynalite/actions/${name}`)
      return new Promise((resolve, reject) => {
        const done: Callback = (error, output) => (error ? reject(answered(error)) : resolve(fromJson(output)))
        try {
          const data = validations.checkTypes(withTableNames(toJson(input)), rules.types)
          validations.checkValidations(data, rules.types, rules.custom, open())
          action(open(), data, done)
        } catch (error) {
          done(error)
        }
      })
    },

    async replaceIndexes(TableName, { added, dropped, attributes }) {
      const { Table } = await engine.run('DescribeTable', { TableName })
      const { CreationDateTime, ...known } = toJson(Table)
      const filled = added.map((index) => ({
        ...index,
        IndexArn: `${Table.TableArn}/index/${index.IndexName}`,
        IndexSizeBytes: 0,
        ItemCount: 0,
        IndexStatus: 'ACTIVE',
        ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 },
      }))
      const { updateIndexes } = require('dynalite/db')
      const onlyNew = {
        ...known,
        AttributeDefinitions: attributes,
        GlobalSecondaryIndexes: filled,
        LocalSecondaryIndexes: [],
      }
      for (let ExclusiveStartKey: any; ; ) {
        const page = await engine.run('Scan', { TableName, ExclusiveStartKey, ConsistentRead: true })
        for (const item of page.Items)
          await called((done) => updateIndexes(open(), onlyNew, undefined, toJson(item), done))
        ExclusiveStartKey = page.LastEvaluatedKey
        if (!ExclusiveStartKey) break
      }
      const kept = (known.GlobalSecondaryIndexes ?? []).filter((index: any) => !dropped.includes(index.IndexName))
      const GlobalSecondaryIndexes = [...kept, ...filled]
      await called((done) =>
        open().tableDb.put(
          TableName,
          {
            ...known,
            CreationDateTime: new Date(CreationDateTime).getTime() / 1000,
            AttributeDefinitions: attributes,
            GlobalSecondaryIndexes: GlobalSecondaryIndexes.length > 0 ? GlobalSecondaryIndexes : undefined,
          },
          done,
        ),
      )
      for (const index of dropped) await called((done) => open().deleteIndexDb('Global', TableName, index, done))
    },

    async close() {
      await store?.lifecycleManager.gracefulClose()
      store = undefined
    },
  }
  return engine
}

const called = (work: (done: Callback) => void) =>
  new Promise<void>((resolve, reject) => work((error) => (error ? reject(answered(error)) : resolve())))

/** dynalite's errors carry the body that DynamoDB would send. */
function answered(error: any): Error {
  const { __type, message, Message, ...rest } = error.body ?? {}
  if (__type === undefined) return error
  return new AwsError(String(__type).split('#').at(-1)!, message ?? Message ?? '', rest, error.statusCode)
}

/** DynamoDB takes a table's ARN wherever it takes its name. */
function withTableNames(input: any): any {
  const nameOf = (table: string) => (table.startsWith('arn:') ? table.split('/').at(-1)! : table)
  if (typeof input.TableName === 'string') input.TableName = nameOf(input.TableName)
  if (input.RequestItems)
    input.RequestItems = Object.fromEntries(
      Object.entries(input.RequestItems).map(([table, requests]) => [nameOf(table), requests]),
    )
  return input
}
