/** CREATE TABLE and the words that say how rows lie in files. */
import type { Place } from '../errors.ts'
import type { ColumnDefinition, CreateTable, RowFormat } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { dataType } from './data-types.ts'
import { query, tableName } from './queries.ts'

/** The rest of CREATE [TEMPORARY] [EXTERNAL] TABLE. */
export function createTable(cursor: Cursor, at: Place): CreateTable {
  const temporary = cursor.takes('TEMPORARY')
  const external = cursor.takes('EXTERNAL')
  cursor.expect('TABLE')
  const ifNotExists = cursor.takes('IF', 'NOT', 'EXISTS')
  const table = tableName(cursor)
  if (cursor.takes('LIKE')) {
    const like = tableName(cursor)
    const location = cursor.takes('LOCATION') ? cursor.string('a location') : undefined
    return { ...EMPTY, kind: 'create-table', table, external, temporary, ifNotExists, like, location, ...at }
  }
  const columns = cursor.sees('(') ? cursor.parenthesized(() => column(cursor)) : []
  const clauses = tableClauses(cursor)
  const inner = cursor.takes('AS') || cursor.sees('SELECT') || cursor.sees('WITH') ? query(cursor) : undefined
  return {
    ...EMPTY,
    kind: 'create-table',
    table,
    external,
    temporary,
    ifNotExists,
    columns,
    ...clauses,
    query: inner,
    ...at,
  }
}

const EMPTY = {
  columns: [],
  partitionedBy: [],
  rowFormat: {},
  storedAs: undefined,
  location: undefined,
  properties: {},
  like: undefined,
  query: undefined,
  comment: undefined,
}

function column(cursor: Cursor): ColumnDefinition {
  const at = cursor.place
  const name = cursor.name('a column')
  const type = dataType(cursor)
  if (cursor.sees('NOT', 'NULL') || cursor.sees('DEFAULT') || cursor.sees('CONSTRAINT') || cursor.sees('PRIMARY')) {
    throw cursor.unsupported(
      'A column constraint',
      'Hive does not enforce it on external tables; check it in the query',
    )
  }
  const comment = cursor.takes('COMMENT') ? cursor.string('a comment') : undefined
  return { name, type, comment, ...at }
}

function tableClauses(cursor: Cursor): Partial<CreateTable> {
  const found: { -readonly [K in keyof CreateTable]?: CreateTable[K] } = {}
  for (;;) {
    if (cursor.takes('COMMENT')) found.comment = cursor.string('a comment')
    else if (cursor.takes('PARTITIONED', 'BY')) found.partitionedBy = cursor.parenthesized(() => column(cursor))
    else if (cursor.sees('ROW', 'FORMAT')) found.rowFormat = rowFormat(cursor)
    else if (cursor.sees('STORED', 'AS')) found.storedAs = storedAs(cursor)
    else if (cursor.takes('LOCATION')) found.location = cursor.string('a location')
    else if (cursor.takes('TBLPROPERTIES')) found.properties = properties(cursor)
    else if (cursor.sees('CLUSTERED', 'BY') || cursor.sees('SKEWED', 'BY')) {
      throw cursor.unsupported(`${cursor.peek().upper} BY`, 'the pipelines partition their tables; leave buckets out')
    } else if (cursor.sees('STORED', 'BY'))
      throw cursor.unsupported('STORED BY a storage handler', 'use a table of files')
    else return found
  }
}

export function properties(cursor: Cursor): Record<string, string> {
  return Object.fromEntries(
    cursor.parenthesized(() => {
      const key = cursor.string('a property in quotes')
      cursor.expect('=')
      return [key, cursor.string('a value in quotes')]
    }),
  )
}

/** `ROW FORMAT DELIMITED FIELDS TERMINATED BY …`, or `ROW FORMAT SERDE '…' WITH SERDEPROPERTIES (…)`. */
export function rowFormat(cursor: Cursor): RowFormat {
  if (!cursor.takes('ROW', 'FORMAT')) return {}
  if (cursor.takes('SERDE')) {
    const serde = cursor.string('the class of a SerDe')
    const serdeProperties = cursor.takes('WITH', 'SERDEPROPERTIES') ? properties(cursor) : {}
    return { serde, serdeProperties }
  }
  cursor.expect('DELIMITED')
  const found: { -readonly [K in keyof RowFormat]?: RowFormat[K] } = {}
  for (;;) {
    if (cursor.takes('FIELDS', 'TERMINATED', 'BY')) {
      found.fields = cursor.string('a delimiter')
      if (cursor.takes('ESCAPED', 'BY')) found.escaped = cursor.string('an escape character')
    } else if (cursor.takes('COLLECTION', 'ITEMS', 'TERMINATED', 'BY'))
      found.collectionItems = cursor.string('a delimiter')
    else if (cursor.takes('MAP', 'KEYS', 'TERMINATED', 'BY')) found.mapKeys = cursor.string('a delimiter')
    else if (cursor.takes('LINES', 'TERMINATED', 'BY')) {
      const at = cursor.place
      if (cursor.string('a delimiter') !== '\n')
        throw cursor.unsupported('LINES TERMINATED BY anything but \\n', `Hive itself refuses it (line ${at.line})`)
    } else if (cursor.takes('NULL', 'DEFINED', 'AS')) found.nullAs = cursor.string('a text for NULL')
    else return found
  }
}

/** `STORED AS PARQUET` or `TEXTFILE`. */
export function storedAs(cursor: Cursor): string | undefined {
  if (!cursor.takes('STORED', 'AS')) return undefined
  if (cursor.sees('INPUTFORMAT'))
    throw cursor.unsupported('STORED AS INPUTFORMAT', 'name the format: TEXTFILE or PARQUET')
  return cursor.next().upper
}
