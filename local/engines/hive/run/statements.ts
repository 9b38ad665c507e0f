/** What each statement does. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column } from '../compile/typed.ts'
import { HiveSemanticError, type Place } from '../errors.ts'
import type { CreateTable, Query, Statement, StatementOf, TableName } from '../syntax/ast.ts'
import { isPrimitive, STRING, typeName } from '../types.ts'
import { compiled, type Execution } from './execution.ts'
import { insert, valuesQuery } from './insert.ts'
import type { Metastore, Table } from './metastore.ts'
import { addPartitions, checkSpec, dropPartitions, literalValue, repair } from './partitions.ts'
import { dataFiles, moveFile, removeFiles } from './storage.ts'
import { partitionOf } from './write.ts'

/** Runs a statement; the number of rows that it fetched, if it fetches any. */
export async function execute(statement: Statement, run: Execution): Promise<number | undefined> {
  const { metastore, log } = run
  switch (statement.kind) {
    case 'query':
      return await fetchRows(statement.query, run)
    case 'insert':
      await insert(statement.target, statement.query, run)
      return undefined
    case 'multi-insert':
      for (const branch of statement.branches) await insert(branch.target, branch.query, run)
      return undefined
    case 'insert-values':
      await insert(statement.target, valuesQuery(statement), run)
      return undefined
    case 'create-table':
      await createTable(statement, run)
      return undefined
    case 'create-view':
      await createView(statement, run)
      return undefined
    case 'create-database':
      metastore.createDatabase(statement.name, statement.location, statement.ifNotExists, statement)
      return undefined
    case 'use':
      metastore.use(statement.name, statement)
      return undefined
    case 'drop-table':
      await dropTable(statement, run)
      return undefined
    case 'drop-database':
      for (const table of metastore.dropDatabase(statement.name, statement.ifExists, statement.cascade, statement))
        await removeData(table, run, statement)
      return undefined
    case 'truncate':
      await truncate(statement, run)
      return undefined
    case 'msck':
      await repair(statement, run)
      return undefined
    case 'add-partitions':
      addPartitions(statement, run)
      return undefined
    case 'drop-partitions':
      await dropPartitions(statement, run)
      return undefined
    case 'rename-table': {
      const table = metastore.table(statement.table)
      if (metastore.find(statement.to))
        throw new HiveSemanticError(`Table ${statement.to.name} already exists`, statement.to)
      metastore.drop(statement.table)
      metastore.put(
        { ...table, database: statement.to.database ?? table.database, name: statement.to.name },
        statement.to,
      )
      return undefined
    }
    case 'set-properties':
      Object.assign(metastore.table(statement.table).properties, statement.properties)
      return undefined
    case 'analyze':
      // Parquet files carry their statistics; nothing else would use them.
      metastore.table(statement.table)
      return undefined
    case 'load':
      await load(statement, run)
      return undefined
    case 'show':
      return print(shown(statement, metastore), log)
    case 'show-partitions':
      return print([...metastore.table(statement.table).partitions.keys()].sort(), log)
    case 'describe':
      return print(await described(statement.table, run), log)
  }
}

function print(lines: readonly string[], log: Execution['log']): number {
  for (const line of lines) log('stdout', line)
  return lines.length
}

/** Prints a query's rows with tabs between the fields, as the Hive CLI shows them. */
async function fetchRows(query: Query, run: Execution): Promise<number> {
  const { sql, columns } = await compiled(query, run)
  if (run.settings.is('hive.cli.print.header')) run.log('stdout', columns.map((c) => c.name).join('\t'))
  const names = columns.map((_, i) => `c${i}`)
  const text = columns.map((c, i) => shownValue(c, `c${i}`))
  let count = 0
  for await (const rows of run.duck.stream(
    `SELECT ${text.join(', ')} FROM (${sql}) AS q(${names.join(', ')})`,
    query,
  )) {
    count += rows.length
    for (const row of rows) run.log('stdout', row.map((value) => (value === null ? 'NULL' : String(value))).join('\t'))
  }
  return count
}

function shownValue({ type }: Column, sql: string): string {
  if (type.kind === 'double' || type.kind === 'float') return `hive_double_string(${sql})`
  return isPrimitive(type) ? `CAST(${sql} AS VARCHAR)` : `CAST(to_json(${sql}) AS VARCHAR)`
}

async function createTable(statement: CreateTable, run: Execution): Promise<void> {
  const { metastore, temporary } = run
  if (metastore.find(statement.table)) {
    if (statement.ifNotExists) return
    throw new HiveSemanticError(`Table already exists: ${statement.table.name}`, statement.table)
  }
  const like = statement.like && metastore.table(statement.like)
  if (!statement.query) {
    const table = metastore.define(statement, statement.columns, like)
    await run.storage.folder(table.location, 'list')
    metastore.put(table, statement.table)
    if (statement.temporary) temporary.push(table)
    return
  }
  if (statement.columns.length || statement.partitionedBy.length)
    throw new HiveSemanticError('CREATE TABLE AS SELECT takes its columns from the query', statement)
  const query = await compiled(statement.query, run)
  const columns = query.columns.map((c) => ({ name: c.name, type: c.type.kind === 'void' ? STRING : c.type }))
  const table = metastore.define(statement, columns)
  const place = { line: statement.line, column: statement.column }
  // Whose files are the cluster's own, and nowhere in particular, needs none.
  const own = !table.external && statement.location === undefined && table.format === 'PARQUET'
  const rows = own
    ? await run.writer.keep(table, query, place)
    : (await run.writer.insert({ table, overwrite: true, staticValues: [], query, maxPartitions: 0, ...place }))[0]!
        .rows
  metastore.put(table, statement.table)
  if (statement.temporary) temporary.push(table)
  run.log('stderr', `Table ${table.database}.${table.name} stats: [numFiles=1, numRows=${rows}]`)
}

async function createView(statement: StatementOf<'create-view'>, run: Execution): Promise<void> {
  const { metastore } = run
  const { table: name, replace, ifNotExists, columns, query } = statement
  const found = metastore.find(name)
  if (found && ifNotExists) return
  if (found && !(replace && found.kind === 'view'))
    throw new HiveSemanticError(`Table already exists: ${name.name}`, name)
  const { columns: given } = await compiled(query, run, true)
  if (columns.length && columns.length !== given.length)
    throw new HiveSemanticError(`The view names ${columns.length} columns, its query gives ${given.length}`, statement)
  metastore.put({ kind: 'view', database: name.database ?? metastore.current, name: name.name, columns, query }, name)
}

async function dropTable(statement: StatementOf<'drop-table'>, run: Execution): Promise<void> {
  const found = run.metastore.find(statement.table)
  if (!found) {
    if (statement.ifExists) return
    throw new HiveSemanticError(`Table not found ${statement.table.name}`, statement.table)
  }
  if ((found.kind === 'view') !== statement.view)
    throw new HiveSemanticError(
      `${statement.table.name} is a ${found.kind}: DROP ${found.kind.toUpperCase()} it`,
      statement.table,
    )
  run.metastore.drop(statement.table)
  if (found.kind === 'table') await removeData(found, run, statement)
}

/** External tables keep their files. */
async function removeData(table: Table, run: Execution, at: Place): Promise<void> {
  await run.writer.dropKept(table, at)
  if (!table.external) await rm(await run.storage.folder(table.location, 'delete'), { recursive: true, force: true })
}

async function truncate(statement: StatementOf<'truncate'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  if (table.external) throw new HiveSemanticError(`Cannot truncate non-managed table ${table.name}.`, statement.table)
  checkSpec(table, statement.partition, statement)
  const wanted = statement.partition.map((p) => literalValue(p.value!))
  const folder = await run.storage.folder(table.location, 'delete')
  const paths = table.partitionedBy.length
    ? [...table.partitions.values()].filter((p) => wanted.every((v, i) => p.values[i] === v)).map((p) => p.path)
    : ['']
  await run.writer.dropKept(table, statement)
  for (const path of paths) await removeFiles(join(folder, path))
}

/** LOAD DATA INPATH: the files move into the table as they are. */
async function load(statement: StatementOf<'load'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  checkSpec(table, statement.partition, statement)
  if (statement.partition.length !== table.partitionedBy.length)
    throw new HiveSemanticError(`LOAD DATA into ${table.name} needs PARTITION with all its columns`, statement)
  const partition = partitionOf(
    table,
    statement.partition.map((p) => literalValue(p.value!)),
  )
  const source = await run.storage.folder(statement.path, 'read')
  await run.storage.folder(statement.path, 'delete')
  const files = await dataFiles(source)
  if (!files.length) throw new HiveSemanticError(`Invalid path '${statement.path}': No files matching path`, statement)
  const folder = join(await run.storage.folder(table.location, 'write'), partition.path)
  await (statement.overwrite ? run.writer.dropKept(table, statement) : run.writer.writeKept(table, statement))
  if (statement.overwrite) await removeFiles(folder)
  for (const file of files) await moveFile(file, join(folder, file.slice(source.length + 1)))
  if (table.partitionedBy.length) table.partitions.set(partition.path, partition)
}

function shown({ what, pattern }: StatementOf<'show'>, metastore: Metastore): string[] {
  const names =
    what === 'DATABASES'
      ? metastore.databases()
      : metastore
          .entries()
          .filter((e) => what === 'TABLES' || e.kind === 'view')
          .map((e) => e.name)
  if (pattern === undefined) return names
  const expression = new RegExp(`^(?:${pattern.replace(/[.+^${}()[\]\\]/g, '\\$&').replaceAll('*', '.*')})$`, 'i')
  return names.filter((name) => expression.test(name))
}

async function described(name: TableName, run: Execution): Promise<string[]> {
  const entry = run.metastore.get(name)
  if (entry.kind === 'view') {
    const { columns } = await compiled(entry.query, run, true)
    return columns.map((c, i) => `${entry.columns[i] ?? c.name}\t${typeName(c.type)}\t`)
  }
  const line = (c: Column) => `${c.name}\t${typeName(c.type)}\t`
  const partitions = entry.partitionedBy.length
    ? ['', '# Partition Information', '# col_name\tdata_type\tcomment', ...entry.partitionedBy.map(line)]
    : []
  return [...entry.columns.map(line), ...entry.partitionedBy.map(line), ...partitions]
}
