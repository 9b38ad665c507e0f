/** Tables of the template; their items stay through every boot. */
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Engine } from './engine.ts'

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }))
const projection = z.object({ ProjectionType: z.string(), NonKeyAttributes: z.array(z.string()).optional() })
const throughput = z.object({ ReadCapacityUnits: z.coerce.number(), WriteCapacityUnits: z.coerce.number() })
const index = z.object({ IndexName: z.string(), KeySchema: keySchema, Projection: projection })

/** What is described here is made; the rest (encryption, recovery, streams, …) has no meaning on one machine. */
const properties = z.object({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keySchema,
  BillingMode: z.enum(['PROVISIONED', 'PAY_PER_REQUEST']).optional(),
  ProvisionedThroughput: throughput.optional(),
  GlobalSecondaryIndexes: z.array(index.extend({ ProvisionedThroughput: throughput.optional() })).optional(),
  LocalSecondaryIndexes: z.array(index).optional(),
  TimeToLiveSpecification: z.object({ AttributeName: z.string().optional(), Enabled: z.coerce.boolean() }).optional(),
})

export function tableResources(
  cloud: Cloud,
  engine: Engine,
  expiry: { set(table: string, attribute: string | undefined): void },
): Record<string, ResourceType> {
  async function describe(TableName: string): Promise<any | undefined> {
    try {
      return (await engine.run('DescribeTable', { TableName })).Table
    } catch (error) {
      if (error instanceof AwsError && error.name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  /** Status changes follow the answer, as in AWS, if only by a moment. */
  async function settled(TableName: string, wanted: 'ACTIVE' | undefined) {
    for (let waited = 0; waited < 5000; waited += 2) {
      if ((await describe(TableName))?.TableStatus === wanted) return
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    throw new Error(`The table ${TableName} did not become ${wanted ?? 'deleted'} within 5 seconds.`)
  }

  return {
    'AWS::DynamoDB::Table': {
      async apply({ properties: given, physicalName }) {
        const { TableName = physicalName({ max: 255 }), TimeToLiveSpecification, ...wanted } = properties.parse(given)
        const existing = await describe(TableName)
        if (!existing) {
          await engine.run('CreateTable', { TableName, ...wanted })
          await settled(TableName, 'ACTIVE')
        } else if (shape(existing.KeySchema) !== shape(wanted.KeySchema))
          throw new Error(
            `The table ${TableName} has another key (${shape(existing.KeySchema)}) than the template gives it (${shape(wanted.KeySchema)}). Give it a new name, or delete it first.`,
          )
        else await updateIndexes(TableName, existing, wanted)
        const { AttributeName, Enabled } = TimeToLiveSpecification ?? {}
        expiry.set(TableName, Enabled ? AttributeName : undefined)
        return { ref: TableName, attributes: { Arn: cloud.arn('dynamodb', `table/${TableName}`) } }
      },
      async remove({ ref }) {
        if (!(await describe(ref))) return
        await engine.run('DeleteTable', { TableName: ref })
        await settled(ref, undefined)
        expiry.set(ref, undefined)
      },
    },
  }

  async function updateIndexes(TableName: string, existing: any, wanted: z.infer<typeof properties>) {
    const before: any[] = existing.GlobalSecondaryIndexes ?? []
    const after = wanted.GlobalSecondaryIndexes ?? []
    const same = (a: any, b: any) =>
      a.IndexName === b.IndexName && shape(a.KeySchema) === shape(b.KeySchema) && projected(a) === projected(b)
    const changed = before.find((old) => after.some((one) => one.IndexName === old.IndexName && !same(old, one)))
    if (changed)
      throw new Error(
        `The index ${changed.IndexName} of the table ${TableName} cannot be changed. Give the changed index a new name.`,
      )
    const added = after.filter((one) => !before.some((old) => same(old, one)))
    const dropped = before.filter((old) => !after.some((one) => same(old, one))).map((old) => old.IndexName as string)
    if (added.length + dropped.length > 0)
      await engine.replaceIndexes(TableName, { added, dropped, attributes: wanted.AttributeDefinitions })
  }
}

const shape = (schema: { AttributeName: string; KeyType: string }[]) =>
  schema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join(', ')

const projected = ({ Projection }: { Projection: { ProjectionType: string; NonKeyAttributes?: string[] } }) =>
  [Projection.ProjectionType, ...[...(Projection.NonKeyAttributes ?? [])].sort()].join(' ')
