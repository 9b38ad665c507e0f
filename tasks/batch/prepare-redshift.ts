/** Creates Redshift's tables where they are missing. The first statement also wakes a workgroup that has been idle. */
import { z } from 'zod'
import createTables from '../../sql/redshift/create-tables.sql'
import { render, statements } from '../script.ts'
import { task } from '../task.ts'
import { execute, redshiftEnvironment } from './redshift/data-api.ts'

export const handler = task({
  name: 'PrepareRedshift',
  input: z.unknown(),
  environment: redshiftEnvironment,
  async run({ env, log, signal }) {
    const script = statements(render(createTables, {}))
    await execute(env, 'PrepareRedshift', script, signal)
    log.info('Redshift is ready', { workgroup: env.REDSHIFT_WORKGROUP, statements: script.length })
    return { statements: script.length }
  },
})
