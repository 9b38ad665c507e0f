/**
 * COPY ... FORMAT AS PARQUET. Columns go by position: a file must have exactly the table's columns, in its order, with types that match.
 * https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
 */
import { basename } from 'node:path'
import { type Table, type TableColumn, tableSql } from './catalogue.ts'
import { type Connection, query } from './database.ts'
import { type LoadError, WarehouseLoadError } from './errors.ts'
import type { StoredObject } from './objects.ts'
import { identifier, literal } from './tokens.ts'
import { duckType, formatType, type RedshiftType } from './types.ts'

interface SchemaRow extends Record<string, string | number | null> {
  file_name: string
  name: string
  type: string | null
  type_length: string | null
  repetition_type: string | null
  num_children: number | string | null
  converted_type: string | null
  scale: number | string | null
  precision: number | string | null
  logical_type: string | null
}

/**
 * Loads the files into the columns, all or nothing.
 *
 * @returns the number of rows
 * @throws WarehouseLoadError naming the file, the column and both types
 */
export async function loadParquet(
  connection: Connection,
  table: Table,
  columns: readonly TableColumn[],
  files: readonly StoredObject[],
): Promise<number> {
  if (files.length === 0) return 0
  const schemas = await readSchemas(connection, files)
  for (const [file, fields] of schemas) checkSchema(table, columns, file, fields)
  await checkLengths(connection, columns, schemas)
  let rows = 0
  // Files may name their columns differently; DuckDB reads files of one schema together.
  for (const group of groupByNames(schemas)) {
    const names = (schemas.get(group[0] as StoredObject) as SchemaRow[]).map((field) => identifier(field.name))
    const paths = group.map((file) => literal(file.path)).join(', ')
    const select = names.map((name, index) => `CAST(${name} AS ${duckType((columns[index] as TableColumn).type)})`)
    const result = await connection.run(
      `INSERT INTO ${tableSql(table)} (${columns.map((column) => identifier(column.name)).join(', ')})
       SELECT ${select.join(', ')} FROM read_parquet([${paths}], hive_partitioning = false)`,
    )
    rows += result.rowsChanged
  }
  return rows
}

async function readSchemas(
  connection: Connection,
  files: readonly StoredObject[],
): Promise<Map<StoredObject, SchemaRow[]>> {
  const rows = await readSchemaRows(connection, files)
  const schemas = new Map<StoredObject, SchemaRow[]>()
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (const row of rows) {
    const file = byPath.get(row.file_name) as StoredObject
    const fields = schemas.get(file)
    // The first row of a file is the root of its schema.
    if (fields) fields.push(row)
    else schemas.set(file, [])
  }
  return schemas
}

async function readSchemaRows(connection: Connection, files: readonly StoredObject[]): Promise<SchemaRow[]> {
  try {
    return await query<SchemaRow>(
      connection,
      `SELECT * FROM parquet_schema([${files.map((file) => literal(file.path)).join(', ')}])`,
    )
  } catch (error) {
    const message = (error as Error).message
    const file = files.find((candidate) => message.includes(candidate.path)) ?? (files[0] as StoredObject)
    const reason = `File '${file.uri}' has an invalid version number or is no Parquet file: ${message.replaceAll(file.path, basename(file.path)).split('\n')[0]}`
    throw spectrumError(15001, reason, file)
  }
}

function checkSchema(
  table: Table,
  columns: readonly TableColumn[],
  file: StoredObject,
  fields: readonly SchemaRow[],
): void {
  if (fields.length !== columns.length) {
    const reason = `Unmatched number of columns between table and file. Table columns: ${columns.length}, Data columns: ${fields.length}, File name: ${file.uri}`
    throw spectrumError(15007, reason, file)
  }
  fields.forEach((field, index) => {
    const column = columns[index] as TableColumn
    if (fits(column.type, field)) return
    const reason = `File '${file.uri}' has an incompatible Parquet schema for column '${table.schema}.${table.name}.${column.name}'. Column type: ${formatType(column.type).toUpperCase()}, Parquet schema: ${describe(field)} [i:${index} d:1 r:0]`
    throw spectrumError(15007, reason, file, column)
  })
}

/** https://docs.aws.amazon.com/redshift/latest/dg/c-spectrum-data-types.html: integers by width, decimals by scale, text as UTF-8 or plain bytes. */
function fits(type: RedshiftType, field: SchemaRow): boolean {
  if (Number(field.num_children ?? 0) > 0) return false
  const kind = `${field.converted_type ?? ''} ${field.logical_type ?? ''}`
  const isDecimal = /DECIMAL/i.test(kind)
  switch (type.name) {
    case 'smallint':
    case 'integer':
      return field.type === 'INT32' && !isDecimal && !/DATE|TIME/i.test(kind)
    case 'bigint':
      return field.type === 'INT64' && !isDecimal && !/TIME/i.test(kind)
    case 'numeric':
      return isDecimal && Number(field.scale) === (type.scale ?? 0) && Number(field.precision) <= (type.length ?? 18)
    case 'real':
      return field.type === 'FLOAT'
    case 'double precision':
      return field.type === 'DOUBLE'
    case 'boolean':
      return field.type === 'BOOLEAN'
    case 'date':
      return field.type === 'INT32' && /DATE/i.test(kind)
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return field.type === 'INT96' || (field.type === 'INT64' && /TIMESTAMP/i.test(kind))
    case 'character':
    case 'character varying':
      return field.type === 'BYTE_ARRAY' && !isDecimal
    case 'varbyte':
      return field.type === 'BYTE_ARRAY' && !isDecimal
    default:
      return false
  }
}

function describe(field: SchemaRow): string {
  const kind = field.converted_type
    ? ` (${field.converted_type}${field.precision === null ? '' : `(${field.precision},${field.scale})`})`
    : ''
  const length = field.type_length && Number(field.type_length) > 0 ? `(${field.type_length})` : ''
  return `${(field.repetition_type ?? 'optional').toLowerCase()} ${(field.type ?? 'group').toLowerCase()}${length} ${field.name}${kind}`
}

/** An over-long text fails the load; the files are asked, since DuckDB's own constraint could not say which column and file. */
async function checkLengths(
  connection: Connection,
  columns: readonly TableColumn[],
  schemas: Map<StoredObject, SchemaRow[]>,
): Promise<void> {
  const texts = columns.flatMap((column, index) =>
    column.type.name.startsWith('character') ? [{ column, index }] : [],
  )
  if (texts.length === 0) return
  for (const group of groupByNames(schemas)) {
    const fields = schemas.get(group[0] as StoredObject) as SchemaRow[]
    const name = (index: number) => identifier((fields[index] as SchemaRow).name)
    const source = `read_parquet([${group.map((file) => literal(file.path)).join(', ')}], hive_partitioning = false, filename = true)`
    const longest = texts.map(({ index }) => `max(strlen(${name(index)})) AS l${index}`)
    const [row] = await query<Record<string, string | number | null>>(
      connection,
      `SELECT ${longest.join(', ')} FROM ${source}`,
    )
    for (const { column, index } of texts) {
      const length = Number(row?.[`l${index}`] ?? 0)
      if (length <= (column.type.length ?? 0)) continue
      const [place] = await query<{ filename: string }>(
        connection,
        `SELECT filename FROM ${source} WHERE strlen(${name(index)}) = ${length} LIMIT 1`,
      )
      const file = group.find((candidate) => candidate.path === place?.filename) ?? (group[0] as StoredObject)
      const reason = `The length of the data column ${column.name} is longer than the length defined in the table. Table: ${column.type.length}, Data: ${length}, File name: ${file.uri}`
      throw spectrumError(15001, reason, file, column)
    }
  }
}

function groupByNames(schemas: Map<StoredObject, SchemaRow[]>): StoredObject[][] {
  const groups = new Map<string, StoredObject[]>()
  for (const [file, fields] of schemas) {
    const key = JSON.stringify(
      fields.map((field) => [field.name, field.type, field.converted_type, field.precision, field.scale]),
    )
    groups.set(key, [...(groups.get(key) ?? []), file])
  }
  return [...groups.values()]
}

/** Redshift reads columnar files through Spectrum, and reports what is wrong so. */
function spectrumError(code: number, reason: string, file: StoredObject, column?: TableColumn): WarehouseLoadError {
  const error: LoadError = {
    fileName: file.uri,
    lineNumber: 0,
    columnName: column?.name ?? '',
    columnType: column ? column.type.name : '',
    columnLength: String(column?.type.length ?? ''),
    position: 0,
    code,
    reason,
    rawLine: '',
    rawValue: '',
  }
  return new WarehouseLoadError('Spectrum Scan Error', [error], {
    detail: `error: Spectrum Scan Error  code: ${code}  context: ${reason}`,
  })
}
