/** Starts the training job; the state waits until it has ended. */
import { z } from 'zod'
import { ConfigurationError } from '../errors.ts'
import { track } from '../jobs/settle.ts'
import { executionSchema, required, task } from '../task.ts'
import { datasetSchema, planSchema } from './dataset/dataset.ts'
import { getJson } from './dataset/objects.ts'
import { nameOf } from './training/names.ts'
import { startTraining, trainingEnvironment } from './training/start.ts'

export const handler = task({
  name: 'TrainModel',
  input: z.object({ execution: executionSchema, state: z.string(), token: required, plan: planSchema }),
  environment: trainingEnvironment,
  async run({ input: { execution, state, token, plan }, env, log }) {
    const dataset = datasetSchema.safeParse(await getJson(env.PROCESSED_BUCKET, `${plan.prefix}dataset.json`))
    if (!dataset.success)
      throw new ConfigurationError(
        `The data set s3://${env.PROCESSED_BUCKET}/${plan.prefix} is not finished: dataset.json is missing.`,
      )
    const name = nameOf(execution)
    const jobId = await startTraining(
      {
        name,
        channels: {
          train: `${plan.prefix}train/`,
          validation: `${plan.prefix}validation/`,
          train_lst: `${plan.prefix}train_lst/`,
          validation_lst: `${plan.prefix}validation_lst/`,
        },
        classes: plan.classes.length,
        samples: dataset.data.samples.train,
        hyperparameters: plan.hyperparameters,
      },
      env,
    )
    await track(env.JOBS_TABLE, { jobId, kind: 'training', name, state, executionArn: execution.arn, token }, log)
    return { trainingJob: jobId }
  },
})
