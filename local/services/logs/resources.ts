/** Log groups, streams and resource policies of the template; what was logged stays. */
import { z } from 'zod'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Store } from './store.ts'

const groupProperties = z.object({
  LogGroupName: z.string().optional(),
  RetentionInDays: z.coerce.number().optional(),
  LogGroupClass: z.string().optional(),
})

export function logResources(store: Store): Record<string, ResourceType> {
  const { cloud, groups, policies } = store
  const call = (operation: string, input: object) => cloud.call(cloud.admin, 'logs', operation, input)

  return {
    'AWS::Logs::LogGroup': {
      async apply({ properties, physicalName }) {
        const { LogGroupName, RetentionInDays, LogGroupClass } = groupProperties.parse(properties)
        const logGroupName = LogGroupName ?? physicalName({ max: 512 })
        if (!groups.get(logGroupName)) await call('CreateLogGroup', { logGroupName, logGroupClass: LogGroupClass })
        if (store.group(logGroupName).retentionInDays !== RetentionInDays)
          await (RetentionInDays === undefined
            ? call('DeleteRetentionPolicy', { logGroupName })
            : call('PutRetentionPolicy', { logGroupName, retentionInDays: RetentionInDays }))
        return { ref: logGroupName, attributes: { Arn: `${store.group(logGroupName).arn}:*` } }
      },
      remove: ({ ref }) => store.deleteGroup(ref),
    },

    'AWS::Logs::LogStream': {
      apply({ properties: { LogGroupName, LogStreamName }, physicalName }) {
        const name = LogStreamName ?? physicalName({ max: 512 })
        if (!store.streamsOf(LogGroupName, name).some((stream) => stream.name === name))
          store.createStream(LogGroupName, name)
        return { ref: name }
      },
      remove: ({ ref, properties }) => store.deleteStream(properties.LogGroupName, ref),
    },

    'AWS::Logs::ResourcePolicy': {
      apply({ properties: { PolicyName, PolicyDocument: text } }) {
        policies.put(PolicyName, (typeof text === 'string' ? JSON.parse(text) : text) as PolicyDocument)
        return { ref: PolicyName }
      },
      remove: ({ ref }) => void policies.delete(ref),
    },
  }
}
