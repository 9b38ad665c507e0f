/**
 * Loads one quarter into Redshift as one transaction: lock, COPY into staging, delete the quarter, insert it. COPY remembers nothing, so this is
 * what makes a second load replace the first.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import loadOrigination from '../../sql/redshift/load-origination.sql'
import loadPerformance from '../../sql/redshift/load-performance.sql'
import lockTables from '../../sql/redshift/lock-tables.sql'
import { jobsOfExecution } from '../jobs/job.ts'
import { track } from '../jobs/settle.ts'
import { writer } from '../jobs/writer.ts'
import { render, statements } from '../script.ts'
import { executionSchema, quarterSchema, required } from '../task.ts'
import { redshiftEnvironment, start } from './redshift/data-api.ts'

export const handler = writer({
  name: 'LoadRedshift',
  input: z.object({ execution: executionSchema, state: z.string(), token: required, quarter: quarterSchema }),
  environment: redshiftEnvironment.extend({ JOBS_TABLE: required, PROCESSED_BUCKET: required }),
  part: ({ quarter }) => quarter,
  async run({ input: { execution, state, token, quarter }, env, log }) {
    const values = { QUARTER: quarter, YEAR: quarter.slice(0, 4), PROCESSED: `s3://${env.PROCESSED_BUCKET}` }
    const sqls = [lockTables, loadOrigination, loadPerformance].flatMap((script) => statements(render(script, values)))
    const name = `${execution.name}#LoadRedshift#${quarter}`

    // A statement that failed or was cancelled keeps its client token: its successor needs the next one.
    const ended = (await jobsOfExecution(env.JOBS_TABLE, execution.arn)).filter(
      (job) => job.name === name && (job.status === 'failed' || job.status === 'cancelled'),
    )
    const clientToken = createHash('sha256').update(`${execution.arn}#${quarter}#${ended.length}`).digest('hex')
    const statementId = await start(env, name, sqls, clientToken)
    await track(
      env.JOBS_TABLE,
      { jobId: statementId, kind: 'statement', name, state, executionArn: execution.arn, token },
      log,
    )
    return { statementId }
  },
})
