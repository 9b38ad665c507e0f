/**
 * CREATE TABLE and ALTER TABLE. Distribution, sort keys and encodings mean nothing to one machine; they are kept for the catalogue.
 * https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, r_CREATE_TABLE_AS.html, r_ALTER_TABLE.html
 */
import { declare, requireTable, type Table, type TableColumn, tableSql } from './catalogue.ts'
import { type Connection, query } from './database.ts'
import { WarehouseObjectError, WarehouseSyntaxError, WarehouseUnsupportedError } from './errors.ts'
import { insertedQuery } from './insert.ts'
import { type Parameters, rewrite } from './rewrite.ts'
import { identifier, type Token } from './tokens.ts'
import { isGroup, isWord, type Node, Reader, splitCommas, startOf } from './tree.ts'
import { duckType, redshiftType, typeCheck, typeOfDuck } from './types.ts'

export interface CreateTable {
  table: Table
  ifNotExists: boolean
  /** The query of CREATE TABLE AS, in DuckDB SQL. */
  query?: string
  columnNames?: string[]
}

export interface DdlContext {
  connection: Connection
  searchPath: readonly string[]
  parameters: Parameters
}

const MAX_VARCHAR = 65_535

/** CREATE TABLE, CREATE TABLE AS and CREATE TABLE (LIKE ...). */
export async function createTable(nodes: readonly Node[], context: DdlContext): Promise<void> {
  const create = await readCreateTable(nodes, context)
  const { connection } = context
  const target = tableSql(create.table)
  const head = `CREATE ${create.table.temporary ? 'TEMP ' : ''}TABLE ${create.ifNotExists ? 'IF NOT EXISTS ' : ''}`
  const already = create.ifNotExists ? await tableExists(connection, create.table) : false
  if (already) return
  if (create.query === undefined) {
    await connection.run(`${head}${target} (\n${create.table.columns.map(columnSql).join(',\n')}\n)`)
  } else {
    // The result's types are the table's; DuckDB finds them out, then the table is declared with them.
    const probe = await query<{ column_name: string; column_type: string }>(connection, `DESCRIBE ${create.query}`)
    create.table.columns = probe.map((column, index) => ({
      name: create.columnNames?.[index] ?? column.column_name.toLowerCase(),
      type: typeOfDuck(column.column_type),
      nullable: true,
    }))
    await connection.run(`${head}${target} (\n${create.table.columns.map(columnSql).join(',\n')}\n)`)
    await connection.run(`INSERT INTO ${target} ${create.query}`)
  }
  await connection.run(declare(create.table))
}

async function tableExists(connection: Connection, table: Table): Promise<boolean> {
  const name = { name: table.name, ...(table.temporary ? { schema: 'pg_temp' } : { schema: table.schema }) }
  return requireTable(connection, name).then(
    () => true,
    () => false,
  )
}

function columnSql(column: TableColumn): string {
  const check = typeCheck(column.type, identifier(column.name))
  return [
    `  ${identifier(column.name)} ${duckType(column.type)}`,
    column.nullable ? '' : ' NOT NULL',
    column.default === undefined ? '' : ` DEFAULT ${column.default}`,
    check ? ` CHECK (${check})` : '',
  ].join('')
}

async function readCreateTable(nodes: readonly Node[], context: DdlContext): Promise<CreateTable> {
  const reader = new Reader(nodes)
  reader.expect('create')
  const local = reader.take('local')
  let temporary = reader.take('temporary') || reader.take('temp')
  if (local && !temporary) reader.fail()
  reader.expect('table')
  const ifNotExists = reader.take('if', 'not', 'exists')
  const name = reader.qualifiedName()
  temporary ||= name.name.startsWith('#')
  const table: Table = {
    schema: temporary ? 'main' : (name.schema ?? context.searchPath[0] ?? 'public'),
    name: name.name,
    temporary,
    columns: [],
    distStyle: 'AUTO',
    sortKey: [],
  }
  const create: CreateTable = { table, ifNotExists }
  const first = reader.peek()
  const body = isGroup(first) && !isWord(first.items[0], 'select', 'with') ? reader.group() : undefined
  readTableAttributes(reader, table)
  if (reader.take('as')) {
    const rest = nodes.slice(reader.at)
    create.query = insertedQuery(rest, context.parameters)
    if (body) create.columnNames = splitCommas(body.items).map((part) => new Reader(part).name())
    return create
  }
  if (!body || !reader.done) return reader.fail()
  for (const item of splitCommas(body.items)) await readItem(item, table, context)
  if (table.columns.length === 0) throw new WarehouseSyntaxError(')', body.close.start + 1)
  return create
}

/** DISTSTYLE, DISTKEY, SORTKEY, BACKUP and ENCODE AUTO after the column list. */
function readTableAttributes(reader: Reader, table: Table): void {
  while (!reader.done) {
    if (reader.take('diststyle')) table.distStyle = reader.name().toUpperCase()
    else if (reader.take('distkey')) {
      table.distKey = new Reader(reader.group().items).name()
      table.distStyle = 'KEY'
    } else if (reader.take('backup')) reader.name()
    else if (reader.take('encode', 'auto')) continue
    else if (reader.take('sortkey', 'auto')) continue
    else if (isWord(reader.peek(), 'compound', 'interleaved', 'sortkey')) {
      if (reader.take('interleaved')) table.interleaved = true
      else reader.take('compound')
      reader.expect('sortkey')
      table.sortKey = splitCommas(reader.group().items).map((part) => new Reader(part).name())
    } else return
  }
}

/** One item of the list: a column, LIKE, or a constraint (which Redshift does not enforce either). */
async function readItem(nodes: readonly Node[], table: Table, context: DdlContext): Promise<void> {
  const reader = new Reader(nodes)
  if (reader.take('like')) {
    const source = await requireTable(context.connection, reader.qualifiedName(), context.searchPath)
    const defaults = reader.take('including', 'defaults')
    reader.take('excluding', 'defaults')
    if (!reader.done) reader.fail()
    table.columns.push(
      ...source.columns.map(({ default: value, ...column }) =>
        defaults && value ? { ...column, default: value } : column,
      ),
    )
    table.distStyle = source.distStyle
    if (source.distKey) table.distKey = source.distKey
    table.sortKey = source.sortKey
    return
  }
  if (isWord(reader.peek(), 'primary', 'foreign', 'unique', 'constraint')) return
  table.columns.push(readColumn(reader, table, context))
}

function readColumn(reader: Reader, table: Table | undefined, context: DdlContext): TableColumn {
  const name = reader.name()
  const column: TableColumn = { name, type: readType(reader), nullable: true }
  while (!reader.done) {
    if (reader.take('not', 'null')) column.nullable = false
    else if (reader.take('null')) column.nullable = true
    else if (reader.take('encode')) column.encoding = reader.name()
    else if (reader.take('distkey') && table) {
      table.distKey = name
      table.distStyle = 'KEY'
    } else if (reader.take('sortkey') && table) table.sortKey.push(name)
    else if (reader.take('primary', 'key')) column.nullable = false
    else if (reader.take('unique')) continue
    else if (reader.take('collate')) reader.name()
    else if (reader.take('references')) {
      reader.qualifiedName()
      if (isGroup(reader.peek())) reader.group()
    } else if (reader.take('default')) column.default = readDefault(reader, context)
    else if (isWord(reader.peek(), 'identity', 'generated')) {
      const position = startOf(reader.peek() as Node) + 1
      throw new WarehouseUnsupportedError(`The IDENTITY column "${name}"`, { position })
    } else reader.fail()
  }
  return column
}

/** An expression up to the next column attribute. */
function readDefault(reader: Reader, context: DdlContext): string {
  const start = reader.at
  while (!reader.done && !isWord(reader.peek(), 'not', 'encode', 'distkey', 'sortkey', 'primary', 'unique'))
    reader.next()
  return rewrite(reader.nodes.slice(start, reader.at), context.parameters).trim()
}

function readType(reader: Reader) {
  for (let words = 4; words >= 1; words--) {
    const slice = reader.nodes.slice(reader.at, reader.at + words)
    if (slice.length < words || !slice.every((node) => isWord(node))) continue
    const name = slice.map((node) => (node as Token).value).join(' ')
    const group = reader.peek(words)
    const lengths = isGroup(group) ? splitCommas(group.items).map((part) => rewrite(part).trim()) : []
    const type = redshiftType(name, lengths)
    if (!type) continue
    const longest = type.name === 'character' ? 4096 : MAX_VARCHAR
    if (type.length !== undefined && type.name.startsWith('character') && type.length > longest) {
      throw new WarehouseObjectError('22023', `length for type ${type.name} cannot exceed ${longest}`)
    }
    reader.at += words + (isGroup(group) ? 1 : 0)
    return type
  }
  const node = reader.peek()
  const text = node && node.kind !== 'group' ? node.text : ''
  throw new WarehouseObjectError('42704', `type "${text}" does not exist`, {
    ...(node ? { position: startOf(node) + 1 } : {}),
  })
}

/** ALTER TABLE: ADD, DROP and RENAME COLUMN, RENAME TO, OWNER TO, ALTER DISTKEY/SORTKEY/ENCODE, ALTER COLUMN ... TYPE VARCHAR. */
export async function alterTable(nodes: readonly Node[], context: DdlContext): Promise<void> {
  const reader = new Reader(nodes)
  reader.expect('alter', 'table')
  const table = await requireTable(context.connection, reader.qualifiedName(), context.searchPath)
  const target = tableSql(table)
  const run = (sql: string) => context.connection.run(sql)
  if (reader.take('add')) {
    reader.take('column')
    const added = readColumn(reader, undefined, context)
    if (table.columns.some((column) => column.name === added.name)) {
      throw new WarehouseObjectError('42701', `column "${added.name}" of relation "${table.name}" already exists`)
    }
    await rebuild(context.connection, table, [...table.columns, added])
  } else if (reader.take('drop')) {
    reader.take('column')
    const name = columnOf(table, reader.name())
    if (table.sortKey.includes(name)) throw new WarehouseObjectError('0A000', `cannot drop sortkey column "${name}"`)
    if (table.distKey === name) throw new WarehouseObjectError('0A000', `cannot drop distkey column "${name}"`)
    await rebuild(
      context.connection,
      table,
      table.columns.filter((column) => column.name !== name),
    )
  } else if (reader.take('rename', 'to')) {
    await run(`ALTER TABLE ${target} RENAME TO ${identifier(reader.name())}`)
  } else if (reader.take('rename')) {
    reader.take('column')
    const from = columnOf(table, reader.name())
    reader.expect('to')
    const to = reader.name()
    const columns = table.columns.map((column) => (column.name === from ? { ...column, name: to, from } : column))
    if (table.distKey === from) table.distKey = to
    table.sortKey = table.sortKey.map((name) => (name === from ? to : name))
    await rebuild(context.connection, table, columns)
  } else if (reader.take('owner', 'to')) {
    reader.name()
  } else if (reader.take('alter', 'column')) {
    const name = columnOf(table, reader.name())
    const column = table.columns.find((candidate) => candidate.name === name) as TableColumn
    if (reader.take('encode')) column.encoding = reader.name()
    else {
      reader.expect('type')
      column.type = readType(reader)
      await rebuild(context.connection, table, table.columns)
    }
    await run(declare(table))
  } else if (reader.take('alter')) {
    readTableAttributes(reader, table)
    await run(declare(table))
  } else {
    const node = reader.peek()
    const word = node && node.kind !== 'group' ? node.text.toUpperCase() : ''
    throw new WarehouseUnsupportedError(`ALTER TABLE ... ${word}`, node ? { position: startOf(node) + 1 } : {})
  }
}

function columnOf(table: Table, name: string): string {
  if (table.columns.some((column) => column.name === name)) return name
  throw new WarehouseObjectError('42703', `column "${name}" of relation "${table.name}" does not exist`)
}

/** DuckDB cannot alter a table with CHECK constraints: a new table takes the rows and the name. */
async function rebuild(
  connection: Connection,
  table: Table,
  columns: (TableColumn & { from?: string })[],
): Promise<void> {
  const next: Table = { ...table, name: `${table.name}__altered`, columns }
  const old = new Set(table.columns.map((column) => column.name))
  const kept = columns.filter((column) => old.has(column.from ?? column.name))
  const list = (pick: (column: (typeof columns)[number]) => string) =>
    kept.map((column) => identifier(pick(column))).join(', ')
  const head = table.temporary ? 'CREATE TEMP TABLE' : 'CREATE TABLE'
  await connection.run(`${head} ${tableSql(next)} (\n${columns.map(columnSql).join(',\n')}\n)`)
  if (kept.length > 0) {
    const select = `SELECT ${list((column) => column.from ?? column.name)} FROM ${tableSql(table)}`
    await connection.run(`INSERT INTO ${tableSql(next)} (${list((column) => column.name)}) ${select}`)
  }
  await connection.run(`DROP TABLE ${tableSql(table)}`)
  await connection.run(`ALTER TABLE ${tableSql(next)} RENAME TO ${identifier(table.name)}`)
  await connection.run(declare({ ...next, name: table.name }))
}
