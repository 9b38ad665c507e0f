/** Ends the endpoint, which is what costs by the hour. Models and their data stay: the next run deploys again. */
import { z } from 'zod'
import { required, task } from '../task.ts'
import { deleteEndpoint } from './training/endpoint.ts'

export const handler = task({
  name: 'DeleteEndpoint',
  input: z.unknown(),
  environment: z.object({ ENDPOINT_NAME: required }),
  async run({ env, log }) {
    const deleted = await deleteEndpoint(env.ENDPOINT_NAME)
    log.info(deleted ? 'Deleted the endpoint' : 'There was no endpoint', { endpoint: env.ENDPOINT_NAME })
    return { endpoint: env.ENDPOINT_NAME, deleted }
  },
})
