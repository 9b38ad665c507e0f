/**
 * Measures what MySQL's table holds of the loaded quarters, for Reconcile, which is outside of the VPC and cannot ask. After all loads, not with them:
 * what changes in the table meanwhile is seen.
 */
import type { RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import { quotedList } from '../script.ts'
import { quarterSchema, task } from '../task.ts'
import { measuresQuery, rowsOf } from './archive/measures.ts'
import { linesOf } from './archive/reconciliation.ts'
import { asLoader, mysqlEnvironment, using } from './mysql/connection.ts'

export const handler = task({
  name: 'MeasureMysql',
  input: z.object({ quarters: z.array(quarterSchema).min(1) }),
  environment: mysqlEnvironment,
  async run({ input: { quarters }, env, log }) {
    const lines = await using(asLoader(env), async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        measuresQuery('origination', 'mysql', quotedList(quarters)),
      )
      return linesOf('origination', rows, quarters)
    })
    const measures = Object.fromEntries(lines)
    log.info('Measured MySQL', { rows: Object.values(measures).reduce((sum, line) => sum + rowsOf(line), 0) })
    return { measures }
  },
})
