/**
 * INSERT: the rows are staged in their order, written one file a partition, and moved into place; only partitions that got rows are touched.
 *
 * DuckDB's own `COPY … (PARTITION_BY)` loses the order of rows inside partitions, so every partition is written by a COPY of its own.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { convert } from '../compile/casts.ts'
import { sortSql } from '../compile/expressions.ts'
import type { CompiledQuery } from '../compile/queries.ts'
import type { PartitionRows } from '../compile/scope.ts'
import { type Column, identifier, quote } from '../compile/typed.ts'
import { HiveExecutionError, HiveSemanticError, type Place } from '../errors.ts'
import { duckType, type HiveType, isPrimitive, isText, STRING, typeName } from '../types.ts'
import type { Duck } from './duck.ts'
import { DEFAULT_PARTITION, type Partition, type Table, type TextFormat } from './metastore.ts'
import { dataFiles, escapePathName, moveFile, removeFiles, type Storage } from './storage.ts'

export interface InsertRequest extends Place {
  readonly table: Table
  readonly overwrite: boolean
  /** Values of the static partition columns, in order; the rest is dynamic. */
  readonly staticValues: readonly (string | null)[]
  readonly query: CompiledQuery
  readonly maxPartitions: number
}

export interface Written {
  readonly partition: Partition
  readonly rows: number
}

export class Writer {
  readonly #duck: Duck
  readonly #storage: Storage
  readonly #temp: string
  #count = 0

  constructor(duck: Duck, storage: Storage, temp: string) {
    this.#duck = duck
    this.#storage = storage
    this.#temp = temp
  }

  /**
   * @throws HiveSemanticError the query's columns do not fit the table
   * @throws HiveExecutionError more partitions than hive.exec.max.dynamic.partitions
   */
  async insert(request: InsertRequest): Promise<Written[]> {
    const { table, query, staticValues } = request
    const dynamic = table.partitionedBy.slice(staticValues.length)
    const columns = [...table.columns, ...dynamic]
    if (query.columns.length !== columns.length) {
      throw new HiveSemanticError(
        `Cannot insert into target table because column number/types are different '${table.name}': Table insclause-0 has ${columns.length} columns, but query has ${query.columns.length} columns`,
        request,
      )
    }
    const folder = await this.#storage.folder(table.location, 'write')
    if (request.overwrite) await this.#storage.folder(table.location, 'delete')
    const staging = join(this.#temp, `insert-${++this.#count}`)
    await mkdir(staging, { recursive: true })
    try {
      const written = dynamic.length
        ? await this.#dynamic(request, columns, dynamic, staging)
        : [await this.#single(request, columns, staging)]
      // Only now, for the query may read them.
      await (request.overwrite ? this.dropKept(table, request) : this.writeKept(table, request))
      for (const { partition, file } of written)
        await this.#place(join(folder, partition.path), file, request.overwrite)
      for (const { partition } of written)
        if (table.partitionedBy.length) table.partitions.set(partition.path, partition)
      return written
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }

  /**
   * Rows of a table that nothing but this cluster reads, kept in a table of DuckDB's own: written and read again at a third of what
   * Parquet costs. It spills to the disk as all else does.
   */
  async keep(table: Table, query: CompiledQuery, at: Place): Promise<number> {
    await this.#storage.folder(table.location, 'write')
    const kept = `kept-${++this.#count}`
    const sql = `CREATE TABLE ${identifier(kept)} AS ${rowsOf(query, table.columns, at)}`
    const rows = await (query.ordered ? this.#duck.run(sql, at) : this.#duck.runInAnyOrder(sql, at))
    table.kept = kept
    return rows
  }

  /** Writes the rows that a table keeps into its files, before more come to them. */
  async writeKept(table: Table, at: Place): Promise<void> {
    if (!table.kept) return
    const folder = await this.#storage.folder(table.location, 'write')
    await mkdir(folder, { recursive: true })
    const file = join(folder, '000000_0')
    const rows = `SELECT * FROM ${identifier(table.kept)}`
    await this.#copy(rows, table, table.columns, file, at)
    await this.dropKept(table, at)
  }

  /** Forgets the rows that a table keeps. */
  async dropKept(table: Table, at: Place): Promise<void> {
    if (!table.kept) return
    await this.#duck.run(`DROP TABLE ${identifier(table.kept)}`, at)
    table.kept = undefined
  }

  /** INSERT OVERWRITE DIRECTORY: the query's own columns. */
  async directory(
    location: string,
    query: CompiledQuery,
    format: Table['format'],
    text: TextFormat,
    at: Place,
  ): Promise<number> {
    const folder = await this.#storage.folder(location, 'write')
    await this.#storage.folder(location, 'delete')
    const staging = join(this.#temp, `insert-${++this.#count}`)
    await mkdir(staging, { recursive: true })
    try {
      const columns = query.columns.map(
        (c, i): Column => ({ name: `c${i}`, type: c.type.kind === 'void' ? STRING : c.type }),
      )
      const file = join(staging, '000000_0')
      const target = { columns, format, text, compression: 'UNCOMPRESSED' }
      const rows = await this.#copy(rowsOf(query, columns, at), target, columns, file, at)
      await this.#place(folder, file, true)
      return rows
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }

  async #single(request: InsertRequest, columns: readonly Column[], staging: string) {
    const { table, query, staticValues } = request
    const file = join(staging, '000000_0')
    const rows = await this.#copy(rowsOf(query, columns, request), table, query.columns, file, request)
    return { partition: partitionOf(table, staticValues), file, rows }
  }

  async #dynamic(request: InsertRequest, columns: readonly Column[], dynamic: readonly Column[], staging: string) {
    const { query, table, maxPartitions } = request
    const sources = sourcesOf(query, table.columns.length, dynamic)
    if (sources && sources.length <= maxPartitions) {
      const partitions = sources.map(({ values, sql }) => ({
        values,
        sql: rowsOf({ sql, columns: query.columns }, columns, request),
      }))
      return await this.#partitions(request, dynamic, partitions, staging)
    }
    // A table of DuckDB's own, which spills as all else does: written and read again at a third of what Parquet costs.
    const staged = identifier(staging)
    const input = query.sortedInput
    await this.#duck.run(`CREATE TABLE ${staged} AS ${input?.sql ?? rowsOf(query, columns, request, dynamic)}`, request)
    try {
      const write = async (partitions: PartitionRows[]) => await this.#partitions(request, dynamic, partitions, staging)
      if (!input) return await write(await this.#chosen(request, dynamic, `SELECT * FROM ${staged}`))
      const last = dynamic.map((_, i) => table.columns.length + i)
      const keys = { sql: input.over(staged, last), columns: last.map((i) => query.columns[i]!) }
      const rows = rowsOf({ sql: input.over(staged), columns: query.columns }, columns, request)
      return await write(await this.#chosen(request, dynamic, rows, rowsOf(keys, dynamic, request)))
    } finally {
      await this.#duck.run(`DROP TABLE ${staged}`, request)
    }
  }

  /** The rows of each dynamic partition, of rows that lie in their order. */
  async #chosen(
    { maxPartitions, ...at }: InsertRequest,
    dynamic: readonly Column[],
    rows: string,
    keyRows = rows,
  ): Promise<PartitionRows[]> {
    const keys = dynamic.map((c) => identifier(c.name))
    const found = (await this.#duck.rows(
      `SELECT ${keys.map((k) => `CAST(${k} AS VARCHAR)`).join(', ')} FROM (${keyRows}) GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')}`,
      at,
    )) as (string | null)[][]
    if (found.length > maxPartitions) {
      throw new HiveExecutionError(
        `Number of dynamic partitions created is ${found.length}, which is more than ${maxPartitions}. To solve this try to set hive.exec.max.dynamic.partitions to at least ${found.length}.`,
        undefined,
        at,
      )
    }
    return found.map((values) => {
      const where = dynamic.map((c, k) => {
        const value = values[k] ?? null
        return value === null ? `${keys[k]} IS NULL` : `${keys[k]} = CAST(${quote(value)} AS ${duckType(c.type)})`
      })
      const chosen = found.length > 1 ? ` WHERE ${where.join(' AND ')}` : ''
      return { values, sql: `SELECT * FROM (${rows})${chosen}` }
    })
  }

  /** A file a partition; one without rows is left alone. */
  async #partitions(
    { table, staticValues, query, ...at }: InsertRequest,
    dynamic: readonly Column[],
    partitions: readonly PartitionRows[],
    staging: string,
  ): Promise<(Written & { file: string })[]> {
    const written: (Written & { file: string })[] = []
    await allOf(partitions, this.#duck.threads, async ({ values, sql }, i) => {
      const file = join(staging, `${i}_0`)
      const rows = `SELECT * EXCLUDE (${dynamic.map((c) => identifier(c.name)).join(', ')}) FROM (${sql})`
      const count = await this.#copy(rows, table, query.columns, file, at)
      written[i] = { partition: partitionOf(table, [...staticValues, ...values]), file, rows: count }
    })
    return written.filter(({ rows }) => rows > 0)
  }

  /** Rows with the target's columns into a file; `origins` are the columns that these were converted from. */
  async #copy(
    sql: string,
    { columns, format, text, compression }: Pick<Table, 'columns' | 'format' | 'text' | 'compression'>,
    origins: readonly Column[],
    file: string,
    at: Place,
  ): Promise<number> {
    if (format === 'PARQUET')
      return await this.#duck.run(
        `COPY (${sql}) TO ${quote(file)} (FORMAT parquet, COMPRESSION ${compression.toLowerCase()})`,
        at,
      )
    // One function for the whole line: a chain of || would copy it at every field.
    const line = `concat_ws(${[quote(text.delimiter), ...columns.map((c, i) => textField(c, origins[i]!.type, text, at))].join(', ')})`
    return await this.#duck.run(
      `COPY (SELECT ${line} FROM (${sql})) TO ${quote(file)} (FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '')`,
      at,
    )
  }

  /** One file becomes the partition's content, or is added to it. */
  async #place(folder: string, file: string, overwrite: boolean): Promise<void> {
    const present = new Set(await dataFiles(folder))
    let target = join(folder, '000000_0')
    for (let copy = 1; !overwrite && present.has(target); copy++) target = join(folder, `000000_0_copy_${copy}`)
    await moveFile(file, target)
    if (overwrite) await removeFiles(folder, new Set([target]))
  }
}

/**
 * The rows of each partition to write, when its values are those of partitions that are read: nothing need be looked for in the rows then.
 * Texts only, since the values of folders may be written in other ways than numbers are (`01`).
 */
function sourcesOf(query: CompiledQuery, first: number, dynamic: readonly Column[]): PartitionRows[] | undefined {
  const { byPartition } = query
  const places = dynamic.map((c, i) =>
    isText(c.type) && isText(query.columns[first + i]!.type) ? byPartition?.columns.get(first + i) : undefined,
  )
  if (!byPartition || places.includes(undefined)) return undefined
  const found = new Map<string, PartitionRows>()
  for (const { values: all, sql } of byPartition.partitions) {
    const values = places.map((place) => all[place!] ?? null)
    const key = JSON.stringify(values)
    const known = found.get(key)
    found.set(key, { values, sql: known ? `${known.sql} UNION ALL ${sql}` : sql })
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
}

export function partitionOf(table: Table, values: readonly (string | null)[]): Partition {
  return {
    values,
    path: table.partitionedBy
      .map(
        (c, i) =>
          `${c.name}=${values[i] === null || values[i] === '' ? DEFAULT_PARTITION : escapePathName(values[i]!)}`,
      )
      .join('/'),
  }
}

/** The query's rows in the columns' types, sorted by the partition columns first so that each partition's rows lie together. */
function rowsOf(
  query: Pick<CompiledQuery, 'sql' | 'columns' | 'unsorted'>,
  columns: readonly Column[],
  at: Place,
  partitionedBy: readonly Column[] = [],
): string {
  const { unsorted } = query
  const count = unsorted?.columns ?? query.columns.length
  const names = Array.from({ length: count }, (_, i) => `c${i}`)
  const list = columns.map(
    (c, i) => `${stored({ sql: `c${i}`, type: query.columns[i]!.type }, c, at)} AS ${identifier(c.name)}`,
  )
  const order = [
    ...partitionedBy.map((c) => identifier(c.name)),
    ...(unsorted?.keys ?? []).map((key) => sortSql(`c${key.position}`, key)),
  ]
  return `SELECT ${list.join(', ')} FROM (${unsorted?.sql ?? query.sql}) AS q(${names.join(', ')})${unsorted && order.length ? ` ORDER BY ${order.join(', ')}` : ''}`
}

/** Hive converts what it inserts to the column's type; what does not fit becomes NULL. */
function stored(value: { sql: string; type: HiveType }, column: Column, at: Place): string {
  if (isPrimitive(value.type) !== isPrimitive(column.type))
    throw new HiveSemanticError(
      `Column ${column.name} is ${typeName(column.type)}, the query gives ${typeName(value.type)}`,
      at,
    )
  const { sql } = convert(value, column.type, at)
  return `CAST(${sql} AS ${duckType(column.type)})`
}

/** What the text of a number, a date or a boolean may consist of. */
const PLAIN = /^[0-9A-Za-z .:+-]$/

/** A field of a text file (LazyUtils.writePrimitiveUTF8). Text that a number or a date became holds nothing to escape. */
function textField(column: Column, origin: HiveType, format: TextFormat, at: Place): string {
  const sql = identifier(column.name)
  const { type } = column
  if (!isPrimitive(type))
    throw new HiveSemanticError(
      `Column ${column.name} is ${typeName(type)}: a text table keeps primitive types here`,
      at,
    )
  let text =
    type.kind === 'double' || type.kind === 'float'
      ? `hive_double_string(${sql})`
      : isText(type)
        ? sql
        : `CAST(${sql} AS VARCHAR)`
  const { escape: sign, delimiter } = format
  const specials = sign && isText(type) ? [sign, delimiter] : []
  if (specials.length && (isText(origin) || specials.some((special) => PLAIN.test(special)))) {
    const escaped = specials.reduce(
      (sql, special) => `replace(${sql}, ${quote(special)}, ${quote(sign + special)})`,
      text,
    )
    text = `CASE WHEN ${specials.map((special) => `contains(${text}, ${quote(special)})`).join(' OR ')} THEN ${escaped} ELSE ${text} END`
  }
  return `coalesce(${text}, ${quote(format.nullText)})`
}

/** Does `work` for all items, a few at a time; the first error counts, when all that had begun have ended. */
async function allOf<T>(
  items: readonly T[],
  width: number,
  work: (item: T, i: number) => Promise<void>,
): Promise<void> {
  let next = 0
  let failed: { error: unknown } | undefined
  const worker = async () => {
    while (next < items.length && !failed) {
      const i = next++
      try {
        await work(items[i]!, i)
      } catch (error) {
        failed ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, width) }, worker))
  if (failed) throw failed.error
}
