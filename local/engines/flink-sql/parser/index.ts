/** Scripts to statements: a recursive descent over the subset, which knows by name much of what it leaves out. */
import type { ColumnDefinition, CreateTable, Insert, Query, Statement } from '../ast.ts'
import type { Offset } from '../errors.ts'
import { Cursor } from './cursor.ts'
import { parseExpression } from './expressions.ts'
import { parseQuery } from './queries.ts'
import { parseType } from './types.ts'

const OTHER_STATEMENTS = new Set(
  `DROP ALTER SHOW USE DESCRIBE DESC EXPLAIN SELECT VALUES WITH ADD REMOVE RESET COMPILE LOAD UNLOAD ANALYZE CALL DELETE UPDATE TRUNCATE
  EXECUTE BEGIN STOP QUIT CLEAR HELP`.split(/\s+/),
)

/**
 * The statements of a script, in order.
 * @throws FlinkSqlSyntaxError where it is not Flink SQL
 * @throws FlinkSqlUnsupportedError where it is, outside of the subset
 */
export function parseScript(script: string): Statement[] {
  const cursor = new Cursor(script)
  const statements: Statement[] = []
  while (!cursor.atEnd) {
    if (cursor.take(';')) continue
    statements.push(...parseStatement(cursor))
    if (!cursor.atEnd) cursor.need(';')
  }
  return statements
}

function parseStatement(cursor: Cursor): Statement[] {
  const { at, upper } = cursor.token
  if (cursor.take('SET')) return [parseSet(cursor, at)]
  if (cursor.take('CREATE')) return [parseCreate(cursor, at)]
  if (cursor.is('INSERT')) return [parseInsert(cursor)]
  if (cursor.take('EXECUTE', 'STATEMENT', 'SET', 'BEGIN') || cursor.take('BEGIN', 'STATEMENT', 'SET', ';'))
    return parseStatementSet(cursor)
  if (cursor.take('EXECUTE', 'INSERT')) return cursor.unsupported('EXECUTE INSERT', at)
  if (OTHER_STATEMENTS.has(upper)) cursor.unsupported(`A ${upper} statement`)
  return cursor.unexpected()
}

function parseSet(cursor: Cursor, at: Offset): Statement {
  if (cursor.is(';') || cursor.atEnd) cursor.unsupported('A SET that shows the settings', at)
  const key = cursor.string('the name of a setting')
  cursor.need('=')
  return { kind: 'set', key, value: cursor.string('its value'), at }
}

function parseCreate(cursor: Cursor, at: Offset): Statement {
  if (cursor.is('OR')) cursor.unsupported('CREATE OR REPLACE')
  cursor.take('TEMPORARY')
  if (cursor.is('SYSTEM')) cursor.unsupported('CREATE TEMPORARY SYSTEM FUNCTION')
  if (cursor.take('VIEW')) {
    cursor.take('IF', 'NOT', 'EXISTS')
    const name = cursor.tableName()
    const columns = cursor.is('(') ? { columns: names(cursor) } : {}
    if (cursor.take('COMMENT')) cursor.string('a comment')
    cursor.need('AS')
    return { kind: 'create-view', name, ...columns, query: parseQuery(cursor), at }
  }
  if (cursor.take('TABLE')) return parseTable(cursor, at)
  if (['CATALOG', 'DATABASE', 'FUNCTION', 'MODEL', 'MATERIALIZED', 'CONNECTION'].includes(cursor.token.upper))
    cursor.unsupported(`CREATE ${cursor.token.upper}`)
  return cursor.fail(`Expected TABLE or VIEW, found "${cursor.token.text}".`)
}

/** https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/sql/create/#create-table */
function parseTable(cursor: Cursor, at: Offset): CreateTable {
  cursor.take('IF', 'NOT', 'EXISTS')
  const name = cursor.tableName()
  const columns: ColumnDefinition[] = []
  let watermark: CreateTable['watermark']
  cursor.need('(')
  do {
    const { at: place } = cursor.token
    if (cursor.take('WATERMARK', 'FOR')) {
      const column = cursor.name('the watermark’s column')
      if (cursor.is('.')) cursor.unsupported('A watermark on a nested column')
      cursor.need('AS')
      if (watermark) cursor.fail('A table has one watermark.', place)
      watermark = { column, value: parseExpression(cursor), at: place }
    } else if (cursor.is('PRIMARY') || cursor.is('CONSTRAINT') || cursor.is('UNIQUE')) parseConstraint(cursor)
    else columns.push(parseColumn(cursor, place))
  } while (cursor.take(','))
  cursor.need(')')
  if (cursor.take('COMMENT')) cursor.string('a comment')
  if (cursor.is('PARTITIONED') || cursor.is('DISTRIBUTED')) cursor.unsupported(cursor.token.upper)
  if (cursor.is('LIKE') || cursor.is('AS')) cursor.unsupported(`CREATE TABLE … ${cursor.token.upper}`)
  cursor.need('WITH')
  return { kind: 'create-table', name, columns, ...(watermark && { watermark }), options: parseOptions(cursor), at }
}

function parseColumn(cursor: Cursor, at: Offset): ColumnDefinition {
  const name = cursor.name('a column')
  if (cursor.take('AS')) return { name, notNull: false, computed: parseExpression(cursor), at, ...comment(cursor) }
  const type = parseType(cursor)
  // The kinesis connector declares metadata columns and leaves them empty (https://issues.apache.org/jira/browse/FLINK-36671).
  if (cursor.is('METADATA'))
    cursor.unsupported('A METADATA column (which the kinesis connector leaves empty: FLINK-36671)')
  const notNull = cursor.take('NOT', 'NULL')
  if (!notNull) cursor.take('NULL')
  if (cursor.is('PRIMARY')) cursor.unsupported('A PRIMARY KEY behind a column')
  return { name, type, notNull, at, ...comment(cursor) }
}

function comment(cursor: Cursor): object {
  if (cursor.take('COMMENT')) cursor.string('a comment')
  return {}
}

/** PRIMARY KEY (…) NOT ENFORCED says something to the planner alone; nothing here depends on it. */
function parseConstraint(cursor: Cursor): void {
  if (cursor.take('CONSTRAINT')) cursor.name('a constraint')
  if (cursor.is('UNIQUE')) cursor.fail('Flink knows no UNIQUE constraint.')
  cursor.need('PRIMARY', 'KEY')
  names(cursor)
  if (!cursor.take('NOT', 'ENFORCED'))
    cursor.fail('Flink does not enforce primary keys: write PRIMARY KEY (…) NOT ENFORCED.')
}

function names(cursor: Cursor): string[] {
  cursor.need('(')
  const list = [cursor.name('a column')]
  while (cursor.take(',')) list.push(cursor.name('a column'))
  cursor.need(')')
  return list
}

function parseOptions(cursor: Cursor): Record<string, string> {
  const options: Record<string, string> = Object.create(null)
  cursor.need('(')
  do {
    const { at } = cursor.token
    const key = cursor.string('the name of an option')
    if (key in options) cursor.fail(`The option '${key}' is there twice.`, at)
    cursor.need('=')
    options[key] = cursor.string('its value')
  } while (cursor.take(','))
  cursor.need(')')
  return options
}

function parseInsert(cursor: Cursor): Insert {
  const { at } = cursor.token
  cursor.need('INSERT')
  if (cursor.is('OVERWRITE')) cursor.unsupported('INSERT OVERWRITE')
  cursor.need('INTO')
  const table = cursor.tableName()
  if (cursor.is('PARTITION')) cursor.unsupported('INSERT INTO … PARTITION')
  const columns = cursor.is('(') ? { columns: names(cursor) } : {}
  const query: Query = parseQuery(cursor)
  return { kind: 'insert', table, ...columns, query, at }
}

function parseStatementSet(cursor: Cursor): Insert[] {
  const inserts: Insert[] = []
  while (!cursor.is('END')) {
    if (!cursor.is('INSERT')) cursor.fail(`Expected INSERT or END, found "${cursor.token.text}".`)
    inserts.push(parseInsert(cursor))
    cursor.need(';')
  }
  cursor.need('END')
  return inserts
}
