/** The event that a statement with `WithEvent` sends: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html */
import type { Cloud } from '../../cloud.ts'
import { KEPT_MS, type StatementRecord } from './records.ts'

export async function announce(cloud: Cloud, record: StatementRecord): Promise<void> {
  const detail = {
    principal: record.principal,
    statementName: record.name ?? '',
    statementId: record.id,
    redshiftQueryId: record.queryId,
    state: record.status,
    rows: record.rows,
    expireAt: Math.floor((record.createdAt + KEPT_MS) / 1000),
  }
  const entry = {
    Source: 'aws.redshift-data',
    DetailType: 'Redshift Data Statement Status Change',
    Resources: [record.workgroupArn],
    Detail: JSON.stringify(detail),
  }
  try {
    const service = cloud.servicePrincipal('redshift-data.amazonaws.com', record.workgroupArn)
    await cloud.call(service, 'events', 'PutEvents', { Entries: [entry] })
  } catch (error) {
    cloud.log('error', 'A Redshift Data event was lost', { id: record.id, error: (error as Error).message })
  }
}
