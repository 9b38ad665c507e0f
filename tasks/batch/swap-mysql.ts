/** Replaces one quarter of MySQL's table by what is in staging, in one transaction, and counts what is there. */
import type { RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import countRows from '../../sql/mysql/counts.sql'
import swapOrigination from '../../sql/mysql/swap-origination.sql'
import { quotedList, render, statements } from '../script.ts'
import { quarterSchema, task } from '../task.ts'
import { asLoader, mysqlEnvironment, transaction, using } from './mysql/connection.ts'

export const handler = task({
  name: 'SwapMysql',
  input: z.object({ quarter: quarterSchema }),
  environment: mysqlEnvironment,
  async run({ input: { quarter }, env, log }) {
    const swap = statements(render(swapOrigination, { QUARTER: quarter }))
    const [count = ''] = statements(render(countRows, { QUARTERS: quotedList([quarter]) }))
    const rows = await using(asLoader(env), async (connection) => {
      await transaction(connection, async () => {
        for (const statement of swap) await connection.query(statement)
      })
      const [counts] = await connection.query<RowDataPacket[]>(count)
      return Number(counts.find((row) => row.quarter === quarter)?.row_count ?? 0)
    })
    log.info('Replaced a quarter', { quarter, rows })
    return { counts: { [quarter]: rows } }
  },
})
