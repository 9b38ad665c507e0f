/**
 * After a failure: a first deployment leaves no endpoint behind, a later one puts the previous model back in service. The state waits
 * until that is so.
 */
import { z } from 'zod'
import { complete, track } from '../jobs/settle.ts'
import { executionSchema, required, task } from '../task.ts'
import { deploy, deployEnvironment } from './training/deploy.ts'
import { deleteEndpoint, describe } from './training/endpoint.ts'

export const handler = task({
  name: 'RollBackEndpoint',
  input: z.object({
    execution: executionSchema,
    state: z.string(),
    token: required,
    previous: z.string().nullable(),
  }),
  environment: deployEnvironment,
  async run({ input: { execution, state, token, previous }, env, log }) {
    const endpoint = env.ENDPOINT_NAME
    if (previous === null) {
      const deleted = await deleteEndpoint(endpoint)
      log.info('Rolled back a first deployment', { endpoint, deleted })
      await complete(token, { endpoint, config: null })
      return { endpoint }
    }
    const current = await describe(endpoint)
    log.info('Puts the previous model back', { endpoint, from: current?.EndpointConfigName, to: previous })
    await deploy(previous, env)
    const job = { jobId: endpoint, kind: 'endpoint' as const, name: previous, state }
    await track(env.JOBS_TABLE, { ...job, executionArn: execution.arn, token }, log)
    return { endpoint }
  },
})
