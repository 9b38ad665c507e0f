/** Creates the endpoint, or updates the one that serves; the state waits until the new model is in service. */
import { z } from 'zod'
import { track } from '../jobs/settle.ts'
import { executionSchema, required, task } from '../task.ts'
import { deploy, deployEnvironment } from './training/deploy.ts'

export const handler = task({
  name: 'DeployEndpoint',
  input: z.object({ execution: executionSchema, state: z.string(), token: required, config: required }),
  environment: deployEnvironment,
  async run({ input: { execution, state, token, config }, env, log }) {
    await deploy(config, env)
    const job = { jobId: env.ENDPOINT_NAME, kind: 'endpoint' as const, name: config, state }
    await track(env.JOBS_TABLE, { ...job, executionArn: execution.arn, token }, log)
    return { endpoint: env.ENDPOINT_NAME }
  },
})
