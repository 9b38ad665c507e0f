/** The permissions of Kinesis's operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html). */
import type { Permission } from '../../gateway/service.ts'
import { readIterator } from './sequence.ts'
import type { Store } from './store.ts'
import { nextToken, streamName } from './streams.ts'

const WITHOUT_RESOURCE = new Set(['ListStreams', 'DescribeLimits'])

export function createMay(store: Store) {
  return (operation: string, input: any): Permission[] => {
    const resource = WITHOUT_RESOURCE.has(operation) ? '*' : store.arnOf(nameIn(operation, input, store))
    const isTagged = operation === 'CreateStream' && Object.keys(input.Tags ?? {}).length > 0
    return [
      { action: `kinesis:${operation}`, resource },
      ...(isTagged ? [{ action: 'kinesis:AddTagsToStream', resource }] : []),
    ]
  }
}

function nameIn(operation: string, input: any, store: Store): string {
  if (operation === 'GetRecords') return readIterator(input.ShardIterator, store.now()).stream
  if (operation === 'ListShards' && input.NextToken) return nextToken(input.NextToken)[0]
  return streamName(input)
}
