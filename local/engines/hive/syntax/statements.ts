/** Statements of a script. `SET`, `ADD JAR` and the like never reach the parser: run/settings.ts takes them as text. */
import type { Place } from '../errors.ts'
import type { ColumnDefinition, Expression, InsertTarget, PartitionSpec, Query, Statement, StatementOf } from './ast.ts'
import { Cursor } from './cursor.ts'
import { createTable, properties, rowFormat, storedAs } from './definitions.ts'
import { expression, sortKeys } from './expressions.ts'
import { fromClause, query, select, tableName, withClause } from './queries.ts'

/**
 * Parses one statement.
 *
 * @param origin where the text begins in its script
 * @throws HiveSyntaxError, HiveUnsupported with the place in the script
 */
export function parseStatement(text: string, origin: Place): Statement {
  const cursor = new Cursor(text, origin)
  const statement = statementAt(cursor)
  cursor.end()
  return statement
}

function statementAt(cursor: Cursor): Statement {
  const at = cursor.place
  const first = cursor.peek().upper
  switch (first) {
    case 'SELECT':
    case '(':
      return { kind: 'query', query: query(cursor), ...at }
    case 'WITH':
      return withStatement(cursor, at)
    case 'INSERT':
      return insert(cursor, [])
    case 'FROM':
      return fromStatement(cursor, [], at)
    case 'CREATE':
      return create(cursor, at)
    case 'DROP':
      return drop(cursor, at)
    case 'ALTER':
      return alter(cursor, at)
    case 'USE':
      cursor.next()
      return {
        kind: 'use',
        name: cursor.sees('DEFAULT') ? cursor.next().text.toLowerCase() : cursor.name('a database'),
        ...at,
      }
    case 'TRUNCATE':
      cursor.expect('TRUNCATE', 'TABLE')
      return { kind: 'truncate', table: tableName(cursor), partition: optionalPartition(cursor), ...at }
    case 'MSCK':
      return msck(cursor, at)
    case 'ANALYZE':
      return analyze(cursor, at)
    case 'LOAD':
      return load(cursor, at)
    case 'SHOW':
      return show(cursor, at)
    case 'DESCRIBE':
    case 'DESC':
      cursor.next()
      cursor.takesOne('FORMATTED', 'EXTENDED')
      return { kind: 'describe', table: tableName(cursor), ...at }
    case 'EXPLAIN':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
    case 'GRANT':
    case 'REVOKE':
    case 'EXPORT':
    case 'IMPORT':
    case 'LOCK':
    case 'UNLOCK':
      throw cursor.unsupported(first, 'a batch script writes tables with INSERT OVERWRITE')
    default:
      throw cursor.unexpected('a statement')
  }
}

function withStatement(cursor: Cursor, at: Place): Statement {
  const definitions = withClause(cursor)
  if (cursor.sees('INSERT')) return insert(cursor, definitions)
  if (cursor.sees('FROM')) return fromStatement(cursor, definitions, at)
  return { kind: 'query', query: { ...query(cursor), with: definitions }, ...at }
}

/** `FROM x INSERT … SELECT … [INSERT … SELECT …]`, or `FROM x SELECT …`. */
function fromStatement(cursor: Cursor, definitions: Query['with'], at: Place): Statement {
  const from = fromClause(cursor)
  if (!cursor.sees('INSERT')) {
    const body = select(cursor, from)
    return {
      kind: 'query',
      query: {
        with: definitions,
        body,
        orderBy: [],
        distributeBy: [],
        sortBy: [],
        limit: undefined,
        offset: undefined,
        ...at,
      },
      ...at,
    }
  }
  const branches: StatementOf<'multi-insert'>['branches'][number][] = []
  while (cursor.sees('INSERT')) {
    const target = insertTarget(cursor)
    const place = cursor.place
    const body = select(cursor, from)
    branches.push({ target, query: { with: definitions, body, ...branchOrder(cursor), ...place } })
  }
  return { kind: 'multi-insert', with: definitions, from, branches, ...at }
}

function branchOrder(cursor: Cursor): Pick<Query, 'orderBy' | 'distributeBy' | 'sortBy' | 'limit' | 'offset'> {
  const order = orderClauses(cursor)
  return {
    orderBy: order.orderBy,
    distributeBy: order.distributeBy,
    sortBy: order.sortBy,
    limit: order.limit,
    offset: undefined,
  }
}

function orderClauses(cursor: Cursor) {
  const orderBy = cursor.takes('ORDER', 'BY') ? sortKeys(cursor, query) : []
  const clusterBy = cursor.takes('CLUSTER', 'BY') ? cursor.list(() => expression(cursor, query)) : []
  const distributeBy = cursor.takes('DISTRIBUTE', 'BY') ? cursor.list(() => expression(cursor, query)) : clusterBy
  const sortBy = cursor.takes('SORT', 'BY')
    ? sortKeys(cursor, query)
    : clusterBy.map((key) => ({ expression: key, descending: false, nullsFirst: true }))
  const limit = cursor.takes('LIMIT') ? cursor.integer('a number of rows') : undefined
  return { orderBy, distributeBy, sortBy, limit }
}

function insert(cursor: Cursor, definitions: Query['with']): Statement {
  const at = cursor.place
  const target = insertTarget(cursor)
  if (cursor.takes('VALUES')) {
    const rows = cursor.list(() => cursor.parenthesized(() => expression(cursor, query)))
    return { kind: 'insert-values', target, rows, ...at }
  }
  const inner = query(cursor)
  return { kind: 'insert', target, query: { ...inner, with: [...definitions, ...inner.with] }, ...at }
}

function insertTarget(cursor: Cursor): InsertTarget {
  const at = cursor.place
  cursor.expect('INSERT')
  const overwrite = cursor.takesOne('OVERWRITE', 'INTO')
  if (!overwrite) throw cursor.unexpected('OVERWRITE or INTO')
  const none = {
    partition: [],
    columns: [],
    ifNotExists: false,
    rowFormat: {},
    storedAs: undefined,
    overwrite: overwrite === 'OVERWRITE',
    ...at,
  }
  const local = cursor.takes('LOCAL')
  if (local || cursor.sees('DIRECTORY')) {
    cursor.expect('DIRECTORY')
    if (local)
      throw cursor.unsupported(
        'INSERT OVERWRITE LOCAL DIRECTORY',
        "the cluster's own disks are gone with it; write to S3",
      )
    const directory = cursor.string('a directory in quotes')
    return { ...none, directory, rowFormat: rowFormat(cursor), storedAs: storedAs(cursor) }
  }
  if (overwrite === 'OVERWRITE') cursor.expect('TABLE')
  else cursor.takes('TABLE')
  const table = tableName(cursor)
  const partition = optionalPartition(cursor)
  const ifNotExists = cursor.takes('IF', 'NOT', 'EXISTS')
  const columns =
    cursor.sees('(') && !cursor.sees('(', 'SELECT') && !cursor.sees('(', 'WITH')
      ? cursor.parenthesized(() => cursor.name('a column'))
      : []
  return { ...none, table, partition, ifNotExists, columns }
}

function optionalPartition(cursor: Cursor): PartitionSpec {
  return cursor.takes('PARTITION') ? partitionSpec(cursor) : []
}

/** `(quarter='1999Q1', year)`: a column without value is a dynamic one. */
function partitionSpec(cursor: Cursor): PartitionSpec {
  return cursor.parenthesized(() => {
    const column = cursor.name('a partition column')
    const value: Expression | undefined = cursor.takes('=') ? expression(cursor, query) : undefined
    return { column, value }
  })
}

function create(cursor: Cursor, at: Place): Statement {
  cursor.expect('CREATE')
  if (cursor.takesOne('DATABASE', 'SCHEMA')) {
    const ifNotExists = cursor.takes('IF', 'NOT', 'EXISTS')
    const name = cursor.name('a database')
    if (cursor.takes('COMMENT')) cursor.string('a comment')
    const location = cursor.takes('LOCATION') ? cursor.string('a location') : undefined
    if (cursor.takes('WITH', 'DBPROPERTIES')) properties(cursor)
    return { kind: 'create-database', name, ifNotExists, location, ...at }
  }
  const replace = cursor.takes('OR', 'REPLACE')
  if (cursor.sees('MATERIALIZED')) throw cursor.unsupported('CREATE MATERIALIZED VIEW', 'create a table from the query')
  if (cursor.takes('VIEW')) {
    const ifNotExists = cursor.takes('IF', 'NOT', 'EXISTS')
    const table = tableName(cursor)
    const columns = cursor.sees('(') ? cursor.parenthesized(() => viewColumn(cursor)) : []
    if (cursor.takes('COMMENT')) cursor.string('a comment')
    if (cursor.takes('TBLPROPERTIES')) properties(cursor)
    cursor.expect('AS')
    return { kind: 'create-view', table, ifNotExists, replace, columns, query: query(cursor), ...at }
  }
  if (cursor.sees('FUNCTION') || cursor.sees('TEMPORARY', 'FUNCTION') || cursor.sees('TEMPORARY', 'MACRO')) {
    throw cursor.unsupported('CREATE FUNCTION', 'there is no JVM to load it; write the expression in HiveQL')
  }
  return createTable(cursor, at)
}

function viewColumn(cursor: Cursor): ColumnDefinition['name'] {
  const name = cursor.name('a column')
  if (cursor.takes('COMMENT')) cursor.string('a comment')
  return name
}

function drop(cursor: Cursor, at: Place): Statement {
  cursor.expect('DROP')
  if (cursor.takesOne('DATABASE', 'SCHEMA')) {
    const ifExists = cursor.takes('IF', 'EXISTS')
    const name = cursor.name('a database')
    return {
      kind: 'drop-database',
      name,
      ifExists,
      cascade: cursor.takesOne('CASCADE', 'RESTRICT') === 'CASCADE',
      ...at,
    }
  }
  const what = cursor.takesOne('TABLE', 'VIEW')
  if (!what) throw cursor.unexpected('TABLE, VIEW or DATABASE')
  const ifExists = cursor.takes('IF', 'EXISTS')
  const table = tableName(cursor)
  cursor.takes('PURGE')
  return { kind: 'drop-table', table, ifExists, view: what === 'VIEW', ...at }
}

function alter(cursor: Cursor, at: Place): Statement {
  cursor.expect('ALTER')
  if (!cursor.takesOne('TABLE', 'VIEW')) throw cursor.unsupported(`ALTER ${cursor.peek().text}`, 'ALTER TABLE is')
  const table = tableName(cursor)
  if (cursor.takes('ADD')) {
    if (!cursor.sees('PARTITION') && !cursor.sees('IF'))
      throw cursor.unsupported(`ALTER TABLE … ADD ${cursor.peek().text}`, 'drop the external table and create it anew')
    const ifNotExists = cursor.takes('IF', 'NOT', 'EXISTS')
    const partitions: { spec: PartitionSpec; location: string | undefined }[] = []
    while (cursor.takes('PARTITION')) {
      const spec = partitionSpec(cursor)
      partitions.push({ spec, location: cursor.takes('LOCATION') ? cursor.string('a location') : undefined })
    }
    if (!partitions.length) throw cursor.unexpected('PARTITION')
    return { kind: 'add-partitions', table, ifNotExists, partitions, ...at }
  }
  if (cursor.takes('DROP')) {
    const ifExists = cursor.takes('IF', 'EXISTS')
    const specs = cursor.list(() => {
      cursor.expect('PARTITION')
      return partitionSpec(cursor)
    })
    cursor.takes('PURGE')
    return { kind: 'drop-partitions', table, ifExists, specs, ...at }
  }
  if (cursor.takes('RENAME', 'TO')) return { kind: 'rename-table', table, to: tableName(cursor), ...at }
  if (cursor.takes('RECOVER', 'PARTITIONS')) return { kind: 'msck', table, add: true, drop: false, ...at }
  if (cursor.takes('SET', 'TBLPROPERTIES'))
    return { kind: 'set-properties', table, properties: properties(cursor), ...at }
  throw cursor.unsupported(`ALTER TABLE … ${cursor.peek().text}`, 'drop the external table and create it anew')
}

function msck(cursor: Cursor, at: Place): Statement {
  cursor.expect('MSCK')
  cursor.takes('REPAIR')
  cursor.expect('TABLE')
  const table = tableName(cursor)
  const mode = cursor.takesOne('ADD', 'DROP', 'SYNC') ?? 'ADD'
  cursor.takes('PARTITIONS')
  return { kind: 'msck', table, add: mode !== 'DROP', drop: mode !== 'ADD', ...at }
}

function analyze(cursor: Cursor, at: Place): Statement {
  cursor.expect('ANALYZE', 'TABLE')
  const table = tableName(cursor)
  optionalPartition(cursor)
  cursor.expect('COMPUTE', 'STATISTICS')
  if (cursor.takes('FOR', 'COLUMNS') && cursor.seesAlias()) cursor.list(() => cursor.name('a column'))
  cursor.takes('NOSCAN')
  return { kind: 'analyze', table, ...at }
}

function load(cursor: Cursor, at: Place): Statement {
  cursor.expect('LOAD', 'DATA')
  if (cursor.sees('LOCAL')) throw cursor.unsupported('LOAD DATA LOCAL', 'put the file into S3 and leave LOCAL out')
  cursor.expect('INPATH')
  const path = cursor.string('a path')
  const overwrite = cursor.takes('OVERWRITE')
  cursor.expect('INTO', 'TABLE')
  return { kind: 'load', path, overwrite, table: tableName(cursor), partition: optionalPartition(cursor), ...at }
}

function show(cursor: Cursor, at: Place): Statement {
  cursor.expect('SHOW')
  if (cursor.takes('PARTITIONS')) return { kind: 'show-partitions', table: tableName(cursor), ...at }
  const what = cursor.takesOne('TABLES', 'DATABASES', 'SCHEMAS', 'VIEWS')
  if (!what) throw cursor.unsupported(`SHOW ${cursor.peek().text}`, 'SHOW TABLES, VIEWS, DATABASES and PARTITIONS are')
  cursor.takes('LIKE')
  const pattern = cursor.peek().kind === 'string' ? cursor.string('a pattern') : undefined
  return { kind: 'show', what: what === 'SCHEMAS' ? 'DATABASES' : (what as 'TABLES'), pattern, ...at }
}
