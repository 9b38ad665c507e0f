/** Starts the application, if it does not run. */
import { StartApplicationCommand } from '@aws-sdk/client-kinesis-analytics-v2'
import { z } from 'zod'
import { TaskError, TransientError } from '../errors.ts'
import { executionSchema, task } from '../task.ts'
import { analytics, application, streamEnvironment } from './resources.ts'

const UNDER_WAY = ['RUNNING', 'STARTING', 'UPDATING', 'AUTOSCALING', 'MAINTENANCE']

export const handler = task({
  name: 'StartApplication',
  input: z.object({ execution: executionSchema }),
  environment: streamEnvironment,
  async run({ env, log }) {
    const { APPLICATION_NAME: ApplicationName } = env
    const status = (await application(ApplicationName))?.ApplicationStatus
    if (status === undefined) throw new TaskError('ApplicationMissing', `There is no application ${ApplicationName}.`)
    if (UNDER_WAY.includes(status)) return { application: ApplicationName, started: false }
    if (status !== 'READY') throw new TransientError(`The application ${ApplicationName} is ${status}.`)
    await analytics.send(
      new StartApplicationCommand({
        ApplicationName,
        RunConfiguration: {
          FlinkRunConfiguration: { AllowNonRestoredState: true },
          ApplicationRestoreConfiguration: { ApplicationRestoreType: 'RESTORE_FROM_LATEST_SNAPSHOT' },
        },
      }),
    )
    log.info('Starts the application', { application: ApplicationName })
    return { application: ApplicationName, started: true }
  },
})
