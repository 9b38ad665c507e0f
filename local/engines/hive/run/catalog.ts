/** The tables that a statement names, with their files, before it is compiled. */

import { compileQuery } from '../compile/queries.ts'
import type { Catalog, KnownTable } from '../compile/scope.ts'
import { identifier } from '../compile/typed.ts'
import { HiveSemanticError } from '../errors.ts'
import type { TableName } from '../syntax/ast.ts'
import { isText } from '../types.ts'
import type { Metastore, Partition, Table } from './metastore.ts'
import { type Condition, type Occurrence, occurrences } from './occurrences.ts'
import { emptyTable, scanTable } from './scan.ts'
import type { Storage } from './storage.ts'
import type { TextFiles } from './text-files.ts'

export interface CatalogSources {
  readonly metastore: Metastore
  readonly storage: Storage
  readonly texts: TextFiles
  readonly groupByPosition: boolean
  /** Only columns and types count, as for a view's definition: no files are looked at. */
  readonly shapeOnly?: boolean
}

/** Views may stand on views; deeper than this, one stands on itself. */
const DEPTH = 32

/**
 * A catalog for one statement: the files of every table that it names, as they are now, without the partitions that WHERE rules out, so
 * that a run over two quarters stays small beside a hundred others.
 */
export async function catalogFor(nodes: readonly unknown[], sources: CatalogSources): Promise<Catalog> {
  const { metastore, storage, texts, groupByPosition, shapeOnly } = sources
  const found = new Map<TableName, KnownTable>()
  const catalog: Catalog = {
    table(name) {
      const entry = found.get(name)
      if (!entry) throw new HiveSemanticError(`Table not found '${name.name}'`, name)
      return entry
    },
    groupByPosition,
  }
  const resolve = async ({ table: name, conditions }: Occurrence, depth: number): Promise<void> => {
    const entry = metastore.get(name)
    if (entry.kind === 'table') {
      const needed = (partition: Partition) => wanted(entry, partition, conditions)
      const scanned = shapeOnly ? { sql: emptyTable(entry) } : await scanTable(entry, storage, texts, needed, name)
      found.set(name, { ...scanned, columns: [...entry.columns, ...entry.partitionedBy] })
      return
    }
    if (depth > DEPTH) throw new HiveSemanticError(`The view ${entry.name} stands on itself`, name)
    // A copy of its own: elsewhere in the statement, the view may need other partitions.
    const query = structuredClone(entry.query)
    const known = entry.columns.length ? [] : conditions
    for (const inner of occurrences([query], known)) await resolve(inner, depth + 1)
    const compiled = compileQuery(query, catalog)
    const columns = compiled.columns.map((c, i) => ({ name: entry.columns[i] ?? c.name, type: c.type }))
    const names = columns.map((c) => identifier(c.name)).join(', ')
    found.set(name, { sql: `(SELECT * FROM (${compiled.sql}) AS v(${names}))`, columns })
  }
  for (const occurrence of occurrences(nodes)) await resolve(occurrence, 0)
  return catalog
}

/** Only text compares as written; partitions of other types are left to the query. */
const wanted = (table: Table, partition: Partition, conditions: readonly Condition[]): boolean =>
  table.partitionedBy.every((column, i) =>
    conditions.every(({ path, values }) => {
      if (path[0] !== column.name || !isText(column.type)) return true
      const value = partition.values[i]
      return value !== null && value !== undefined && values.has(value)
    }),
  )
