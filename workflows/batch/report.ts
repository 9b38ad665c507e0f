/** The functions that compare the stores, report on a run and tell people of a failed one. */
import { allow } from '../allow.ts'
import type { Batch, BatchProps } from './index.ts'
import { allowQueries, redshiftEnvironment } from './load.ts'

export function addReportTasks(batch: Batch, { storage, monitoring, warehouse, jobs }: BatchProps): void {
  const { archives } = batch
  const redshift = redshiftEnvironment(warehouse)

  const reconcile = batch.task('Reconcile', {
    environment: { ...redshift, ARCHIVES_TABLE: archives.tableName, LOCKS_TABLE: jobs.locks.tableName },
    timeout: 900,
    memory: 512,
  })
  jobs.allowHolding(reconcile.role)
  allowQueries(reconcile.role, warehouse)
  allow(reconcile.role, ['dynamodb:Scan', 'dynamodb:UpdateItem'], [archives.tableArn])

  const report = batch.task('Report', {
    environment: {
      ...redshift,
      ARCHIVES_TABLE: archives.tableName,
      REPORTS_BUCKET: storage.reports.bucketName,
      LOCKS_TABLE: jobs.locks.tableName,
    },
    timeout: 900,
    memory: 1024,
  })
  allowQueries(report.role, warehouse)
  allow(report.role, ['dynamodb:Scan'], [archives.tableArn])
  allow(report.role, ['s3:PutObject'], [storage.reports.arnForObjects('batch/*')], {
    because: 'A report is named after its execution.',
  })
  allow(report.role, ['states:GetExecutionHistory'], [batch.executions], {
    because: 'Executions are named when they start.',
  })

  jobs.allowHolding(report.role)

  const notifyFailure = batch.task('NotifyFailure', {
    environment: { FAILURE_TOPIC_ARN: monitoring.topic.topicArn },
    timeout: 60,
    memory: 512,
  })
  allow(notifyFailure.role, ['sns:Publish'], [monitoring.topic.topicArn])
}
