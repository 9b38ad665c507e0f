/** The tables that a statement names, with their files, before it is compiled. */

import { compileQuery } from '../compile/queries.ts'
import type { Catalog } from '../compile/scope.ts'
import type { Column } from '../compile/typed.ts'
import { HiveSemanticError } from '../errors.ts'
import type { Expression, Query, Select, Source, TableName } from '../syntax/ast.ts'
import type { Metastore, Partition, Table } from './metastore.ts'
import { scanTable } from './scan.ts'
import type { Storage } from './storage.ts'
import type { TextFiles } from './text-files.ts'

/** What WHERE says about a column outright: `quarter IN ('1999Q1', …)`. */
interface Condition {
  readonly path: readonly string[]
  readonly values: ReadonlySet<string>
}

interface Occurrence {
  readonly table: TableName
  readonly alias: string
  readonly conditions: readonly Condition[]
}

export interface CatalogSources {
  readonly metastore: Metastore
  readonly storage: Storage
  readonly texts: TextFiles
  readonly groupByPosition: boolean
}

/**
 * A catalog for one statement. Partitions that WHERE rules out are not even listed, so that a run over two quarters stays small
 * beside a hundred others.
 */
export async function catalogFor(nodes: readonly unknown[], sources: CatalogSources): Promise<Catalog> {
  const found = new Map<TableName, { sql: string; columns: readonly Column[] }>()
  const catalog: Catalog = {
    table(name) {
      const entry = found.get(name)
      if (!entry) throw new HiveSemanticError(`Table not found '${name.name}'`, name)
      return entry
    },
    groupByPosition: sources.groupByPosition,
  }
  const resolve = async (occurrence: Occurrence, depth: number): Promise<void> => {
    const { table: name } = occurrence
    if (found.has(name)) return
    const entry = sources.metastore.get(name)
    if (entry.kind === 'table') {
      const sql = await scanTable(
        entry,
        sources.storage,
        sources.texts,
        (partition) => wanted(entry, partition, occurrence),
        name,
      )
      found.set(name, { sql, columns: [...entry.columns, ...entry.partitionedBy] })
      return
    }
    if (depth > 32) throw new HiveSemanticError(`The view ${entry.name} names itself`, name)
    for (const inner of occurrences([entry.query])) await resolve(inner, depth + 1)
    const compiled = compileQuery(entry.query, catalog)
    const columns = compiled.columns.map((c, i) => ({ name: entry.columns[i] ?? c.name, type: c.type }))
    found.set(name, {
      sql: `(SELECT * FROM (${compiled.sql}) AS v(${columns.map((c) => `"${c.name}"`).join(', ')}))`,
      columns,
    })
  }
  for (const occurrence of occurrences(nodes)) await resolve(occurrence, 0)
  return catalog
}

function wanted(table: Table, partition: Partition, { alias, conditions }: Occurrence): boolean {
  return table.partitionedBy.every((column, i) =>
    conditions.every(({ path, values }) => {
      const about = path.length === 1 ? path[0] === column.name : path[0] === alias && path[1] === column.name
      const value = partition.values[i]
      return !about || (value !== null && value !== undefined && values.has(value))
    }),
  )
}

/** Every table in a syntax tree that is no name of a WITH clause. */
function occurrences(nodes: readonly unknown[]): Occurrence[] {
  const found: Occurrence[] = []
  const visit = (node: unknown, names: ReadonlySet<string>): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item, names)
      return
    }
    if (node === null || typeof node !== 'object') return
    if (isQuery(node)) {
      const inner = new Set(names)
      for (const definition of node.with) {
        visit(definition.query, new Set(inner))
        inner.add(definition.name)
      }
      visit({ ...node, with: undefined }, inner)
      return
    }
    const { kind } = node as { kind?: string }
    if (kind === 'select') {
      const select = node as Select
      const conditions = select.where ? conjuncts(select.where).flatMap(literalCondition) : []
      if (select.from) tablesOf(select.from, conditions, names, found)
    } else if (kind === 'table') {
      // Reached only outside of a SELECT's own FROM, as the shared source of a multi-insert.
      const source = node as Extract<Source, { kind: 'table' }>
      if ('table' in source && !found.some((f) => f.table === source.table)) tablesOf(source, [], names, found)
      return
    }
    for (const value of node instanceof Map ? node.values() : Object.values(node)) visit(value, names)
  }
  visit(nodes, new Set())
  return found
}

const isQuery = (node: object): node is Query => 'body' in node && 'with' in node && Array.isArray(node.with)

function tablesOf(
  source: Source,
  conditions: readonly Condition[],
  names: ReadonlySet<string>,
  found: Occurrence[],
): void {
  if (source.kind === 'table') {
    const named = source.table.database === undefined && names.has(source.table.name)
    if (!named) found.push({ table: source.table, alias: source.alias ?? source.table.name, conditions })
  } else if (source.kind === 'join') {
    tablesOf(source.left, conditions, names, found)
    tablesOf(source.right, conditions, names, found)
  } else if (source.kind === 'lateral') {
    tablesOf(source.input, conditions, names, found)
  }
}

function conjuncts(expression: Expression): Expression[] {
  if (expression.kind === 'binary' && expression.operator === 'AND')
    return [...conjuncts(expression.left), ...conjuncts(expression.right)]
  return [expression]
}

function literalCondition(expression: Expression): Condition[] {
  if (expression.kind === 'in' && !expression.negated && expression.operand.kind === 'column') {
    const values = expression.list.map(literalText)
    if (values.every((v) => v !== undefined)) return [{ path: expression.operand.path, values: new Set(values) }]
  }
  if (expression.kind === 'binary' && expression.operator === '=') {
    const [column, value] =
      expression.left.kind === 'column' ? [expression.left, expression.right] : [expression.right, expression.left]
    const text = literalText(value)
    if (column.kind === 'column' && text !== undefined) return [{ path: column.path, values: new Set([text]) }]
  }
  return []
}

/** Strings and whole numbers compare with a partition's value as text; anything else is left to the query. */
const literalText = (expression: Expression): string | undefined =>
  expression.kind === 'string' || (expression.kind === 'number' && /^(0|[1-9]\d*)$/.test(expression.value))
    ? expression.value
    : undefined
