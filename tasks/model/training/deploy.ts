/** Brings a configuration into service: a new endpoint, or an update of the one that serves. */
import {
  CreateEndpointCommand,
  DeleteEndpointCommand,
  SageMakerClient,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import { TransientError } from '../../errors.ts'
import { required } from '../../task.ts'
import { describe } from './endpoint.ts'

export const deployEnvironment = z.object({
  JOBS_TABLE: required,
  ENDPOINT_NAME: required,
  ENDPOINT_INSTANCES: z.coerce.number().int().min(1),
  ENDPOINT_ALARMS: z.string().transform((names) => names.split(',').filter((name) => name !== '')),
})

const sagemaker = new SageMakerClient({})

/** With one instance there is nothing to split: the new one takes over all at once. */
const WAIT_SECONDS = 120

/** @throws TransientError while somebody else changes the endpoint */
export async function deploy(config: string, env: z.output<typeof deployEnvironment>): Promise<void> {
  const EndpointName = env.ENDPOINT_NAME
  const current = await describe(EndpointName)
  if (current?.EndpointStatus === 'Failed') {
    await sagemaker.send(new DeleteEndpointCommand({ EndpointName }))
  } else if (current) {
    if (current.EndpointConfigName === config) return
    if (current.EndpointStatus !== 'InService') {
      throw new TransientError(`The endpoint ${EndpointName} is ${current.EndpointStatus}: it takes no update now.`)
    }
    await sagemaker.send(
      new UpdateEndpointCommand({
        EndpointName,
        EndpointConfigName: config,
        DeploymentConfig: {
          BlueGreenUpdatePolicy: {
            TrafficRoutingConfiguration:
              env.ENDPOINT_INSTANCES > 1
                ? {
                    Type: 'CANARY',
                    CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 },
                    WaitIntervalInSeconds: WAIT_SECONDS,
                  }
                : { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: WAIT_SECONDS },
            TerminationWaitInSeconds: WAIT_SECONDS,
            MaximumExecutionTimeoutInSeconds: 3600,
          },
          ...(env.ENDPOINT_ALARMS.length > 0 && {
            AutoRollbackConfiguration: { Alarms: env.ENDPOINT_ALARMS.map((AlarmName) => ({ AlarmName })) },
          }),
        },
      }),
    )
    return
  }
  await sagemaker.send(
    new CreateEndpointCommand({
      EndpointName,
      EndpointConfigName: config,
      Tags: [{ Key: 'application', Value: 'stepwell' }],
    }),
  )
}
