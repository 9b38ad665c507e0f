/** The operations of the Data API that run statements and tell of them. */
import { randomUUID } from 'node:crypto'
import type { Cloud } from '../../cloud.ts'
import { tokenize } from '../../engines/warehouse/tokens.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { Call, Operation } from '../../gateway/service.ts'
import { columnMetadata, field } from './fields.ts'
import type { Namespaces } from './namespaces.ts'
import { isOver, type Part, type Records, type StatementRecord } from './records.ts'
import type { Runner } from './runner.ts'

const MAX_STATEMENTS = 40
const MAX_SQL_BYTES = 100_000
const LONGEST_WAIT = 30

export interface Parts {
  cloud: Cloud
  namespaces: Namespaces
  records: Records
  runner: Runner
}

export function statementOperations({ namespaces, records, runner }: Parts): Record<string, Operation> {
  /** Makes the record and starts it, unless a retry of the same request has done so already. */
  async function submit(input: any, call: Call, sqls: string[], batch: boolean) {
    const known = input.ClientToken ? records.byToken(input.ClientToken) : undefined
    if (known) {
      const same =
        JSON.stringify(known.batch ? known.parts.map((part) => part.sql) : [known.sql]) === JSON.stringify(sqls)
      if (!same)
        throw new AwsError(
          'ValidationException',
          `The client token ${input.ClientToken} was used for another statement.`,
        )
      return answer(known, input)
    }
    for (const sql of sqls) checkSql(sql)
    checkParameters(sqls, input.Parameters ?? [])
    const target = await targetOf(input)
    const now = Date.now()
    const part = (sql: string): Part => ({
      sql,
      status: 'SUBMITTED',
      createdAt: now,
      updatedAt: now,
      duration: -1,
      hasResultSet: false,
      rows: -1,
      size: 0,
      queryId: runner.nextQueryId(),
    })
    const record: StatementRecord = {
      ...part(batch ? '' : (sqls[0] as string)),
      ...target,
      id: randomUUID(),
      batch,
      parts: batch ? sqls.map(part) : [],
      principal: call.principal.arn,
      withEvent: input.WithEvent === true,
      resultFormat: input.ResultFormat ?? 'JSON',
      ...(call.principal.roleArn ? { role: call.principal.roleArn } : {}),
      ...(input.StatementName ? { name: input.StatementName } : {}),
      ...(input.Parameters?.length ? { parameters: input.Parameters } : {}),
      ...(input.SecretArn ? { secretArn: input.SecretArn } : {}),
      ...(batch ? { mode: input.ExecutionMode ?? 'TRANSACTION' } : {}),
    }
    records.put(record)
    if (input.ClientToken) records.rememberToken(input.ClientToken, record.id)
    runner.start(record)
    return answer(record, input)
  }

  /** Where the statement runs: a kept session's place, or a workgroup and a database. */
  async function targetOf(input: any) {
    if (input.ResultFormat === 'CSV')
      throw new AwsError('ValidationException', 'The local Data API gives results as JSON only, not as CSV.')
    if (input.SessionId) {
      if (input.WorkgroupName || input.ClusterIdentifier || input.Database) {
        throw new AwsError(
          'ValidationException',
          'SessionId cannot be given together with WorkgroupName, ClusterIdentifier or Database.',
        )
      }
      const kept = runner.keptSession(input.SessionId)
      const workgroup = namespaces.workgroup(kept.workgroup)
      return { ...place(workgroup), database: kept.database, sessionId: input.SessionId as string }
    }
    const name = input.WorkgroupName ?? input.ClusterIdentifier
    if (!name) throw new AwsError('ValidationException', 'Either ClusterIdentifier or WorkgroupName has to be given.')
    if (!input.Database) throw new AwsError('ValidationException', 'Database has to be given.')
    const workgroup = namespaces.workgroup(name)
    const target = { ...place(workgroup), database: input.Database as string }
    if (input.SessionKeepAliveSeconds === undefined) return target
    const seconds = Number(input.SessionKeepAliveSeconds)
    return {
      ...target,
      sessionId: await runner.keepSession(workgroup.namespace, workgroup.name, input.Database, seconds),
    }
  }

  async function answer(record: StatementRecord, input: any) {
    if (input.WaitTimeSeconds !== undefined)
      await runner.wait(record.id, Math.min(Number(input.WaitTimeSeconds), LONGEST_WAIT))
    const current = records.find(record.id) ?? record
    return {
      Id: record.id,
      CreatedAt: new Date(record.createdAt),
      Database: record.database,
      WorkgroupName: record.workgroup,
      ...(record.secretArn ? { SecretArn: record.secretArn } : {}),
      ...(record.sessionId ? { SessionId: record.sessionId } : {}),
      ...(input.WaitTimeSeconds === undefined ? {} : { Status: current.status, HasResultSet: current.hasResultSet }),
    }
  }

  return {
    ExecuteStatement: (input, call) => submit(input, call, [input.Sql], false),

    BatchExecuteStatement(input, call) {
      const count = input.Sqls?.length ?? 0
      if (count < 1 || count > MAX_STATEMENTS) {
        throw new AwsError('ValidationException', `Sqls has to hold 1 to ${MAX_STATEMENTS} statements, not ${count}.`)
      }
      return submit(input, call, input.Sqls, true)
    },

    async DescribeStatement({ Id, WaitTimeSeconds }) {
      if (WaitTimeSeconds !== undefined)
        await runner.wait(Id.split(':')[0], Math.min(Number(WaitTimeSeconds), LONGEST_WAIT))
      const { record, part, index } = records.get(Id)
      return {
        ...describe(part),
        Id,
        Database: record.database,
        WorkgroupName: record.workgroup,
        ResultFormat: record.resultFormat,
        ...(record.secretArn ? { SecretArn: record.secretArn } : {}),
        ...(record.sessionId ? { SessionId: record.sessionId } : {}),
        ...(record.parameters ? { QueryParameters: record.parameters } : {}),
        ...(record.batch && index === undefined
          ? {
              ExecutionMode: record.mode,
              SubStatements: record.parts.map((each, at) => ({ ...describe(each), Id: `${record.id}:${at + 1}` })),
            }
          : {}),
      }
    },

    async GetStatementResult({ Id, NextToken }) {
      const { record, part, index } = records.get(Id)
      if (!part.hasResultSet || part.status !== 'FINISHED' || !part.columns || (record.batch && index === undefined)) {
        const message = 'Query does not have result. Please check query status with DescribeStatement.'
        throw new AwsError('ResourceNotFoundException', message, { ResourceId: Id })
      }
      const offset = NextToken === undefined ? 0 : Number(NextToken)
      if (!Number.isInteger(offset) || offset < 0 || offset > part.size) {
        throw new AwsError('ValidationException', `NextToken "${NextToken}" is not one of this result.`)
      }
      const columns = part.columns
      const { rows, next } = await records.page(record.id, index, offset)
      return {
        Records: rows.map((row) => row.map((value, at) => field(value, columns[at]!.type))),
        ColumnMetadata: columns.map(columnMetadata),
        TotalNumRows: part.rows,
        ...(next === undefined ? {} : { NextToken: String(next) }),
      }
    },

    ListStatements(
      { StatementName, Status, RoleLevel = true, Database, WorkgroupName, MaxResults = 100, NextToken },
      call,
    ) {
      const wanted = records
        .all()
        .filter((record) => call.principal.admin || isOf(call.principal, record, RoleLevel))
        .filter((record) => StatementName === undefined || record.name?.startsWith(StatementName))
        .filter((record) => (Status === undefined || Status === 'ALL' ? true : record.status === Status))
        .filter((record) => Database === undefined || record.database === Database)
        .filter((record) => WorkgroupName === undefined || record.workgroup === WorkgroupName)
        .sort((one, other) => other.createdAt - one.createdAt)
      const from = NextToken === undefined ? 0 : Number(NextToken)
      const size = MaxResults === 0 ? 100 : MaxResults
      const page = wanted.slice(from, from + size)
      return {
        Statements: page.map((record) => ({
          Id: record.id,
          Status: record.status,
          CreatedAt: new Date(record.createdAt),
          UpdatedAt: new Date(record.updatedAt),
          IsBatchStatement: record.batch,
          ResultFormat: record.resultFormat,
          ...(record.batch ? { QueryStrings: record.parts.map((part) => part.sql) } : { QueryString: record.sql }),
          ...(record.name ? { StatementName: record.name } : {}),
          ...(record.parameters ? { QueryParameters: record.parameters } : {}),
          ...(record.sessionId ? { SessionId: record.sessionId } : {}),
        })),
        ...(from + size < wanted.length ? { NextToken: String(from + size) } : {}),
      }
    },

    async CancelStatement({ Id }) {
      const { record } = records.get(Id)
      if (isOver(record) || !runner.cancel(record.id)) {
        throw new AwsError(
          'ValidationException',
          `Could not cancel a query that is already in ${record.status} state with ID: ${Id}`,
        )
      }
      return { Status: true }
    },
  }
}

/** Callers list what their role has run, or with RoleLevel false what their session has run. */
function isOf(principal: Principal, record: StatementRecord, roleLevel: boolean): boolean {
  return roleLevel && principal.roleArn ? record.role === principal.roleArn : record.principal === principal.arn
}

function place(workgroup: { name: string; arn: string; namespace: string }) {
  return { workgroup: workgroup.name, workgroupArn: workgroup.arn, namespace: workgroup.namespace }
}

function describe(part: Part) {
  return {
    Status: part.status,
    CreatedAt: new Date(part.createdAt),
    UpdatedAt: new Date(part.updatedAt),
    Duration: part.duration,
    HasResultSet: part.hasResultSet,
    ResultRows: part.rows,
    ResultSize: part.status === 'FINISHED' ? part.size : -1,
    RedshiftQueryId: part.queryId,
    RedshiftPid: 1,
    ...(part.sql ? { QueryString: part.sql } : {}),
    ...(part.error ? { Error: part.error } : {}),
  }
}

function checkSql(sql: string): void {
  if (typeof sql !== 'string' || sql.trim() === '')
    throw new AwsError('ValidationException', 'Sql has to be a statement, and is empty.')
  const bytes = Buffer.byteLength(sql)
  if (bytes > MAX_SQL_BYTES)
    throw new AwsError('ValidationException', `A statement has at most ${MAX_SQL_BYTES} bytes, this one ${bytes}.`)
}

/** Every parameter is used, and every `:name` has a value. A statement that cannot be tokenized fails when it runs. */
function checkParameters(sqls: readonly string[], parameters: readonly { name: string; value: string }[]): void {
  const used = new Set<string>()
  try {
    for (const sql of sqls) for (const token of tokenize(sql)) if (token.kind === 'parameter') used.add(token.value)
  } catch {
    return
  }
  const given = new Set(parameters.map(({ name }) => name))
  const unused = [...given].filter((name) => !used.has(name))
  if (unused.length > 0) {
    throw new AwsError(
      'ValidationException',
      `Parameters list contains unused parameters. Unused parameters: [${unused.join(', ')}]`,
    )
  }
  const missing = [...used].find((name) => !given.has(name))
  if (missing !== undefined) throw new AwsError('ValidationException', `Cannot find parameter: ${missing}`)
}
