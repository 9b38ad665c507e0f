/** "Step Functions Execution Status Change" events (https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html). */
import type { Cloud } from '../../cloud.ts'
import type { ExecutionRow } from './rows.ts'

/** Events hold at most 256 KiB: longer inputs and outputs are left out. */
const maxData = 248 * 1024

export interface StatusChange {
  readonly row: ExecutionRow
  readonly input: string
  readonly output?: string | undefined
  readonly error?: string | undefined
  readonly cause?: string | undefined
}

/** Tells EventBridge how an execution stands. A bus that is missing or full stops nothing. */
export async function putStatusEvent(cloud: Cloud, change: StatusChange): Promise<void> {
  const { row, input, output } = change
  const fits = (text: string | undefined) => text === undefined || text.length <= maxData
  const detail = {
    executionArn: row.arn,
    stateMachineArn: row.machineArn,
    name: row.name,
    status: row.status,
    startDate: row.startDate,
    stopDate: row.stopDate ?? null,
    input: fits(input) ? input : null,
    output: output !== undefined && fits(output) ? output : null,
    inputDetails: { included: fits(input) },
    outputDetails: output === undefined ? null : { included: fits(output) },
    error: change.error ?? null,
    cause: change.cause ?? null,
    stateMachineVersionArn: row.versionArn ?? null,
    stateMachineAliasArn: row.aliasArn ?? null,
    redriveCount: row.redriveCount ?? 0,
    redriveDate: row.redriveDate ?? null,
    redriveStatus: row.status === 'RUNNING' || row.status === 'SUCCEEDED' ? 'NOT_REDRIVABLE' : 'REDRIVABLE',
    redriveStatusReason:
      row.status === 'RUNNING'
        ? 'Execution is RUNNING and cannot be redriven'
        : row.status === 'SUCCEEDED'
          ? 'Execution is SUCCEEDED and cannot be redriven'
          : null,
  }
  try {
    await cloud.call(cloud.servicePrincipal('states.amazonaws.com', row.arn), 'events', 'PutEvents', {
      Entries: [
        {
          Source: 'aws.states',
          DetailType: 'Step Functions Execution Status Change',
          Resources: [row.arn],
          Time: new Date(row.stopDate ?? row.startDate),
          Detail: JSON.stringify(detail),
        },
      ],
    })
  } catch (error) {
    cloud.log('warn', 'The status change of an execution was not told to EventBridge.', {
      execution: row.arn,
      status: row.status,
      error: (error as Error).name,
    })
  }
}
