/** CloudFormation types of Kinesis Data Streams. */
import type { ResourceType } from '../../gateway/service.ts'
import { evenly } from './shards.ts'
import type { Store } from './store.ts'

const ON_DEMAND_SHARDS = 4

export function kinesisResources(store: Store): Record<string, ResourceType> {
  return {
    'AWS::Kinesis::Stream': {
      apply({ properties, physicalName }) {
        const name: string = properties.Name ?? physicalName({ max: 128 })
        const { ShardCount, RetentionPeriodHours: retentionHours = 24, StreamModeDetails, Tags = [] } = properties
        const mode = StreamModeDetails?.StreamMode ?? 'PROVISIONED'
        const tags = Object.fromEntries(Tags.map(({ Key, Value }: any) => [Key, Value]))
        const known = store.find(name)
        const createdAt = known?.createdAt ?? store.now()
        const shards =
          known?.shards ?? evenly(mode === 'ON_DEMAND' ? ON_DEMAND_SHARDS : (ShardCount ?? 1), 0, createdAt)
        const arn = store.arnOf(name)
        store.put({ maxRecordKiB: 1024, ...known, name, arn, createdAt, mode, shards, retentionHours, tags })
        return { ref: name, attributes: { Arn: arn } }
      },
      remove({ ref }) {
        const stream = store.find(ref)
        if (stream) store.pend(stream, 'DELETING')
      },
    },
  }
}
