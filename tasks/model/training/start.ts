/** Starts a training job with the four channels of image files, or finds the one that an earlier try started. */
import { CreateTrainingJobCommand, DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'
import { z } from 'zod'
import { TaskError } from '../../errors.ts'
import { required } from '../../task.ts'

export const trainingEnvironment = z.object({
  JOBS_TABLE: required,
  PROCESSED_BUCKET: required,
  TRAINING_IMAGE: required,
  TRAINING_ROLE_ARN: required,
  TRAINING_INSTANCE_TYPE: required,
  TRAINING_MAX_SECONDS: z.coerce.number().int().min(60),
})

export interface TrainingInput {
  name: string
  /** Prefixes of the processed bucket. */
  channels: Record<'train' | 'validation' | 'train_lst' | 'validation_lst', string>
  classes: number
  samples: number
  hyperparameters: Record<string, string>
}

/** After so many failures the next one will fail too. */
const MAX_TRIES = 3

const sagemaker = new SageMakerClient({})

/** @returns the name of the job that lives or has succeeded */
export async function startTraining(input: TrainingInput, env: z.output<typeof trainingEnvironment>): Promise<string> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const name = attempt === 1 ? input.name : `${input.name}-${attempt}`
    try {
      await sagemaker.send(new CreateTrainingJobCommand(request(name, input, env)))
      return name
    } catch (error) {
      if ((error as Error).name !== 'ResourceInUse') throw error
    }
    const { TrainingJobStatus } = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }))
    if (TrainingJobStatus === 'InProgress' || TrainingJobStatus === 'Completed') return name
  }
  throw new TaskError(
    'TrainingFailed',
    `${MAX_TRIES} training jobs called ${input.name} have failed or were stopped; their logs are in /aws/sagemaker/TrainingJobs.`,
  )
}

function request(name: string, input: TrainingInput, env: z.output<typeof trainingEnvironment>) {
  return {
    TrainingJobName: name,
    AlgorithmSpecification: { TrainingImage: env.TRAINING_IMAGE, TrainingInputMode: 'File' as const },
    RoleArn: env.TRAINING_ROLE_ARN,
    InputDataConfig: Object.entries(input.channels).map(([ChannelName, prefix]) => ({
      ChannelName,
      ContentType: 'application/x-image',
      CompressionType: 'None' as const,
      DataSource: {
        S3DataSource: {
          S3DataType: 'S3Prefix' as const,
          S3Uri: `s3://${env.PROCESSED_BUCKET}/${prefix}`,
          S3DataDistributionType: 'FullyReplicated' as const,
        },
      },
    })),
    OutputDataConfig: { S3OutputPath: `s3://${env.PROCESSED_BUCKET}/models/` },
    CheckpointConfig: { S3Uri: `s3://${env.PROCESSED_BUCKET}/models/${name}/checkpoints/` },
    ResourceConfig: {
      InstanceType: env.TRAINING_INSTANCE_TYPE as 'ml.g4dn.xlarge',
      InstanceCount: 1,
      VolumeSizeInGB: 30,
    },
    StoppingCondition: { MaxRuntimeInSeconds: env.TRAINING_MAX_SECONDS },
    HyperParameters: {
      num_classes: String(input.classes),
      num_training_samples: String(input.samples),
      image_shape: '3,224,224',
      resize: '256',
      use_pretrained_model: '1',
      num_layers: '50',
      epochs: '20',
      learning_rate: '0.001',
      mini_batch_size: String(Math.min(32, input.samples)),
      optimizer: 'adam',
      weight_decay: '0.00001',
      ...input.hyperparameters,
    },
    Tags: [{ Key: 'application', Value: 'stepwell' }],
  }
}
