/** The permissions of Firehose's operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisfirehose.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay(store: Store) {
  return (operation: string, input: any): Permission[] => {
    const resource = operation === 'ListDeliveryStreams' ? '*' : store.arnOf(input.DeliveryStreamName)
    const roles = operation === 'CreateDeliveryStream' || operation === 'UpdateDestination' ? passedRoles(input) : []
    return [
      { action: `firehose:${operation}`, resource },
      ...(operation === 'CreateDeliveryStream' && input.Tags?.length > 0
        ? [{ action: 'firehose:TagDeliveryStream', resource }]
        : []),
      ...roles.map((role) => ({
        action: 'iam:PassRole',
        resource: role,
        context: { 'iam:PassedToService': 'firehose.amazonaws.com' },
      })),
    ]
  }
}

/** Every role that the stream would act under. */
function passedRoles(input: any): string[] {
  const destination = input.ExtendedS3DestinationConfiguration ?? input.ExtendedS3DestinationUpdate
  const processors: any[] = destination?.ProcessingConfiguration?.Processors ?? []
  const parameters = processors.flatMap((processor) => processor.Parameters ?? [])
  const roles = [
    destination?.RoleARN,
    input.KinesisStreamSourceConfiguration?.RoleARN,
    ...parameters.filter((one: any) => one.ParameterName === 'RoleArn').map((one: any) => one.ParameterValue),
  ]
  return [...new Set(roles.filter((role) => role !== undefined))]
}
