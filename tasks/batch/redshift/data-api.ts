/** Redshift through its Data API: statements that a function waits for, and their rows. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  type Field,
  paginateGetStatementResult,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data'
import { z } from 'zod'
import { TaskError } from '../../errors.ts'
import { required } from '../../task.ts'

/** The *redshift* group of environment variables. */
export const redshiftEnvironment = z.object({ REDSHIFT_WORKGROUP: required, REDSHIFT_DATABASE: required })

type Environment = z.output<typeof redshiftEnvironment>
export type Row = Record<string, string | number | boolean | null>

const redshift = new RedshiftDataClient({})

const target = (env: Environment) => ({ WorkgroupName: env.REDSHIFT_WORKGROUP, Database: env.REDSHIFT_DATABASE })

/** The rows of one SELECT, by the names of its columns. @throws RedshiftStatementFailed with Redshift's own message */
export async function query(env: Environment, name: string, sql: string, signal: AbortSignal): Promise<Row[]> {
  const { Id } = await redshift.send(new ExecuteStatementCommand({ ...target(env), Sql: sql, StatementName: name }))
  await finished(Id ?? '', name, signal)
  const rows: Row[] = []
  let columns: string[] = []
  for await (const page of paginateGetStatementResult({ client: redshift }, { Id })) {
    if (page.ColumnMetadata?.length) columns = page.ColumnMetadata.map((column) => column.name ?? '')
    for (const record of page.Records ?? []) {
      rows.push(Object.fromEntries(record.map((field, i) => [columns[i] ?? '', cell(field)])))
    }
  }
  return rows
}

/** Runs statements as one transaction and waits for them; for what takes seconds. */
export async function execute(env: Environment, name: string, sqls: string[], signal: AbortSignal): Promise<void> {
  const { Id } = await redshift.send(
    new BatchExecuteStatementCommand({ ...target(env), Sqls: sqls, StatementName: name }),
  )
  await finished(Id ?? '', name, signal)
}

/**
 * Starts statements as one transaction, whose end Redshift announces to EventBridge.
 * @param token the same token gives the same statement, so a retry starts nothing twice
 */
export async function start(env: Environment, name: string, sqls: string[], token: string): Promise<string> {
  const { Id } = await redshift.send(
    new BatchExecuteStatementCommand({
      ...target(env),
      Sqls: sqls,
      StatementName: name,
      ClientToken: token,
      WithEvent: true,
    }),
  )
  if (!Id) throw new TaskError('RedshiftStatementFailed', `BatchExecuteStatement gave no id for ${name}.`)
  return Id
}

async function finished(id: string, name: string, signal: AbortSignal): Promise<void> {
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    const {
      Status,
      Error: error,
      SubStatements,
    } = await redshift.send(new DescribeStatementCommand({ Id: id }), { abortSignal: signal })
    if (Status === 'FINISHED') return
    if (Status === 'FAILED' || Status === 'ABORTED') {
      const said = SubStatements?.find((part) => part.Error)?.Error ?? error ?? 'no reason given'
      throw new TaskError('RedshiftStatementFailed', `${name} (${id}) is ${Status}: ${said}`)
    }
    await sleep(wait, undefined, { signal })
  }
}

function cell(field: Field): Row[string] {
  if (field.isNull) return null
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null
}
