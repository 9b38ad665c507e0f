/** Makes a model of what was trained, and writes the names of its classes beside it: the endpoint answers numbers only. */
import { CreateModelCommand, DescribeModelCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import { executionSchema, required, task } from '../task.ts'
import { planSchema } from './dataset/dataset.ts'
import { putJson } from './dataset/objects.ts'
import { orExisting } from './training/existing.ts'
import { nameOf } from './training/names.ts'

const sagemaker = new SageMakerClient({})

export const handler = task({
  name: 'CreateModel',
  input: z.object({
    execution: executionSchema,
    plan: planSchema,
    training: z.object({ trainingJob: required, artifacts: required, metrics: z.record(z.string(), z.number()) }),
  }),
  environment: z.object({ PROCESSED_BUCKET: required, TRAINING_IMAGE: required, TRAINING_ROLE_ARN: required }),
  async run({ input: { execution, plan, training }, env, log }) {
    const model = nameOf(execution)
    const card = {
      model,
      classes: plan.classes,
      trainingJob: training.trainingJob,
      artifacts: training.artifacts,
      metrics: training.metrics,
      dataset: `s3://${env.PROCESSED_BUCKET}/${plan.prefix}`,
      createdBy: execution.arn,
    }
    await putJson(env.PROCESSED_BUCKET, `models/${model}/card.json`, card)
    const made = await orExisting(
      () =>
        sagemaker.send(
          new CreateModelCommand({
            ModelName: model,
            ExecutionRoleArn: env.TRAINING_ROLE_ARN,
            PrimaryContainer: { Image: env.TRAINING_IMAGE, ModelDataUrl: training.artifacts },
            Tags: [{ Key: 'application', Value: 'stepwell' }],
          }),
        ),
      () => sagemaker.send(new DescribeModelCommand({ ModelName: model })),
    )
    log.info('Made the model', { model, existed: made === 'existing' })
    return { model }
  },
})
