/** The functions that make a data set of raw images. */
import type { LayerVersion } from 'aws-cdk-lib/aws-lambda'
import { allow } from '../allow.ts'
import type { Model, ModelProps } from './index.ts'

const named = 'Data sets are named after their content.'

export function addPrepareTasks(model: Model, { storage }: ModelProps, layer: LayerVersion): void {
  const { raw, processed } = storage
  const environment = { PROCESSED_BUCKET: processed.bucketName }
  const dataset = processed.arnForObjects('images/*')

  const listImages = model.task('ListImages', {
    environment: { ...environment, RAW_BUCKET: raw.bucketName },
    timeout: 120,
    memory: 512,
  })
  allow(listImages.role, ['s3:ListBucket'], [raw.bucketArn, processed.bucketArn])
  allow(listImages.role, ['s3:GetObject', 's3:PutObject'], [dataset], { because: named })

  const prepareImages = model.task('PrepareImages', { environment, timeout: 600, memory: 2048, layer })
  allow(prepareImages.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(prepareImages.role, ['s3:GetObject'], [raw.arnForObjects('*')], {
    because: 'People name their images, and may name the prefix.',
  })
  allow(prepareImages.role, ['s3:GetObject', 's3:PutObject'], [dataset], { because: named })

  const splitImages = model.task('SplitImages', { environment, timeout: 300, memory: 1024 })
  allow(splitImages.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(splitImages.role, ['s3:GetObject', 's3:PutObject'], [dataset], { because: named })
  allow(splitImages.role, ['s3:PutObject'], [processed.arnForObjects('quarantine/images/*')], { because: named })

  const augmentImages = model.task('AugmentImages', { environment, timeout: 900, memory: 2048, layer })
  allow(augmentImages.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(augmentImages.role, ['s3:GetObject', 's3:PutObject'], [dataset], { because: named })

  const writeLists = model.task('WriteLists', { environment, timeout: 300, memory: 512 })
  allow(writeLists.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(writeLists.role, ['s3:GetObject', 's3:PutObject'], [dataset], { because: named })
}
