/** The functions that bring archives from their source to the raw bucket. */
import { allow } from '../allow.ts'
import type { Batch, BatchProps } from './index.ts'

export function addCollectTasks(batch: Batch, { parameters, storage, sourceCredentials, jobs }: BatchProps): void {
  const { raw, processed } = storage
  const { archives } = batch
  const source = {
    SOURCE_DRIVER: parameters.sourceDriver,
    SOURCE_URL: parameters.sourceUrl,
    SOURCE_SECRET_ARN: sourceCredentials.secretArn,
    RAW_BUCKET: raw.bucketName,
    PROCESSED_BUCKET: processed.bucketName,
    LANDING_PREFIX: parameters.landingPrefix,
    ARCHIVES_TABLE: archives.tableName,
  }

  const rejectedArchives = processed.arnForObjects('quarantine/archives/*')
  const because = 'Keys name the quarter and the archive that was rejected.'

  const listArchives = batch.task('ListArchives', {
    environment: { ...source, LOCKS_TABLE: jobs.locks.tableName, JOBS_TABLE: jobs.table.tableName },
    timeout: 120,
    memory: 512,
  })
  jobs.allowLocking(listArchives.role, batch.executions)
  allow(listArchives.role, ['dynamodb:Scan'], [archives.tableArn])
  allow(listArchives.role, ['s3:ListBucket'], [raw.bucketArn])
  allow(listArchives.role, ['s3:PutObject'], [rejectedArchives], { because })
  allow(listArchives.role, ['secretsmanager:GetSecretValue'], [sourceCredentials.secretArn])

  const collectQuarter = batch.task('CollectQuarter', {
    environment: { ...source, LOCKS_TABLE: jobs.locks.tableName },
    timeout: 900,
    memory: 2048,
    storage: 10240,
  })
  jobs.allowHolding(collectQuarter.role)
  allow(collectQuarter.role, ['s3:ListBucket'], [raw.bucketArn])
  allow(
    collectQuarter.role,
    ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
    [raw.arnForObjects('origination/*'), raw.arnForObjects('performance/*')],
    { because: 'Keys name the quarter and the file inside the archive.' },
  )
  allow(collectQuarter.role, ['s3:PutObject', 's3:AbortMultipartUpload'], [rejectedArchives], { because })
  allow(collectQuarter.role, ['s3:GetObject'], [raw.arnForObjects(`${parameters.landingPrefix}*`)], {
    because: 'Whoever puts an archive there names it.',
  })
  allow(collectQuarter.role, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [archives.tableArn])
  allow(collectQuarter.role, ['secretsmanager:GetSecretValue'], [sourceCredentials.secretArn])
}
