/** Operations on log groups and streams. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { sizeOf } from './event-file.ts'
import { invalid, type LogGroup, type Store } from './store.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

export function groupOperations(store: Store): Record<string, Operation> {
  const { cloud, groups } = store

  return {
    CreateLogGroup({ logGroupName: name, logGroupClass }) {
      if (!/^[.\-_/#A-Za-z0-9]{1,512}$/.test(name ?? ''))
        throw invalid(
          `1 validation error detected: Value '${name}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+`,
        )
      if (groups.get(name))
        throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists')
      const arn = cloud.arn('logs', `log-group:${name}`)
      groups.put(name, { name, arn, created: Date.now(), class: logGroupClass })
      return {}
    },

    DeleteLogGroup({ logGroupName }) {
      store.deleteGroup(store.group(logGroupName).name)
      return {}
    },

    DescribeLogGroups({ logGroupNamePrefix = '', logGroupNamePattern, limit = 50, nextToken }) {
      const all = groups
        .entries(logGroupNamePrefix)
        .filter(([name]) => logGroupNamePattern === undefined || name.includes(logGroupNamePattern))
        .filter(([name]) => nextToken === undefined || name > nextToken)
      const page = all.slice(0, limit)
      return {
        logGroups: page.map(([, group]) => shapeOfGroup(group)),
        ...(all.length > page.length && { nextToken: page.at(-1)![0] }),
      }
    },

    PutRetentionPolicy({ logGroupName, retentionInDays }) {
      if (!retentions.includes(retentionInDays))
        throw invalid(
          `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentions.join(', ')}]`,
        )
      const group = store.group(logGroupName)
      groups.put(group.name, { ...group, retentionInDays })
      return {}
    },

    DeleteRetentionPolicy({ logGroupName }) {
      const { retentionInDays: _gone, ...group } = store.group(logGroupName)
      groups.put(group.name, group)
      return {}
    },

    CreateLogStream({ logGroupName, logStreamName }) {
      store.createStream(logGroupName, logStreamName)
      return {}
    },

    DeleteLogStream({ logGroupName, logStreamName }) {
      store.stream(logGroupName, logStreamName)
      store.deleteStream(logGroupName, logStreamName)
      return {}
    },

    DescribeLogStreams(input) {
      const { logStreamNamePrefix = '', orderBy = 'LogStreamName', descending = false, limit = 50, nextToken } = input
      const { name: group } = store.group(input.logGroupName ?? input.logGroupIdentifier)
      if (orderBy === 'LastEventTime' && logStreamNamePrefix !== '')
        throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.')
      const all = store
        .streamsOf(group, logStreamNamePrefix)
        .map((stream) => ({ stream, span: store.span(group, stream.name) }))
      if (orderBy === 'LastEventTime') all.sort((a, b) => (a.span?.last ?? 0) - (b.span?.last ?? 0))
      if (descending) all.reverse()
      const start = nextToken === undefined ? 0 : all.findIndex(({ stream }) => stream.name === nextToken) + 1
      const page = all.slice(start, start + limit)
      return {
        logStreams: page.map(({ stream, span }) => ({
          logStreamName: stream.name,
          arn: stream.arn,
          creationTime: stream.created,
          storedBytes: 0, // AWS has stopped to count it for streams
          uploadSequenceToken: String(span?.ingested ?? stream.created),
          ...(span && {
            firstEventTimestamp: span.first,
            lastEventTimestamp: span.last,
            lastIngestionTime: span.ingested,
          }),
        })),
        ...(start + limit < all.length && { nextToken: page.at(-1)!.stream.name }),
      }
    },

    PutResourcePolicy({ policyName, policyDocument }) {
      store.policies.put(policyName, JSON.parse(policyDocument))
      return { resourcePolicy: { policyName, policyDocument, lastUpdatedTime: Date.now() } }
    },

    DescribeResourcePolicies: () => ({
      resourcePolicies: store.policies
        .entries()
        .map(([policyName, document]) => ({ policyName, policyDocument: JSON.stringify(document) })),
    }),

    DeleteResourcePolicy({ policyName }) {
      if (store.policies.delete(policyName)) return {}
      throw new AwsError('ResourceNotFoundException', `Policy with name [${policyName}] does not exist.`)
    },
  }

  function shapeOfGroup(group: LogGroup) {
    const streams = store.streamsOf(group.name)
    const bytes = streams.reduce((sum, { name }) => sum + sizeOf(store.fileOf(group.name, name)), 0)
    return {
      logGroupName: group.name,
      arn: `${group.arn}:*`,
      logGroupArn: group.arn,
      creationTime: group.created,
      metricFilterCount: 0,
      storedBytes: bytes,
      logGroupClass: group.class ?? 'STANDARD',
      ...(group.retentionInDays !== undefined && { retentionInDays: group.retentionInDays }),
    }
  }
}
