/** Trains on all folds but one and validates on that one: how well such images are told apart, without a lucky split. */
import { z } from 'zod'
import { ConfigurationError } from '../errors.ts'
import { track } from '../jobs/settle.ts'
import { executionSchema, required, task } from '../task.ts'
import { type Division, planSchema } from './dataset/dataset.ts'
import { lists } from './dataset/lists.ts'
import { getJson, put } from './dataset/objects.ts'
import { nameOf } from './training/names.ts'
import { startTraining, trainingEnvironment } from './training/start.ts'

export const handler = task({
  name: 'TrainFold',
  input: z.object({
    execution: executionSchema,
    state: z.string(),
    token: required,
    plan: planSchema,
    fold: z.number().int().min(0),
  }),
  environment: trainingEnvironment,
  async run({ input: { execution, state, token, plan, fold }, env, log }) {
    const division = await getJson<Division>(env.PROCESSED_BUCKET, `${plan.prefix}split.json`)
    if (!division)
      throw new ConfigurationError(`The division s3://${env.PROCESSED_BUCKET}/${plan.prefix}split.json is gone.`)
    const [training, validation] = [
      division.images.filter((image) => image.fold !== fold),
      division.images.filter((image) => image.fold === fold),
    ]
    const written = lists(training, validation, plan.classes)
    const prefix = `${plan.prefix}folds/${fold}/`
    await put(env.PROCESSED_BUCKET, `${prefix}train_lst/train.lst`, written.train, 'text/plain')
    await put(env.PROCESSED_BUCKET, `${prefix}validation_lst/validation.lst`, written.validation, 'text/plain')
    const name = `${nameOf(execution)}-f${fold + 1}`
    const jobId = await startTraining(
      {
        name,
        channels: {
          train: `${plan.prefix}train/`,
          validation: `${plan.prefix}clean/`,
          train_lst: `${prefix}train_lst/`,
          validation_lst: `${prefix}validation_lst/`,
        },
        classes: plan.classes.length,
        samples: written.counts.train,
        hyperparameters: plan.hyperparameters,
      },
      env,
    )
    await track(env.JOBS_TABLE, { jobId, kind: 'training', name, state, executionArn: execution.arn, token }, log)
    return { trainingJob: jobId }
  },
})
