/** Replaces one quarter of MySQL's table by what is in staging, in one transaction. */
import type { ResultSetHeader } from 'mysql2/promise'
import { z } from 'zod'
import swapOrigination from '../../sql/mysql/swap-origination.sql'
import { writer } from '../jobs/writer.ts'
import { render, statements } from '../script.ts'
import { quarterSchema } from '../task.ts'
import { asLoader, mysqlEnvironment, transaction, using } from './mysql/connection.ts'

export const handler = writer({
  name: 'SwapMysql',
  input: z.object({ quarter: quarterSchema }),
  environment: mysqlEnvironment,
  part: ({ quarter }) => quarter,
  async run({ input: { quarter }, env, log }) {
    const swap = statements(render(swapOrigination, { QUARTER: quarter }))
    const rows = await using(asLoader(env), (connection) =>
      transaction(connection, async () => {
        let inserted = 0
        for (const statement of swap) {
          const [{ affectedRows }] = await connection.query<ResultSetHeader>(statement)
          if (/^INSERT/i.test(statement)) inserted = affectedRows
        }
        return inserted
      }),
    )
    log.info('Replaced a quarter', { quarter, rows })
    return { quarter, rows }
  },
})
