/** Makes the configuration of the endpoint, and remembers the one that serves now: a bad model goes back to it. */
import {
  CreateEndpointConfigCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import { required, task } from '../task.ts'
import { orExisting } from './training/existing.ts'
import { isMissing } from './training/missing.ts'

const sagemaker = new SageMakerClient({})

export const handler = task({
  name: 'CreateEndpointConfig',
  input: z.object({ model: required }),
  environment: z.object({
    ENDPOINT_NAME: required,
    ENDPOINT_INSTANCE_TYPE: required,
    ENDPOINT_INSTANCES: z.coerce.number().int().min(1),
  }),
  async run({ input: { model }, env, log }) {
    const made = await orExisting(
      () =>
        sagemaker.send(
          new CreateEndpointConfigCommand({
            EndpointConfigName: model,
            ProductionVariants: [
              {
                // The answer of the endpoint names the variant, and with it the model.
                VariantName: model,
                ModelName: model,
                InstanceType: env.ENDPOINT_INSTANCE_TYPE as 'ml.c5.large',
                InitialInstanceCount: env.ENDPOINT_INSTANCES,
                InitialVariantWeight: 1,
              },
            ],
            Tags: [{ Key: 'application', Value: 'stepwell' }],
          }),
        ),
      () => sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: model })),
    )
    const previous = await currentConfig(env.ENDPOINT_NAME)
    log.info('Made the endpoint configuration', { config: model, existed: made === 'existing', previous })
    return { config: model, previous: previous === model ? null : (previous ?? null) }
  },
})

/** What an endpoint in service serves; a failed one serves nothing. */
async function currentConfig(endpoint: string): Promise<string | undefined> {
  try {
    const { EndpointConfigName, EndpointStatus } = await sagemaker.send(
      new DescribeEndpointCommand({ EndpointName: endpoint }),
    )
    return EndpointStatus === 'Failed' ? undefined : EndpointConfigName
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
