/** UNLOAD: a query's rows as files in S3. https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { missingCredentials, readRole } from './copy-statement.ts'
import { type Connection, query } from './database.ts'
import { WarehouseStorageError, WarehouseUnsupportedError } from './errors.ts'
import { type Locate, listObjects, locateObject } from './objects.ts'
import { type Parameters, rewrite } from './rewrite.ts'
import { identifier, literal } from './tokens.ts'
import { isGroup, isSymbol, isWord, type Node, parseTree, Reader, splitCommas, startOf } from './tree.ts'

interface Unload {
  query: string
  to: string
  role: string
  format: 'parquet' | 'text' | 'csv'
  delimiter: string
  nullAs: string
  header: boolean
  escape: boolean
  addQuotes: boolean
  compression?: 'gzip' | 'zstd'
  partitionBy: string[]
  includePartitions: boolean
  allowOverwrite: boolean
  cleanPath: boolean
  manifest: boolean
  extension?: string
}

export interface UnloadContext {
  connection: Connection
  locate: Locate
  parameters: Parameters
  /** A folder of this statement alone. */
  temp: string
}

/** @returns the number of rows written @throws WarehouseStorageError when objects are there already and may not be overwritten */
export async function unload(nodes: readonly Node[], context: UnloadContext): Promise<number> {
  const statement = readUnload(nodes, context.parameters)
  const { locate } = context
  const present = await listObjects(locate, statement.to, statement.role).catch((error) => {
    if (error instanceof WarehouseStorageError && /does not exist$/.test(error.message)) return []
    throw error
  })
  if (present.length > 0 && !statement.allowOverwrite && !statement.cleanPath) {
    const text =
      'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.'
    throw new WarehouseStorageError('XX000', text)
  }
  if (statement.cleanPath) {
    for (const object of present)
      await rm(await locateObject(locate, object.uri, 'delete', statement.role), { force: true })
  }
  await mkdir(context.temp, { recursive: true })
  try {
    const files =
      statement.partitionBy.length > 0
        ? await writePartitions(statement, context)
        : [await writeFileOf(statement, context, statement.query, '')]
    const entries: { url: string; meta: { content_length: number } }[] = []
    for (const file of files) {
      const uri = `${statement.to}${file.key}`
      const target = await locateObject(locate, uri, 'write', statement.role)
      await mkdir(dirname(target), { recursive: true })
      await rename(file.path, target)
      entries.push({ url: uri, meta: { content_length: (await stat(target)).size } })
    }
    if (statement.manifest) {
      const target = await locateObject(locate, `${statement.to}manifest`, 'write', statement.role)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, JSON.stringify({ entries }))
    }
    return files.reduce((sum, file) => sum + file.rows, 0)
  } finally {
    await rm(context.temp, { recursive: true, force: true })
  }
}

interface Written {
  path: string
  key: string
  rows: number
}

/** DuckDB loses the order inside its own partitions, so each partition is a COPY of its own. */
async function writePartitions(statement: Unload, context: UnloadContext): Promise<Written[]> {
  const table = identifier(`unload ${basename(context.temp)}`)
  await context.connection.run(`CREATE TEMP TABLE ${table} AS ${statement.query}`)
  try {
    const columns = statement.partitionBy.map(identifier)
    const values = await query<Record<string, string | null>>(
      context.connection,
      `SELECT DISTINCT ${columns.map((column, index) => `CAST(${column} AS VARCHAR) AS p${index}`).join(', ')} FROM ${table} ORDER BY ALL`,
    )
    const written: Written[] = []
    for (const row of values) {
      const folder = statement.partitionBy
        .map((name, index) => `${name}=${encodeURIComponent(row[`p${index}`] ?? '__HIVE_DEFAULT_PARTITION__')}/`)
        .join('')
      const where = columns.map((column, index) => {
        const value = row[`p${index}`]
        return value === null || value === undefined
          ? `${column} IS NULL`
          : `CAST(${column} AS VARCHAR) = ${literal(value)}`
      })
      const select = statement.includePartitions ? '*' : `* EXCLUDE (${columns.join(', ')})`
      written.push(
        await writeFileOf(
          statement,
          context,
          `SELECT ${select} FROM ${table} WHERE ${where.join(' AND ')}`,
          folder,
          written.length,
        ),
      )
    }
    return written
  } finally {
    await context.connection.run(`DROP TABLE IF EXISTS ${table}`)
  }
}

async function writeFileOf(
  statement: Unload,
  context: UnloadContext,
  select: string,
  folder: string,
  index = 0,
): Promise<Written> {
  const path = join(context.temp, String(index))
  const result = await context.connection.run(`COPY (${select}) TO ${literal(path)} (${formatSql(statement)})`)
  return { path, key: `${folder}0000_part_00${extension(statement)}`, rows: result.rowsChanged }
}

function formatSql(statement: Unload): string {
  if (statement.format === 'parquet') return 'FORMAT parquet, COMPRESSION snappy'
  const quoted = statement.format === 'csv' || statement.addQuotes
  return [
    'FORMAT csv',
    `DELIMITER ${literal(statement.delimiter)}`,
    `HEADER ${statement.header}`,
    `QUOTE '${quoted ? '"' : ''}'`,
    `ESCAPE '${quoted ? '"' : ''}'`,
    statement.addQuotes ? 'FORCE_QUOTE *' : '',
    `NULLSTR ${literal(statement.nullAs)}`,
    statement.compression ? `COMPRESSION ${statement.compression}` : '',
  ]
    .filter((option) => option !== '')
    .join(', ')
}

function extension(statement: Unload): string {
  if (statement.extension) return `.${statement.extension}`
  if (statement.format === 'parquet') return '.parquet'
  return statement.compression ? { gzip: '.gz', zstd: '.zst' }[statement.compression] : ''
}

function readUnload(nodes: readonly Node[], parameters: Parameters): Unload {
  const reader = new Reader(nodes)
  reader.expect('unload')
  const [select] = reader.group().items
  if (select?.kind !== 'string') return reader.fail(select)
  reader.expect('to')
  const statement: Unload = {
    query: rewrite(parseTree(select.value), parameters),
    to: reader.string(),
    role: '',
    format: 'text',
    delimiter: '',
    nullAs: '',
    header: false,
    escape: false,
    addQuotes: false,
    partitionBy: [],
    includePartitions: false,
    allowOverwrite: false,
    cleanPath: false,
    manifest: false,
  }
  while (!reader.done) readOption(reader, statement)
  if (statement.role === '') throw missingCredentials()
  if (statement.delimiter === '') statement.delimiter = statement.format === 'csv' ? ',' : '|'
  return statement
}

function readOption(reader: Reader, statement: Unload): void {
  if (reader.take('iam_role')) statement.role = readRole(reader)
  else if (reader.take('format')) {
    reader.take('as')
    readFormat(reader, statement)
  } else if (isWord(reader.peek(), 'parquet', 'csv')) readFormat(reader, statement)
  else if (reader.take('partition', 'by')) {
    statement.partitionBy = splitCommas(reader.group().items).map((part) => new Reader(part).name())
    statement.includePartitions = reader.take('include')
  } else if (reader.take('allowoverwrite')) statement.allowOverwrite = true
  else if (reader.take('cleanpath')) statement.cleanPath = true
  else if (reader.take('header')) statement.header = true
  else if (reader.take('manifest')) {
    statement.manifest = true
    reader.take('verbose')
  } else if (reader.take('delimiter')) statement.delimiter = textOf(reader)
  else if (reader.take('null')) statement.nullAs = textOf(reader)
  else if (reader.take('addquotes')) statement.addQuotes = true
  else if (reader.take('gzip')) statement.compression = 'gzip'
  else if (reader.take('zstd')) statement.compression = 'zstd'
  else if (reader.take('extension')) statement.extension = reader.string()
  else if (reader.take('region')) textOf(reader)
  else if (reader.take('parallel')) {
    // One machine writes one file either way.
    if (isWord(reader.peek(), 'on', 'off', 'true', 'false')) reader.next()
  } else if (isWord(reader.peek(), 'maxfilesize', 'rowgroupsize')) {
    reader.next()
    reader.take('as')
    reader.next()
    if (isWord(reader.peek(), 'mb', 'gb')) reader.next()
  } else {
    const node = reader.peek()
    if (node && !isGroup(node) && !isSymbol(node)) {
      throw new WarehouseUnsupportedError(`The UNLOAD option ${node.text.toUpperCase()}`, {
        position: startOf(node) + 1,
      })
    }
    reader.fail()
  }
}

function readFormat(reader: Reader, statement: Unload): void {
  if (reader.take('parquet')) statement.format = 'parquet'
  else if (reader.take('csv')) statement.format = 'csv'
  else {
    const node = reader.peek()
    const word = node && !isGroup(node) ? node.text.toUpperCase() : ''
    throw new WarehouseUnsupportedError(`UNLOAD ... FORMAT ${word}`, node ? { position: startOf(node) + 1 } : {})
  }
}

function textOf(reader: Reader): string {
  reader.take('as')
  return reader.string()
}
