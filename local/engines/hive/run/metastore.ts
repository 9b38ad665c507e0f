/** What a cluster knows of its databases, tables, partitions and views. It lives and dies with the cluster. */

import type { Column } from '../compile/typed.ts'
import { HiveSemanticError, HiveUnsupported, type Place } from '../errors.ts'
import type { CreateTable, Query, RowFormat, TableName } from '../syntax/ast.ts'

/** How a text table's lines become rows (LazySimpleSerDe). */
export interface TextFormat {
  readonly delimiter: string
  /** The last column holds the rest of the record, delimiters and all. */
  readonly takesRest?: boolean
  readonly escape: string | undefined
  readonly nullText: string
  readonly encoding: 'utf-8' | 'windows-1252' | 'iso-8859-1'
  readonly skipHeader: number
}

export interface Partition {
  /** Values in the order of the partition columns; null is Hive's default partition. */
  readonly values: readonly (string | null)[]
  /** `quarter=1999Q1/reporting_year=1999` */
  readonly path: string
}

export interface Table {
  readonly kind: 'table'
  readonly database: string
  readonly name: string
  readonly columns: readonly Column[]
  readonly partitionedBy: readonly Column[]
  readonly format: 'TEXTFILE' | 'PARQUET'
  readonly text: TextFormat
  /** SNAPPY, GZIP, ZSTD or UNCOMPRESSED. */
  readonly compression: string
  readonly location: string
  readonly external: boolean
  readonly properties: Record<string, string>
  /** Known partitions by their path: those that a statement made or MSCK found, not whatever lies in the folder. */
  readonly partitions: Map<string, Partition>
  /** DuckDB's table that holds the rows, of a managed table made AS SELECT: it has no files until something else writes into it. */
  kept?: string | undefined
}

export interface View {
  readonly kind: 'view'
  readonly database: string
  readonly name: string
  readonly columns: readonly string[]
  readonly query: Query
}

/** The folder of a partition whose value is NULL. */
export const DEFAULT_PARTITION = '__HIVE_DEFAULT_PARTITION__'

const WAREHOUSE = 'hdfs:///user/hive/warehouse'

export class Metastore {
  readonly #databases = new Map<string, { location: string; entries: Map<string, Table | View> }>([
    ['default', { location: WAREHOUSE, entries: new Map() }],
  ])
  current = 'default'

  createDatabase(name: string, location: string | undefined, ifNotExists: boolean, at: Place): void {
    if (this.#databases.has(name)) {
      if (ifNotExists) return
      throw new HiveSemanticError(`Database ${name} already exists`, at)
    }
    this.#databases.set(name, { location: location ?? `${WAREHOUSE}/${name}.db`, entries: new Map() })
  }

  dropDatabase(name: string, ifExists: boolean, cascade: boolean, at: Place): Table[] {
    const database = this.#databases.get(name)
    if (!database) {
      if (ifExists) return []
      throw new HiveSemanticError(`Database does not exist: ${name}`, at)
    }
    if (name === 'default') throw new HiveSemanticError('Can not drop default database', at)
    if (database.entries.size && !cascade)
      throw new HiveSemanticError(`Database ${name} is not empty: drop it with CASCADE`, at)
    this.#databases.delete(name)
    if (this.current === name) this.current = 'default'
    return [...database.entries.values()].filter((entry) => entry.kind === 'table')
  }

  use(name: string, at: Place): void {
    if (!this.#databases.has(name)) throw new HiveSemanticError(`Database does not exist: ${name}`, at)
    this.current = name
  }

  databases(): string[] {
    return [...this.#databases.keys()].sort()
  }

  entries(): (Table | View)[] {
    return [...this.#databases.get(this.current)!.entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find({ database, name }: TableName): Table | View | undefined {
    return this.#databases.get(database ?? this.current)?.entries.get(name)
  }

  get(name: TableName): Table | View {
    const found = this.find(name)
    if (!found)
      throw new HiveSemanticError(`Table not found '${name.database ? `${name.database}.` : ''}${name.name}'`, name)
    return found
  }

  table(name: TableName): Table {
    const found = this.get(name)
    if (found.kind === 'view') throw new HiveSemanticError(`${name.name} is a view, not a table`, name)
    return found
  }

  put(entry: Table | View, at: Place): void {
    const database = this.#databases.get(entry.database)
    if (!database) throw new HiveSemanticError(`Database does not exist: ${entry.database}`, at)
    database.entries.set(entry.name, entry)
  }

  drop(name: TableName): void {
    this.#databases.get(name.database ?? this.current)?.entries.delete(name.name)
  }

  /** A table as CREATE TABLE describes it. */
  define(statement: CreateTable, columns: readonly Column[], like?: Table): Table {
    const database = statement.table.database ?? this.current
    const { name } = statement.table
    const home = this.#databases.get(database)?.location
    if (!home) throw new HiveSemanticError(`Database does not exist: ${database}`, statement)
    const format = tableFormat(statement.storedAs, statement)
    const own = {
      columns,
      partitionedBy: statement.partitionedBy,
      format,
      text: textFormat(statement.rowFormat, statement.properties, statement),
      compression: compression(statement.properties, statement),
      properties: { ...statement.properties },
    }
    const shape = like
      ? {
          columns: like.columns,
          partitionedBy: like.partitionedBy,
          format: like.format,
          text: like.text,
          compression: like.compression,
          properties: like.properties,
        }
      : own
    const all = [...shape.columns, ...shape.partitionedBy].map((c) => c.name)
    const twice = all.find((column, i) => all.indexOf(column) !== i)
    if (twice) throw new HiveSemanticError(`The column '${twice}' is defined twice`, statement)
    if (all.length === 0) throw new HiveSemanticError(`Table ${name} has no columns`, statement)
    return {
      kind: 'table',
      database,
      name,
      ...shape,
      location: (statement.location ?? `${home}/${name}`).replace(/\/+$/, ''),
      external: statement.external,
      partitions: new Map(),
    }
  }
}

export function tableFormat(storedAs: string | undefined, at: Place): Table['format'] {
  const format = storedAs ?? 'TEXTFILE'
  if (format === 'TEXTFILE' || format === 'PARQUET') return format
  throw new HiveUnsupported(`STORED AS ${format} is not supported: use PARQUET or TEXTFILE`, at)
}

const SERDES: Record<string, 'text'> = { 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe': 'text' }
const ENCODINGS: Record<string, TextFormat['encoding']> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
  'iso-8859-1': 'iso-8859-1',
  latin1: 'iso-8859-1',
}

/** ROW FORMAT, with the SerDe's own properties, as LazySerDeParameters reads them. */
export function textFormat(
  rowFormat: RowFormat,
  tableProperties: Readonly<Record<string, string>>,
  at: Place,
): TextFormat {
  if (rowFormat.serde && !SERDES[rowFormat.serde] && !/parquet/i.test(rowFormat.serde)) {
    throw new HiveUnsupported(
      `The SerDe ${rowFormat.serde} is not supported: use ROW FORMAT DELIMITED or LazySimpleSerDe`,
      at,
    )
  }
  const properties: Record<string, string> = { ...tableProperties, ...rowFormat.serdeProperties }
  const encodingName = properties['serialization.encoding'] ?? 'UTF-8'
  const encoding = ENCODINGS[encodingName.toLowerCase()]
  if (!encoding)
    throw new HiveUnsupported(
      `serialization.encoding ${encodingName} is not supported: UTF-8, windows-1252 and ISO-8859-1 are`,
      at,
    )
  const delimiter = rowFormat.fields ?? properties['field.delim'] ?? properties['serialization.format'] ?? '\x01'
  if (delimiter.length !== 1)
    throw new HiveUnsupported(`The delimiter ${JSON.stringify(delimiter)} is not one character`, at)
  return {
    delimiter,
    takesRest: properties['serialization.last.column.takes.rest']?.toLowerCase() === 'true',
    escape: rowFormat.escaped ?? properties['escape.delim'],
    nullText: rowFormat.nullAs ?? properties['serialization.null.format'] ?? '\\N',
    encoding,
    skipHeader: Number(properties['skip.header.line.count'] ?? 0),
  }
}

const CODECS = ['SNAPPY', 'GZIP', 'ZSTD', 'UNCOMPRESSED']

function compression(properties: Readonly<Record<string, string>>, at: Place): string {
  const codec = (properties['parquet.compression'] ?? 'UNCOMPRESSED').toUpperCase()
  if (!CODECS.includes(codec))
    throw new HiveUnsupported(`parquet.compression ${codec} is not supported: ${CODECS.join(', ')} are`, at)
  return codec
}
