/** A table's files as a relation of DuckDB. */
import { join } from 'node:path'
import { convert } from '../compile/casts.ts'
import type { TableRows } from '../compile/scope.ts'
import { type Column, identifier, quote } from '../compile/typed.ts'
import { HiveUnsupported, type Place } from '../errors.ts'
import { duckType, isPrimitive, STRING } from '../types.ts'
import type { Partition, Table } from './metastore.ts'
import { dataFiles, type Storage } from './storage.ts'
import { separator, type TextFiles } from './text-files.ts'

/** Which partitions a query needs; all when it does not say. */
export type PartitionFilter = (partition: Partition) => boolean

/**
 * What a query reads of a table.
 *
 * @throws what the storage throws where the script may not read
 */
export async function scanTable(
  table: Table,
  storage: Storage,
  texts: TextFiles,
  needed: PartitionFilter,
  at: Place,
): Promise<TableRows> {
  const folder = await storage.folder(table.location, 'list')
  await storage.folder(table.location, 'read')
  if (table.kept) return { sql: identifier(table.kept) }
  const partitions: Partition[] = table.partitionedBy.length
    ? [...table.partitions.values()].filter(needed)
    : [{ values: [], path: '' }]
  const groups: { partition: Partition; files: string[] }[] = []
  for (const partition of partitions) {
    const files = await dataFiles(join(folder, partition.path))
    if (files.length) groups.push({ partition, files })
  }
  if (!groups.length) return { sql: emptyTable(table) }
  if (table.format === 'PARQUET') return parquet(table, groups)
  for (const group of groups)
    group.files = await Promise.all(group.files.map((file) => texts.readable(file, table.text)))
  return text(table, groups, at)
}

const all = (table: Table): Column[] => [...table.columns, ...table.partitionedBy]

/** No rows of the table's columns. */
export const emptyTable = (table: Table): string =>
  `(SELECT ${all(table)
    .map((c) => `CAST(NULL AS ${duckType(c.type)}) AS ${identifier(c.name)}`)
    .join(', ')} WHERE false)`

/** The partition's values by file: a small table joined by name, since folders may hold characters that DuckDB would not undo. */
function partitioned(
  table: Table,
  groups: readonly { partition: Partition; files: string[] }[],
  columns: readonly string[],
  scan: (files: readonly string[]) => string,
): TableRows {
  const partitions = groups.map(({ partition, files }) => {
    const values = table.partitionedBy.map((c, i) => {
      const value = partition.values[i]
      const sql =
        value === null || value === undefined
          ? `CAST(NULL AS ${duckType(c.type)})`
          : convert({ sql: quote(value), type: STRING }, c.type, { line: 0, column: 0 }).sql
      return `${sql} AS ${identifier(c.name)}`
    })
    return { values: partition.values, sql: `(SELECT ${[...columns, ...values].join(', ')} FROM ${scan(files)})` }
  })
  const [only] = partitions
  const sql = only && partitions.length === 1 ? only.sql : `(${partitions.map((p) => p.sql).join(' UNION ALL ')})`
  return { sql, partitions: table.partitionedBy.length ? partitions : undefined }
}

function parquet(table: Table, groups: readonly { partition: Partition; files: string[] }[]): TableRows {
  const columns = table.columns.map(
    (c) => `CAST(${identifier(c.name)} AS ${duckType(c.type)}) AS ${identifier(c.name)}`,
  )
  return partitioned(
    table,
    groups,
    columns,
    (files) => `read_parquet([${files.map(quote).join(', ')}], hive_partitioning = false, union_by_name = false)`,
  )
}

function text(table: Table, groups: readonly { partition: Partition; files: string[] }[], at: Place): TableRows {
  const { nullText, skipHeader, takesRest } = table.text
  const complex = table.columns.find((c) => !isPrimitive(c.type))
  if (complex)
    throw new HiveUnsupported(
      `Column ${complex.name} of the text table ${table.name} is no primitive type: keep it as STRING and split it`,
      at,
    )
  if (table.text.escape)
    throw new HiveUnsupported(
      `Reading the text table ${table.name} with ESCAPED BY is not supported; writing it is`,
      at,
    )
  if (takesRest && table.columns.length > 1)
    throw new HiveUnsupported(
      `serialization.last.column.takes.rest is supported for text tables of one column, and ${table.name} has ${table.columns.length}`,
      at,
    )
  const columns = table.columns.map(
    (c) => `${convert({ sql: identifier(c.name), type: STRING }, c.type, at).sql} AS ${identifier(c.name)}`,
  )
  const options = [
    `delim = ${quote(separator(table.text))}`,
    'header = false',
    `skip = ${skipHeader}`,
    "quote = ''",
    "escape = ''",
    `nullstr = ${quote(nullText)}`,
    'auto_detect = false',
    'null_padding = true',
    'strict_mode = false',
    'hive_partitioning = false',
    "new_line = '\\n'",
    `columns = {${table.columns.map((c) => `${quote(c.name)}: 'VARCHAR'`).join(', ')}}`,
  ].join(', ')
  return partitioned(table, groups, columns, (files) => `read_csv([${files.map(quote).join(', ')}], ${options})`)
}
