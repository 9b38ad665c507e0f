/** One statement: what kind it is, and who runs it. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { findTable, requireTable, tableSql } from './catalogue.ts'
import { copyInto } from './copy.ts'
import { alterTable, createTable } from './ddl.ts'
import { WarehouseObjectError, WarehouseTransactionError, WarehouseUnsupportedError } from './errors.ts'
import { insertSql } from './insert.ts'
import { resultColumns, type SqlValue, type StatementResult, toSqlValue } from './result.ts'
import { rewrite } from './rewrite.ts'
import type { ExecuteOptions, WarehouseSession } from './session.ts'
import { identifier, literal } from './tokens.ts'
import { isGroup, isSymbol, isWord, type Node, parseTree, Reader, splitCommas, startOf } from './tree.ts'
import { unload } from './unload.ts'

type Runner = (session: WarehouseSession, nodes: readonly Node[], options: ExecuteOptions) => Promise<StatementResult>

/** @throws WarehouseError, or an error of DuckDB that the session translates */
export async function runStatement(
  session: WarehouseSession,
  sql: string,
  options: ExecuteOptions,
): Promise<StatementResult> {
  const nodes = parseTree(sql)
  const first = nodes[0]
  const word = isWord(first) ? first.value : isGroup(first) ? 'select' : ''
  if (!['rollback', 'abort', 'commit', 'end'].includes(word)) session.refuseIfFailed()
  const runner = RUNNERS[word]
  if (runner) return runner(session, nodes, options)
  if (isWord(first))
    throw new WarehouseUnsupportedError(`The statement ${first.text.toUpperCase()}`, { position: first.start + 1 })
  return new Reader(nodes).fail(first)
}

const done = (command: string, rowCount = 0): StatementResult => ({ command, rowCount })

const accepted: Runner = async (_, nodes) => done(wordsOf(nodes, 1))

/** Changes rows; the command is the statement's first word. */
const change: Runner = async (session, nodes, options) => {
  await session.takeLock()
  const fixed = isWord(nodes[0], 'delete') && !isWord(nodes[1], 'from') ? 'DELETE FROM' : undefined
  const rewriteChange = isWord(nodes[0], 'insert') ? insertSql : rewrite
  const sql = rewriteChange(fixed ? nodes.slice(1) : nodes, options.parameters)
  const result = await session.connection.run(fixed ? `${fixed} ${sql}` : sql)
  return done(wordsOf(nodes, 1), result.rowsChanged)
}

const select: Runner = async (session, nodes, options) => {
  const command = wordsOf(nodes, 1) || 'SELECT'
  const stream = await session.connection.stream(rewrite(nodes, options.parameters))
  const columns = resultColumns(stream)
  const rows: SqlValue[][] = []
  const sink = options.sink?.(columns)
  let rowCount = 0
  for await (const batch of stream.yieldRowsJson()) {
    if (batch.length === 0) continue
    const values = batch.map((row) =>
      row.map((value, index) => toSqlValue(value, (columns[index] as (typeof columns)[number]).type)),
    )
    rowCount += values.length
    if (sink) await sink(values)
    else rows.push(...values)
  }
  return { command, rowCount, columns, ...(sink ? {} : { rows }) }
}

const create: Runner = async (session, nodes, options) => {
  const kind = kindOf(nodes)
  const ddl = {
    connection: session.connection,
    searchPath: session.searchPath,
    parameters: options.parameters ?? new Map(),
  }
  if (kind === 'table') {
    const temporary = isWord(nodes[1], 'temp', 'temporary', 'local')
    if (!temporary) await session.takeLock()
    await session.atomically(() => createTable(nodes, ddl))
    return done('CREATE TABLE')
  }
  if (kind === 'view' || kind === 'schema') {
    await session.takeLock()
    const binding = nodes.findIndex(
      (node, index) => isWord(node, 'with') && isWord(nodes[index + 1], 'no') && isWord(nodes[index + 2], 'schema'),
    )
    const own = kind === 'schema' ? withoutAuthorization(nodes) : binding < 0 ? nodes : nodes.slice(0, binding)
    await session.connection.run(rewrite(own, options.parameters))
    return done(`CREATE ${kind.toUpperCase()}`)
  }
  if (kind === 'user' || kind === 'group' || kind === 'role') return done(`CREATE ${kind.toUpperCase()}`)
  throw unsupported(nodes, 2)
}

const alter: Runner = async (session, nodes, options) => {
  if (isWord(nodes[1], 'user', 'group', 'default')) return done(wordsOf(nodes, 2))
  if (!isWord(nodes[1], 'table')) throw unsupported(nodes, 2)
  const ddl = {
    connection: session.connection,
    searchPath: session.searchPath,
    parameters: options.parameters ?? new Map(),
  }
  await session.takeLock()
  await session.atomically(() => alterTable(nodes, ddl))
  return done('ALTER TABLE')
}

/** DROP TABLE a, b: DuckDB drops one at a time. */
const drop: Runner = async (session, nodes) => {
  const reader = new Reader(nodes)
  reader.expect('drop')
  if (isWord(reader.peek(), 'user', 'group', 'role')) return done(wordsOf(nodes, 2))
  if (!isWord(reader.peek(), 'table', 'view', 'schema')) throw unsupported(nodes, 2)
  const kind = reader.name()
  const ifExists = reader.take('if', 'exists')
  const end = nodes.findIndex((node) => isWord(node, 'cascade', 'restrict'))
  const cascade = end >= 0 && isWord(nodes[end], 'cascade') ? ' CASCADE' : ''
  const names = splitCommas(nodes.slice(reader.at, end < 0 ? undefined : end)).map((part) =>
    new Reader(part).qualifiedName(),
  )
  if (names.length === 0) reader.fail()
  await session.takeLock()
  await session.atomically(async () => {
    for (const name of names) {
      const target = name.schema ? `${identifier(name.schema)}.${identifier(name.name)}` : identifier(name.name)
      const table = kind === 'table' ? await findTable(session.connection, name, session.searchPath) : undefined
      if (kind === 'table' && !table) {
        if (!ifExists) throw new WarehouseObjectError('42P01', `Table "${name.name}" does not exist`)
        continue
      }
      await session.connection.run(
        `DROP ${kind.toUpperCase()} ${ifExists ? 'IF EXISTS ' : ''}${table ? tableSql(table) : target}${cascade}`,
      )
    }
  })
  return done(`DROP ${kind.toUpperCase()}`)
}

/** TRUNCATE commits the transaction it runs in: https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html */
const truncate: Runner = async (session, nodes) => {
  const reader = new Reader(nodes)
  reader.expect('truncate')
  reader.take('table')
  const table = await requireTable(session.connection, reader.qualifiedName(), session.searchPath)
  await session.takeLock()
  await session.connection.run(`DELETE FROM ${tableSql(table)}`)
  await session.commit()
  return done('TRUNCATE TABLE')
}

const begin: Runner = async (session) => {
  await session.begin()
  return done('BEGIN')
}

const commit: Runner = async (session) => {
  const failed = session.transaction === 'failed'
  await session.commit()
  return done(failed ? 'ROLLBACK' : 'COMMIT')
}

const rollback: Runner = async (session) => {
  await session.rollback()
  return done('ROLLBACK')
}

/** `SET search_path` is obeyed; settings of the server (query_group, statement_timeout, ...) are taken and have no effect. */
const set: Runner = async (session, nodes) => {
  const reader = new Reader(nodes)
  reader.next()
  if (reader.take('search_path')) {
    if (!reader.take('to') && !reader.takeSymbol('=')) reader.fail()
    const names = splitCommas(nodes.slice(reader.at)).map((part) =>
      part[0]?.kind === 'string' ? part[0].value : new Reader(part).name(),
    )
    session.searchPath = names.filter((name) => name !== '$user')
    await session.connection.run(`SET search_path = ${literal([...session.searchPath, 'redshift_system'].join(','))}`)
  }
  return done('SET')
}

const vacuum: Runner = async (session, nodes) => {
  if (session.transaction !== 'idle')
    throw new WarehouseTransactionError('25001', 'VACUUM cannot run inside a transaction block')
  return done(wordsOf(nodes, 1))
}

const RUNNERS: Readonly<Record<string, Runner>> = {
  select,
  with: async (session, nodes, options) => {
    const changes = nodes.some((node) => isWord(node, 'insert', 'update', 'delete', 'merge'))
    return changes ? change(session, nodes, options) : select(session, nodes, options)
  },
  values: select,
  explain: select,
  insert: change,
  update: change,
  delete: change,
  merge: async (session, nodes, options) => {
    const at = nodes.findIndex((node, index) => isWord(node, 'remove') && isWord(nodes[index + 1], 'duplicates'))
    if (at >= 0)
      throw new WarehouseUnsupportedError('MERGE ... REMOVE DUPLICATES', { position: startOf(nodes[at] as Node) + 1 })
    return change(session, nodes, options)
  },
  copy: async (session, nodes) => done('COPY', await copyInto(session, nodes)),
  unload: async (session, nodes, options) => {
    const temp = join(session.context.temp, `unload-${randomUUID()}`)
    const { connection } = session
    return done(
      'UNLOAD',
      await unload(nodes, {
        connection,
        locate: session.context.locate,
        parameters: options.parameters ?? new Map(),
        temp,
      }),
    )
  },
  create,
  alter,
  drop,
  truncate,
  begin,
  start: begin,
  commit,
  end: commit,
  rollback,
  abort: rollback,
  set,
  reset: accepted,
  analyze: accepted,
  vacuum,
  // Database users do not exist here: IAM has decided before.
  grant: accepted,
  revoke: accepted,
  // One transaction writes at a time anyway.
  lock: async (session) => {
    await session.takeLock()
    return done('LOCK TABLE')
  },
}

/** The object's kind behind CREATE [OR REPLACE] [LOCAL] [TEMP] ... */
function kindOf(nodes: readonly Node[]): string {
  const node = nodes.find(
    (candidate, index) => index > 0 && !isWord(candidate, 'or', 'replace', 'local', 'temp', 'temporary'),
  )
  return isWord(node) ? node.value : ''
}

function withoutAuthorization(nodes: readonly Node[]): readonly Node[] {
  const at = nodes.findIndex((node) => isWord(node, 'authorization', 'quota'))
  return at < 0 ? nodes : nodes.slice(0, at)
}

function wordsOf(nodes: readonly Node[], count: number): string {
  return nodes
    .slice(0, count)
    .flatMap((node) => (isWord(node) ? [node.text.toUpperCase()] : []))
    .join(' ')
}

function unsupported(nodes: readonly Node[], count: number): WarehouseUnsupportedError {
  const words = nodes.slice(0, count + 1).filter((node) => isWord(node) || isSymbol(node))
  return new WarehouseUnsupportedError(`The statement ${wordsOf(words, count + 1)}`, {
    position: startOf(nodes[0] as Node) + 1,
  })
}
