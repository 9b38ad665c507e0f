/**
 * COPY of delimited text. DuckDB splits the lines; each field is then converted under COPY's rules, and a row with a field that does not convert is
 * refused with its reason. https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Table, type TableColumn, tableSql } from './catalogue.ts'
import type { CopyStatement } from './copy-statement.ts'
import { type Connection, query } from './database.ts'
import { type LoadError, WarehouseLoadError } from './errors.ts'
import { readField } from './field.ts'
import { explain, type RefusedRow } from './load-errors.ts'
import type { StoredObject } from './objects.ts'
import { prepareTextFile } from './text-file.ts'
import { identifier, literal } from './tokens.ts'

export interface TextLoad {
  connection: Connection
  /** Reads the files again to say what is wrong, outside of the session's transaction. */
  diagnosis: Connection
  copy: CopyStatement
  table: Table
  columns: readonly TableColumn[]
  files: readonly StoredObject[]
  /** A folder of this load alone. */
  temp: string
}

interface Source {
  object: StoredObject
  path: string
}

/**
 * Loads the files. Refused rows are returned as long as they are fewer than MAXERROR.
 *
 * @throws WarehouseLoadError with the refused rows (at most 1,000 of them)
 */
export async function loadText(load: TextLoad): Promise<{ rows: number; errors: LoadError[] }> {
  await mkdir(load.temp, { recursive: true })
  try {
    const sources: Source[] = []
    for (const [index, object] of load.files.entries())
      sources.push({ object, path: await prepare(load, object, index) })
    return await loadSources(load, sources)
  } finally {
    await rm(load.temp, { recursive: true, force: true })
  }
}

const KEPT_ERRORS = 1_000
const REFUSED = 'COPY refuses a row'

async function loadSources(load: TextLoad, sources: readonly Source[]): Promise<{ rows: number; errors: LoadError[] }> {
  const { copy } = load
  const allowed = Math.max(copy.maxErrors, 1)
  // With MAXERROR the bad rows are counted first; without it the first one stops the load.
  const errors =
    copy.maxErrors > 0 || copy.noLoad ? await findErrors(load, sources, Math.max(allowed, KEPT_ERRORS)) : []
  if (errors.length >= allowed) throw tooManyErrors(load.table, errors)
  if (copy.noLoad) return { rows: 0, errors }
  const keep =
    copy.maxErrors > 0 ? 'err IS NULL' : `CASE WHEN err IS NULL THEN true ELSE error(${literal(REFUSED)}) END`
  const targets = load.columns.map((column) => identifier(column.name)).join(', ')
  const values = load.columns.map((_, index) => `x${index}`).join(', ')
  try {
    const result = await load.connection.run(
      `INSERT INTO ${tableSql(load.table)} (${targets}) SELECT ${values} FROM (${convertedSql(load, sources)}) WHERE ${keep}`,
    )
    return { rows: result.rowsChanged, errors }
  } catch (error) {
    if (!(error as Error).message.includes(REFUSED)) throw error
    throw tooManyErrors(load.table, await findErrors(load, sources, KEPT_ERRORS))
  }
}

function tooManyErrors(table: Table, errors: readonly LoadError[]): WarehouseLoadError {
  const text = `Load into table '${table.name}' failed.  Check 'sys_load_error_detail' system table for details.`
  return new WarehouseLoadError(text, errors)
}

async function prepare(load: TextLoad, object: StoredObject, index: number): Promise<string> {
  try {
    const prepared = await prepareTextFile(object.path, join(load.temp, `${index}.txt`), load.copy)
    return prepared.path
  } catch (error) {
    const reason = `The file is not compressed as ${load.copy.compression?.toUpperCase()}: ${(error as Error).message}`
    const refused: LoadError = {
      fileName: object.uri,
      lineNumber: 0,
      columnName: '',
      columnType: '',
      columnLength: '',
      position: 0,
      code: 1216,
      reason,
      rawLine: '',
      rawValue: '',
    }
    throw new WarehouseLoadError(
      `Load into table '${load.table.name}' failed.  Check 'sys_load_error_detail' system table for details.`,
      [refused],
      { detail: `${object.uri}: ${reason}` },
    )
  }
}

/** The raw fields: `c0` ... and one more for what is too much. A field that the line lacks is NULL, an empty one is ''. */
function rawSql(load: TextLoad, sources: readonly Source[]): string {
  const { copy } = load
  const csv = copy.format === 'csv'
  const names = [...load.columns.map((_, index) => `c${index}`), 'extra']
  const options = [
    `[${sources.map((source) => literal(source.path)).join(', ')}]`,
    `delim = ${literal(copy.delimiter)}`,
    `quote = ${csv ? literal(copy.quote) : "''"}`,
    `escape = ${csv ? literal(copy.quote) : "''"}`,
    `nullstr = ${literal('\x03')}`,
    `skip = ${copy.ignoreHeader}`,
    'header = false, auto_detect = false, null_padding = true, strict_mode = false, filename = true',
    // A row of Redshift has at most 4 MB.
    'max_line_size = 4194304, buffer_size = 8388608',
    csv ? 'parallel = false' : `new_line = '\\n'`,
    `columns = {${names.map((name) => `'${name}': 'VARCHAR'`).join(', ')}}`,
  ]
  return `SELECT * FROM read_csv(${options.join(', ')})`
}

/** The raw fields beside the converted ones, `x0` ..., and `err`: NULL, or what is wrong first (see {@link explain}). */
function convertedSql(load: TextLoad, sources: readonly Source[], raw = rawSql(load, sources)): string {
  const marked = sources.some((source) => source.path !== source.object.path)
  const fields = load.columns.map((column, index) => readField(column, `c${index}`, `v${index}`, load.copy, marked))
  const last = load.columns.length - 1
  const checks = [
    `WHEN starts_with(c0, chr(2)) THEN -3`,
    `WHEN extra IS NOT NULL THEN -2`,
    load.copy.fillRecord ? '' : `WHEN c${last} IS NULL THEN -1`,
    ...load.columns.map((column, index) => {
      const bad = column.nullable ? `v${index} IS NOT NULL AND x${index} IS NULL` : `x${index} IS NULL`
      return `WHEN ${bad} THEN ${index}`
    }),
  ].filter((check) => check !== '')
  return `
    SELECT *, CASE ${checks.join(' ')} END AS err
    FROM (SELECT *, ${fields.map((field, index) => `${field.converted} AS x${index}`).join(', ')}
          FROM (SELECT *, ${fields.map((field, index) => `${field.text} AS v${index}`).join(', ')} FROM (${raw})))`
}

async function findErrors(load: TextLoad, sources: readonly Source[], limit: number): Promise<LoadError[]> {
  const errors: LoadError[] = []
  for (const source of sources) {
    if (errors.length >= limit) break
    const numbered = `SELECT row_number() OVER () AS line, * FROM (${rawSql(load, [source])})`
    const rows = await query<RefusedRow>(
      load.diagnosis,
      `SELECT * FROM (${convertedSql(load, [source], numbered)}) WHERE err IS NOT NULL ORDER BY line LIMIT ${limit - errors.length}`,
    )
    errors.push(...rows.map((row) => explain(row, source.object, load.columns, load.copy)))
  }
  return errors
}
