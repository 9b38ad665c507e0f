/** Operations on executions: start, stop, describe, list, history, redrive. */
import { randomUUID } from 'node:crypto'
import { toEvent } from '../../engines/states/history.ts'
import { exceedsPayload } from '../../engines/states/json.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import type { Aliases } from './aliases.ts'
import { checkName, machineArn } from './arns.ts'
import type { Executions } from './executions.ts'
import { type Machines, references } from './machines.ts'
import { fromToken, page, pageSize, toToken } from './paging.ts'
import type { ExecutionRow, Revision, Rows } from './rows.ts'

const statuses = ['SUCCEEDED', 'TIMED_OUT', 'PENDING_REDRIVE', 'ABORTED', 'FAILED', 'RUNNING']
/** Executions can be redriven for 14 days. */
const redrivePeriod = 14 * 24 * 3600_000

export function executionOperations(
  machines: Machines,
  aliases: Aliases,
  executions: Executions,
  rows: Rows,
): Record<string, Operation> {
  const inputOf = (input: any): string => {
    const text: string = input.input ?? '{}'
    let message: string | undefined
    try {
      JSON.parse(text)
    } catch (error) {
      message = (error as Error).message
    }
    if (message !== undefined)
      throw new AwsError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${message}'`)
    if (exceedsPayload(text))
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144`,
      )
    return text
  }

  return {
    StartExecution(input) {
      const found = aliases.resolve(input.stateMachineArn)
      const name = input.name === undefined ? randomUUID() : checkName(input.name)
      const text = inputOf(input)
      const { machine } = found
      if (machine.deleting) throw new AwsError('StateMachineDeleting', `State Machine is Deleting: '${machine.arn}'`)
      if (machine.type === 'EXPRESS') {
        const { arn, execution } = executions.startExpress(machine, found.version ?? machine, name, text)
        return { executionArn: arn, startDate: new Date(execution.info.startTime) }
      }
      const row = executions.start({ ...found, name, input: text })
      return { executionArn: row.arn, startDate: new Date(row.startDate) }
    },

    async StartSyncExecution(input) {
      const found = aliases.resolve(input.stateMachineArn)
      const { machine } = found
      if (machine.type !== 'EXPRESS')
        throw new AwsError(
          'StateMachineTypeNotSupported',
          `State Machine Type Not Supported: 'This operation is not supported by this type of state machine'`,
        )
      const name = input.name === undefined ? randomUUID() : checkName(input.name)
      const { arn, execution } = executions.startExpress(machine, found.version ?? machine, name, inputOf(input))
      const result = await execution.ended
      const milliseconds = result.stopTime - execution.info.startTime
      return {
        executionArn: arn,
        stateMachineArn: machine.arn,
        name,
        startDate: new Date(execution.info.startTime),
        stopDate: new Date(result.stopTime),
        status: result.status === 'ABORTED' ? 'TIMED_OUT' : result.status,
        input: execution.info.input,
        inputDetails: { included: true },
        ...(result.output !== undefined && { output: result.output }),
        outputDetails: { included: true },
        ...(result.error !== undefined && { error: result.error }),
        ...(result.cause !== undefined && { cause: result.cause }),
        billingDetails: { billedMemoryUsedInMB: 64, billedDurationInMilliseconds: Math.ceil(milliseconds / 100) * 100 },
      }
    },

    StopExecution(input) {
      const row = executions.row(input.executionArn)
      const execution = executions.engine.running(row.arn)
      if (execution) execution.abort(input.error, input.cause)
      else if (row.status === 'RUNNING') executions.giveUp(row)
      const stopDate = execution?.result?.stopTime ?? row.stopDate ?? Date.now()
      return { stopDate: new Date(stopDate) }
    },

    RedriveExecution(input) {
      const row = executions.row(input.executionArn)
      const { redriveStatus: status, redriveStatusReason } = redriveStatus(row)
      if (status !== 'REDRIVABLE')
        throw new AwsError(
          'ExecutionNotRedrivable',
          redriveStatusReason ?? `Execution is ${status} and cannot be redriven`,
        )
      return { redriveDate: new Date(executions.redrive(row).redriveDate!) }
    },

    DescribeExecution(input) {
      return describe(executions, executions.row(input.executionArn), input.includedData !== 'METADATA_ONLY')
    },

    DescribeStateMachineForExecution(input) {
      const row = executions.row(input.executionArn)
      const definition = executions.definitionOf(row)
      const revision = revisionOf(machines, row)
      return {
        stateMachineArn: row.machineArn,
        name: row.machineName,
        definition,
        roleArn: row.roleArn,
        updateDate: new Date(row.updateDate),
        loggingConfiguration: row.logging ??
          revision?.loggingConfiguration ?? { level: 'OFF', includeExecutionData: false },
        tracingConfiguration: revision?.tracingConfiguration ?? { enabled: false },
        encryptionConfiguration: revision?.encryptionConfiguration ?? { type: 'AWS_OWNED_KEY' },
        ...(row.revisionId !== undefined && { revisionId: row.revisionId }),
        ...(row.mapRunArn !== undefined && { mapRunArn: row.mapRunArn }),
        ...references(definition),
      }
    },

    ListExecutions(input) {
      if (input.statusFilter !== undefined && !statuses.includes(input.statusFilter))
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value '${input.statusFilter}' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [${statuses.join(', ')}]`,
        )
      const wanted = wantedExecutions(machines, rows, input)
      const { items, nextToken } = page(wanted, input)
      return {
        executions: items.map((row) => ({
          executionArn: row.arn,
          stateMachineArn: row.machineArn,
          name: row.name,
          status: row.status,
          startDate: new Date(row.startDate),
          ...(row.stopDate !== undefined && { stopDate: new Date(row.stopDate) }),
          ...(row.mapRunArn !== undefined && { mapRunArn: row.mapRunArn, itemCount: row.itemCount ?? 1 }),
          ...(row.versionArn !== undefined && { stateMachineVersionArn: row.versionArn }),
          ...(row.aliasArn !== undefined && { stateMachineAliasArn: row.aliasArn }),
          ...(row.mapRunArn === undefined && { redriveCount: row.redriveCount ?? 0 }),
          ...(row.redriveDate !== undefined && { redriveDate: new Date(row.redriveDate) }),
        })),
        ...nextToken,
      }
    },

    GetExecutionHistory(input) {
      const row = executions.row(input.executionArn)
      const records = executions.engine.records(row.arn).filter((record) => record[0] > 0)
      if (input.reverseOrder) records.reverse()
      const size = pageSize(input.maxResults)
      const from = input.nextToken === undefined ? 0 : fromToken(input.nextToken)
      const events = records
        .slice(from, from + size)
        .map((record) => toEvent(record, input.includeExecutionData !== false))
      return { events, ...(from + size < records.length && { nextToken: toToken(from + size) }) }
    },
  }
}

/** The machine or version that an execution ran; undefined when it has been deleted. */
function revisionOf(machines: Machines, row: ExecutionRow): Revision | undefined {
  try {
    // The machine of a map run's children is named after their parent's: `Machine/label`.
    const { machine, version } = machines.find(row.versionArn ?? row.machineArn.split('/')[0])
    return version ?? machine
  } catch (error) {
    if ((error as Error).name === 'StateMachineDoesNotExist') return undefined
    throw error
  }
}

/** The executions of a machine (or a version, an alias, a map run), the newest first. */
function wantedExecutions(machines: Machines, rows: Rows, input: any): ExecutionRow[] {
  if (input.stateMachineArn === undefined && input.mapRunArn === undefined)
    throw new AwsError('ValidationException', 'Must specify one of stateMachineArn or mapRunArn.')
  let prefix: string
  let matches: (row: ExecutionRow) => boolean
  if (input.mapRunArn !== undefined) {
    const run = rows.mapRuns.get(input.mapRunArn)
    if (!run) throw new AwsError('ResourceNotFound', `Resource not found: '${input.mapRunArn}'`)
    prefix = `${run.machineName}/`
    matches = (row) => row.mapRunArn === input.mapRunArn
  } else {
    const { name, qualifier } = machineArn(input.stateMachineArn)
    const machine = machines.machine(input.stateMachineArn)
    prefix = `${name}/`
    const arn = `${machine.arn}:${qualifier}`
    matches = (row) =>
      row.mapRunArn === undefined &&
      row.machineArn === machine.arn &&
      (qualifier === undefined || row.versionArn === arn || row.aliasArn === arn)
  }
  const list: ExecutionRow[] = []
  for (const [, row] of rows.executions.entries(prefix)) {
    if (!matches(row)) continue
    if (input.statusFilter !== undefined && row.status !== input.statusFilter) continue
    if (input.redriveFilter !== undefined && (input.redriveFilter === 'REDRIVEN') !== (row.redriveCount ?? 0) > 0)
      continue
    list.push(row)
  }
  return list.sort((a, b) => (b.order ?? b.startDate) - (a.order ?? a.startDate))
}

/** Whether an execution can be redriven (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html). */
export function redriveStatus(row: ExecutionRow): { redriveStatus: string; redriveStatusReason?: string } {
  if (row.status === 'RUNNING' || row.status === 'SUCCEEDED')
    return {
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: `Execution is ${row.status} and cannot be redriven`,
    }
  if (Date.now() - (row.stopDate ?? 0) > redrivePeriod)
    return {
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution has exceeded the max redrivable period of 14 days',
    }
  return { redriveStatus: row.mapRunArn === undefined ? 'REDRIVABLE' : 'REDRIVABLE_BY_MAP_RUN' }
}

/** What DescribeExecution answers. */
export function describe(executions: Executions, row: ExecutionRow, withData = true): any {
  const { input, ...end } = executions.summary(row)
  return {
    executionArn: row.arn,
    stateMachineArn: row.machineArn,
    name: row.name,
    status: row.status,
    startDate: new Date(row.startDate),
    ...(row.stopDate !== undefined && { stopDate: new Date(row.stopDate) }),
    ...(withData && { input }),
    inputDetails: { included: withData },
    ...(end.output !== undefined && { ...(withData && { output: end.output }), outputDetails: { included: withData } }),
    ...(withData && end.error !== undefined && { error: end.error }),
    ...(withData && end.cause !== undefined && { cause: end.cause }),
    ...(row.versionArn !== undefined && { stateMachineVersionArn: row.versionArn }),
    ...(row.aliasArn !== undefined && { stateMachineAliasArn: row.aliasArn }),
    ...(row.mapRunArn !== undefined && { mapRunArn: row.mapRunArn }),
    redriveCount: row.redriveCount ?? 0,
    ...(row.redriveDate !== undefined && { redriveDate: new Date(row.redriveDate) }),
    ...redriveStatus(row),
  }
}
