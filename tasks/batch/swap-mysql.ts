/** Replaces one quarter of MySQL's table by what is in staging, in one transaction, and measures what is there. */
import type { RowDataPacket } from 'mysql2/promise'
import { z } from 'zod'
import swapOrigination from '../../sql/mysql/swap-origination.sql'
import { quotedList, render, statements } from '../script.ts'
import { quarterSchema, task } from '../task.ts'
import { emptyLine, lineOf, measuresQuery, rowsOf } from './archive/measures.ts'
import { asLoader, mysqlEnvironment, transaction, using } from './mysql/connection.ts'

export const handler = task({
  name: 'SwapMysql',
  input: z.object({ quarter: quarterSchema }),
  environment: mysqlEnvironment,
  async run({ input: { quarter }, env, log }) {
    const swap = statements(render(swapOrigination, { QUARTER: quarter }))
    const measures = await using(asLoader(env), async (connection) => {
      await transaction(connection, async () => {
        for (const statement of swap) await connection.query(statement)
      })
      const query = measuresQuery('origination', 'mysql', quotedList([quarter]))
      const [[row]] = await connection.query<RowDataPacket[]>(query)
      return row ? lineOf('origination', row) : emptyLine('origination')
    })
    log.info('Replaced a quarter', { quarter, rows: rowsOf(measures) })
    return { measures: { [quarter]: measures } }
  },
})
