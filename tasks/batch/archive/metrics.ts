/** The records of a run as metrics of CloudWatch. */
import { embeddedMetrics } from '../../embedded-metrics.ts'
import type { Table } from './layout.ts'
import type { QuarterCounts } from './table.ts'

/** workflows/monitoring.ts draws what is in it. */
export const NAMESPACE = 'Stepwell/Batch'

/** The records of the quarters that an execution loaded, one line a table. */
export function recordMetrics(loaded: readonly QuarterCounts[], at: Date): string[] {
  return (['origination', 'performance'] satisfies Table[]).map((table) => {
    const sum = (stage: 'raw' | 'rejected' | 'processed') =>
      loaded.reduce((total, quarter) => total + quarter[table][stage], 0)
    const counts = { Raw: sum('raw'), Rejected: sum('rejected'), Processed: sum('processed') }
    return embeddedMetrics(NAMESPACE, ['Table', table], counts, at)
  })
}
