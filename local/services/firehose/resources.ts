/** CloudFormation types of Firehose. */
import type { ResourceType } from '../../gateway/service.ts'
import { checkDestination } from './configuration.ts'
import type { Store } from './store.ts'

export function firehoseResources(store: Store): Record<string, ResourceType> {
  return {
    'AWS::KinesisFirehose::DeliveryStream': {
      apply({ properties, physicalName }) {
        const name: string = properties.DeliveryStreamName ?? physicalName({ max: 64 })
        const {
          DeliveryStreamType: type = 'DirectPut',
          ExtendedS3DestinationConfiguration,
          KinesisStreamSourceConfiguration: source,
          Tags = [],
        } = properties
        const destination = checkDestination(ExtendedS3DestinationConfiguration)
        const tags = Object.fromEntries(Tags.map(({ Key, Value }: any) => [Key, Value]))
        const known = store.find(name)
        const arn = store.arnOf(name)
        if (!known) store.create({ name, arn, type, destination, tags, ...(source && { source }) })
        else if (JSON.stringify(known.destination) !== JSON.stringify(destination))
          store.put({ ...known, destination, tags, version: known.version + 1 })
        return { ref: name, attributes: { Arn: arn } }
      },
      remove({ ref }) {
        if (store.find(ref)) store.delete(ref)
      },
    },
  }
}
