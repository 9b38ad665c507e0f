/** INSERT in its forms. */
import type { CompiledQuery } from '../compile/queries.ts'
import type { Column } from '../compile/typed.ts'
import { HiveSemanticError, type Place } from '../errors.ts'
import type { InsertTarget, Query, StatementOf } from '../syntax/ast.ts'
import { compiled, type Execution } from './execution.ts'
import { type Table, tableFormat, textFormat } from './metastore.ts'
import { staticPartition } from './partitions.ts'
import { partitionOf } from './write.ts'

export async function insert(target: InsertTarget, query: Query, run: Execution): Promise<void> {
  const { writer, settings, log } = run
  if (target.directory !== undefined) {
    const format = tableFormat(target.storedAs, target)
    log('stderr', `Moving data to directory ${target.directory}`)
    const rows = await writer.directory(
      target.directory,
      await compiled(query, run),
      format,
      textFormat(target.rowFormat, {}, target),
      target,
    )
    log('stderr', `Directory ${target.directory} stats: [numFiles=1, numRows=${rows}]`)
    return
  }
  const table = run.metastore.table(target.table!)
  const staticValues = staticPartition(table, target, settings)
  if (
    target.ifNotExists &&
    staticValues.length === table.partitionedBy.length &&
    table.partitions.has(partitionOf(table, staticValues).path)
  )
    return
  const name = `${table.database}.${table.name}`
  const spec = table.partitionedBy.map((c, i) => `${c.name}=${staticValues[i] ?? 'null'}`).join(', ')
  log('stderr', `Loading data to table ${name}${spec && ` partition (${spec})`}`)
  const compiledQuery = await compiled(query, run)
  const inserted = target.columns.length ? reordered(compiledQuery, table, target, staticValues.length) : compiledQuery
  const maxPartitions = Number(settings.get('hive.exec.max.dynamic.partitions'))
  const place = { line: target.line, column: target.column }
  const written = await writer.insert({
    table,
    overwrite: target.overwrite,
    staticValues,
    query: inserted,
    maxPartitions,
    ...place,
  })
  for (const { partition, rows } of written) {
    const stats = `stats: [numFiles=1, numRows=${rows}]`
    log(
      'stderr',
      partition.path ? `Partition ${name}{${partition.path.replaceAll('/', ', ')}} ${stats}` : `Table ${name} ${stats}`,
    )
  }
}

/** INSERT INTO t (b, a): the columns in the table's order, those not named NULL. */
function reordered(query: CompiledQuery, table: Table, target: InsertTarget, fixed: number): CompiledQuery {
  const wanted = [...table.columns, ...table.partitionedBy.slice(fixed)]
  const unknown = target.columns.find((name) => !wanted.some((c) => c.name === name))
  if (unknown) throw new HiveSemanticError(`Table ${table.name} has no column '${unknown}' to insert into`, target)
  if (target.columns.length !== query.columns.length)
    throw new HiveSemanticError(
      `${target.columns.length} columns are named, the query gives ${query.columns.length}`,
      target,
    )
  const list = wanted.map((c) =>
    target.columns.includes(c.name) ? `c${target.columns.indexOf(c.name)}` : 'CAST(NULL AS VARCHAR)',
  )
  const columns = wanted.map((c): Column => {
    const i = target.columns.indexOf(c.name)
    return { name: c.name, type: i < 0 ? { kind: 'void' } : query.columns[i]!.type }
  })
  return {
    sql: `SELECT ${list.join(', ')} FROM (${query.sql}) AS q(${query.columns.map((_, i) => `c${i}`).join(', ')})`,
    columns,
    ordered: query.ordered,
  }
}

/** The rows of VALUES as a query. */
export function valuesQuery(statement: StatementOf<'insert-values'>): Query {
  const place: Place = { line: statement.line, column: statement.column }
  const none = { with: [], orderBy: [], distributeBy: [], sortBy: [], limit: undefined, offset: undefined, ...place }
  const selects = statement.rows.map(
    (row): Query => ({
      ...none,
      body: {
        kind: 'select',
        distinct: false,
        items: row.map((expression) => ({ kind: 'expression', expression, alias: undefined, ...place })),
        from: undefined,
        where: undefined,
        groupBy: undefined,
        having: undefined,
        windows: new Map(),
        ...place,
      },
    }),
  )
  return selects.reduce((left, right) => ({
    ...none,
    body: { kind: 'set', operator: 'UNION ALL', left, right, ...place },
  }))
}
