/** Keeps the last three models with their configurations; what serves is never removed. */
import {
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  paginateListEndpointConfigs,
  paginateListModels,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import { required, task } from '../task.ts'
import { describe } from './training/endpoint.ts'
import { isMissing } from './training/missing.ts'
import { PREFIX } from './training/names.ts'

const KEPT = 3

const sagemaker = new SageMakerClient({})

export const handler = task({
  name: 'RemoveOldModels',
  input: z.object({ model: required }),
  environment: z.object({ ENDPOINT_NAME: required }),
  async run({ input: { model }, env, log }) {
    const serving = (await describe(env.ENDPOINT_NAME))?.EndpointConfigName
    const keep = (names: string[]) => names.filter((name, at) => at >= KEPT && name !== serving && name !== model)
    const newestFirst = { SortBy: 'CreationTime', SortOrder: 'Descending', NameContains: PREFIX } as const
    const configs: string[] = []
    for await (const page of paginateListEndpointConfigs({ client: sagemaker }, newestFirst))
      for (const { EndpointConfigName = '' } of page.EndpointConfigs ?? [])
        if (EndpointConfigName.startsWith(PREFIX)) configs.push(EndpointConfigName)
    const models: string[] = []
    for await (const page of paginateListModels({ client: sagemaker }, newestFirst))
      for (const { ModelName = '' } of page.Models ?? []) if (ModelName.startsWith(PREFIX)) models.push(ModelName)
    const removed = { configs: keep(configs), models: keep(models) }
    for (const EndpointConfigName of removed.configs)
      await unlessMissing(sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName })))
    for (const ModelName of removed.models) await unlessMissing(sagemaker.send(new DeleteModelCommand({ ModelName })))
    log.info('Removed old models', removed)
    return removed
  },
})

async function unlessMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
