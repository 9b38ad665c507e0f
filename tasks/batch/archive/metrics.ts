/**
 * Records as metrics of CloudWatch, in its embedded metric format: a line of the function's log that CloudWatch reads numbers from, so a
 * function needs no permission and makes no call for them.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { Table } from './layout.ts'
import type { QuarterCounts } from './table.ts'

/** workflows/monitoring.ts draws what is in it. */
export const NAMESPACE = 'Stepwell/Batch'

const METRICS = ['Raw', 'Rejected', 'Processed'] as const

/** The records of the quarters that an execution loaded, one line a table. */
export function recordMetrics(loaded: readonly QuarterCounts[], at: Date): string[] {
  return (['origination', 'performance'] satisfies Table[]).map((table) => {
    const sum = (stage: 'raw' | 'rejected' | 'processed') =>
      loaded.reduce((total, quarter) => total + quarter[table][stage], 0)
    return JSON.stringify({
      _aws: {
        Timestamp: at.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: NAMESPACE,
            Dimensions: [['Table']],
            Metrics: METRICS.map((Name) => ({ Name, Unit: 'Count' })),
          },
        ],
      },
      Table: table,
      Raw: sum('raw'),
      Rejected: sum('rejected'),
      Processed: sum('processed'),
    })
  })
}
