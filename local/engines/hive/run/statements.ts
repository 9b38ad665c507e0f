/** What each statement does. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compileQuery } from '../compile/queries.ts'
import { type Column, quote } from '../compile/typed.ts'
import { HiveSemanticError, HiveUnsupported, type Place } from '../errors.ts'
import type {
  CreateTable,
  Expression,
  InsertTarget,
  PartitionSpec,
  Query,
  Statement,
  StatementOf,
  TableName,
} from '../syntax/ast.ts'
import { isPrimitive, STRING, typeName } from '../types.ts'
import { catalogFor } from './catalog.ts'
import type { Duck } from './duck.ts'
import { DEFAULT_PARTITION, type Metastore, type Table, tableFormat, textFormat } from './metastore.ts'
import type { Settings } from './settings.ts'
import { dataFiles, moveFile, partitionFolders, removeFiles, type Storage } from './storage.ts'
import type { TextFiles } from './text-files.ts'
import { partitionOf, type Writer } from './write.ts'

/** A script under way. */
export interface Execution {
  readonly metastore: Metastore
  readonly storage: Storage
  readonly duck: Duck
  readonly texts: TextFiles
  readonly writer: Writer
  readonly settings: Settings
  /** Tables that end with the script. */
  readonly temporary: Table[]
  log(stream: 'stdout' | 'stderr', text: string): void
}

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
        await removeData(table, run)
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

async function compiled(query: Query, run: Execution, shapeOnly = false) {
  const { metastore, storage, texts, settings } = run
  const catalog = await catalogFor([query], {
    metastore,
    storage,
    texts,
    groupByPosition: settings.is('hive.groupby.position.alias'),
    shapeOnly,
  })
  return compileQuery(query, catalog)
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

async function insert(target: InsertTarget, query: Query, run: Execution): Promise<void> {
  const { writer, settings, log } = run
  if (target.directory !== undefined) {
    const format = tableFormat(target.storedAs, target)
    log('stderr', `Moving data to directory ${target.directory}`)
    const rows = await writer.directory(
      target.directory,
      await compiled(query, run),
      format,
      textFormat(target.rowFormat, {}, target),
      target,
    )
    log('stderr', `Directory ${target.directory} stats: [numFiles=1, numRows=${rows}]`)
    return
  }
  const table = run.metastore.table(target.table!)
  const staticValues = staticPartition(table, target, settings)
  if (
    target.ifNotExists &&
    staticValues.length === table.partitionedBy.length &&
    table.partitions.has(partitionOf(table, staticValues).path)
  )
    return
  const name = `${table.database}.${table.name}`
  const spec = table.partitionedBy.map((c, i) => `${c.name}=${staticValues[i] ?? 'null'}`).join(', ')
  log('stderr', `Loading data to table ${name}${spec && ` partition (${spec})`}`)
  const compiledQuery = await compiled(query, run)
  const inserted = target.columns.length ? reordered(compiledQuery, table, target, staticValues.length) : compiledQuery
  const maxPartitions = Number(settings.get('hive.exec.max.dynamic.partitions'))
  const place = { line: target.line, column: target.column }
  const written = await writer.insert({
    table,
    overwrite: target.overwrite,
    staticValues,
    query: inserted,
    maxPartitions,
    ...place,
  })
  for (const { partition, rows } of written) {
    const stats = `stats: [numFiles=1, numRows=${rows}]`
    log(
      'stderr',
      partition.path ? `Partition ${name}{${partition.path.replaceAll('/', ', ')}} ${stats}` : `Table ${name} ${stats}`,
    )
  }
}

/** INSERT INTO t (b, a): the columns in the table's order, those not named NULL. */
function reordered(
  query: ReturnType<typeof compileQuery>,
  table: Table,
  target: InsertTarget,
  fixed: number,
): ReturnType<typeof compileQuery> {
  const wanted = [...table.columns, ...table.partitionedBy.slice(fixed)]
  const unknown = target.columns.find((name) => !wanted.some((c) => c.name === name))
  if (unknown) throw new HiveSemanticError(`Table ${table.name} has no column '${unknown}' to insert into`, target)
  if (target.columns.length !== query.columns.length)
    throw new HiveSemanticError(
      `${target.columns.length} columns are named, the query gives ${query.columns.length}`,
      target,
    )
  const list = wanted.map((c) =>
    target.columns.includes(c.name) ? `c${target.columns.indexOf(c.name)}` : 'CAST(NULL AS VARCHAR)',
  )
  const columns = wanted.map((c): Column => {
    const i = target.columns.indexOf(c.name)
    return { name: c.name, type: i < 0 ? { kind: 'void' } : query.columns[i]!.type }
  })
  return {
    sql: `SELECT ${list.join(', ')} FROM (${query.sql}) AS q(${query.columns.map((_, i) => `c${i}`).join(', ')})`,
    columns,
  }
}

function valuesQuery(statement: StatementOf<'insert-values'>): Query {
  const place: Place = { line: statement.line, column: statement.column }
  const none = { with: [], orderBy: [], distributeBy: [], sortBy: [], limit: undefined, offset: undefined, ...place }
  const selects = statement.rows.map(
    (row): Query => ({
      ...none,
      body: {
        kind: 'select',
        distinct: false,
        items: row.map((expression) => ({ kind: 'expression', expression, alias: undefined, ...place })),
        from: undefined,
        where: undefined,
        groupBy: undefined,
        having: undefined,
        windows: new Map(),
        ...place,
      },
    }),
  )
  return selects.reduce((left, right) => ({
    ...none,
    body: { kind: 'set', operator: 'UNION ALL', left, right, ...place },
  }))
}

/** The values of the static partition columns; dynamic ones must follow and must be allowed. */
function staticPartition(table: Table, target: InsertTarget, settings: Settings): (string | null)[] {
  const { partition } = target
  if (!table.partitionedBy.length) {
    if (partition.length) throw new HiveSemanticError(`Table ${table.name} is not partitioned`, target)
    return []
  }
  // Hive 3 takes an INSERT without PARTITION as one with all columns dynamic.
  const spec: PartitionSpec = partition.length
    ? partition
    : table.partitionedBy.map((c) => ({ column: c.name, value: undefined }))
  checkSpec(table, spec, target)
  if (spec.length !== table.partitionedBy.length)
    throw new HiveSemanticError(`PARTITION must name ${table.partitionedBy.map((c) => c.name).join(', ')}`, target)
  const firstDynamic = spec.findIndex((p) => p.value === undefined)
  const count = firstDynamic < 0 ? spec.length : firstDynamic
  if (spec.slice(count).some((p) => p.value !== undefined))
    throw new HiveSemanticError('Dynamic partition columns come after static ones', target)
  if (count < spec.length) {
    if (!settings.is('hive.exec.dynamic.partition'))
      throw new HiveSemanticError(
        'Dynamic partition is disabled. Either enable it by setting hive.exec.dynamic.partition=true or specify partition column values',
        target,
      )
    if (count === 0 && settings.get('hive.exec.dynamic.partition.mode') !== 'nonstrict') {
      throw new HiveSemanticError(
        'Dynamic partition strict mode requires at least one static partition column. To turn this off set hive.exec.dynamic.partition.mode=nonstrict',
        target,
      )
    }
  }
  return spec.slice(0, count).map((p) => literalValue(p.value!))
}

function checkSpec(table: Table, spec: PartitionSpec, at: Place): void {
  spec.forEach((part, i) => {
    if (table.partitionedBy[i]?.name !== part.column) {
      throw new HiveSemanticError(
        `Partition columns of ${table.name} are ${table.partitionedBy.map((c) => c.name).join(', ') || 'none'}; PARTITION names '${part.column}' in place ${i + 1}`,
        at,
      )
    }
  })
}

function literalValue(value: Expression): string | null {
  if (value.kind === 'null') return null
  if (value.kind === 'string' || value.kind === 'number' || value.kind === 'typed') return value.value
  throw new HiveSemanticError('The value of a static partition is a literal', value)
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
  const [written] = await run.writer.insert({
    table,
    overwrite: true,
    staticValues: [],
    query,
    maxPartitions: 0,
    ...place,
  })
  metastore.put(table, statement.table)
  if (statement.temporary) temporary.push(table)
  run.log('stderr', `Table ${table.database}.${table.name} stats: [numFiles=1, numRows=${written!.rows}]`)
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
  if (found.kind === 'table') await removeData(found, run)
}

/** External tables keep their files. */
async function removeData(table: Table, run: Execution): Promise<void> {
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
  for (const path of paths) await removeFiles(join(folder, path))
}

/** MSCK REPAIR TABLE: what folders there are becomes the table's partitions. */
async function repair(statement: StatementOf<'msck'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  if (!table.partitionedBy.length)
    throw new HiveSemanticError(`Table ${table.name} is not partitioned: MSCK has nothing to find`, statement.table)
  const folder = await run.storage.folder(table.location, 'list')
  const present = await partitionFolders(
    folder,
    table.partitionedBy.map((c) => c.name),
  )
  const paths = new Set(present.map((p) => p.path))
  if (statement.add) {
    const missing = present.filter((p) => !table.partitions.has(p.path))
    for (const { values, path } of missing)
      table.partitions.set(path, { values: values.map((v) => (v === DEFAULT_PARTITION ? null : v)), path })
    if (missing.length)
      run.log('stdout', `Partitions not in metastore:\t${missing.map((p) => `${table.name}:${p.path}`).join('\t')}`)
    for (const { path } of missing) run.log('stdout', `Repair: Added partition to metastore ${table.name}:${path}`)
  }
  if (statement.drop)
    for (const path of [...table.partitions.keys()]) if (!paths.has(path)) table.partitions.delete(path)
}

function addPartitions(statement: StatementOf<'add-partitions'>, run: Execution): void {
  const table = run.metastore.table(statement.table)
  for (const { spec, location } of statement.partitions) {
    checkSpec(table, spec, statement)
    if (spec.length !== table.partitionedBy.length || spec.some((p) => !p.value))
      throw new HiveSemanticError('ADD PARTITION names a value for every partition column', statement)
    const partition = partitionOf(
      table,
      spec.map((p) => literalValue(p.value!)),
    )
    if (location !== undefined && location.replace(/\/+$/, '') !== `${table.location}/${partition.path}`) {
      throw new HiveUnsupported(
        `A partition outside of its table's folder is not supported: leave LOCATION ${quote(location)} out`,
        statement,
      )
    }
    if (table.partitions.has(partition.path)) {
      if (statement.ifNotExists) continue
      throw new HiveSemanticError(`Partition already exists: ${partition.path}`, statement)
    }
    table.partitions.set(partition.path, partition)
  }
}

async function dropPartitions(statement: StatementOf<'drop-partitions'>, run: Execution): Promise<void> {
  const table = run.metastore.table(statement.table)
  for (const spec of statement.specs) {
    const wanted = new Map(
      spec.map((p) => {
        const i = table.partitionedBy.findIndex((c) => c.name === p.column)
        if (i < 0 || !p.value)
          throw new HiveSemanticError(
            `DROP PARTITION takes columns of ${table.partitionedBy.map((c) => c.name).join(', ')} with values`,
            statement,
          )
        return [i, literalValue(p.value)]
      }),
    )
    const found = [...table.partitions.values()].filter((p) => [...wanted].every(([i, value]) => p.values[i] === value))
    if (!found.length && !statement.ifExists)
      throw new HiveSemanticError(`Partition not found (${spec.map((p) => p.column).join(', ')})`, statement)
    for (const { path } of found) {
      table.partitions.delete(path)
      if (!table.external)
        await rm(join(await run.storage.folder(table.location, 'delete'), path), { recursive: true, force: true })
      run.log('stderr', `Dropped the partition ${path}`)
    }
  }
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
