/** SELECT with its window table functions. */
import type { Query, WindowFunction } from '../ast.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression, parseInterval } from './expressions.ts'

type Item = Query['items'][number]

export function parseQuery(cursor: Cursor): Query {
  const { at } = cursor.token
  if (cursor.is('WITH')) cursor.unsupported('A common table expression')
  if (cursor.is('VALUES')) cursor.unsupported('VALUES')
  if (cursor.is('(')) cursor.unsupported('A query in brackets')
  cursor.need('SELECT')
  if (cursor.is('DISTINCT')) cursor.unsupported('SELECT DISTINCT')
  cursor.take('ALL')
  const items: Item[] = [parseItem(cursor)]
  while (cursor.take(',')) items.push(parseItem(cursor))
  if (!cursor.is('FROM')) {
    if (cursor.token.kind === 'end' || cursor.is(';')) cursor.unsupported('A SELECT without FROM', at)
    cursor.need('FROM')
  }
  cursor.need('FROM')
  const from = parseSource(cursor)
  refuseJoins(cursor)
  const where = cursor.take('WHERE') ? parseExpression(cursor) : undefined
  const groupBy = cursor.take('GROUP', 'BY') ? parseGroups(cursor) : undefined
  const having = cursor.take('HAVING') ? parseExpression(cursor) : undefined
  refuseTail(cursor)
  return { items, from, ...(where && { where }), ...(groupBy && { groupBy }), ...(having && { having }), at }
}

function parseItem(cursor: Cursor): Item {
  const { at } = cursor.token
  if (cursor.take('*')) return { kind: 'star', at }
  if (cursor.atName() && cursor.ahead(1).upper === '.' && cursor.ahead(2).upper === '*')
    cursor.unsupported('A * of one table')
  const value = parseExpression(cursor)
  if (cursor.take('AS')) return { kind: 'item', value, alias: cursor.name('an alias'), at }
  return cursor.atName() ? { kind: 'item', value, alias: cursor.name(), at } : { kind: 'item', value, at }
}

function parseSource(cursor: Cursor): Query['from'] {
  const { at } = cursor.token
  if (cursor.is('(')) cursor.unsupported('A sub-query in FROM (a CREATE TEMPORARY VIEW does the same), which')
  if (cursor.is('LATERAL') || cursor.is('UNNEST')) cursor.unsupported(cursor.token.upper)
  if (!cursor.take('TABLE')) return { table: cursor.tableName(), ...aliasOf(cursor), at }
  cursor.need('(')
  const { table, window } = parseWindow(cursor)
  cursor.need(')')
  return { table, window, ...aliasOf(cursor), at }
}

function aliasOf(cursor: Cursor): { alias?: string } {
  if (cursor.is('FOR')) cursor.unsupported('FOR SYSTEM_TIME')
  if (cursor.is('TABLESAMPLE') || cursor.is('MATCH_RECOGNIZE') || cursor.is('PIVOT'))
    cursor.unsupported(cursor.token.upper)
  if (cursor.take('AS')) return { alias: cursor.name('an alias') }
  return cursor.atName() ? { alias: cursor.name() } : {}
}

/**
 * TUMBLE(TABLE t, DESCRIPTOR(time), size) and HOP(TABLE t, DESCRIPTOR(time), slide, size), with named arguments or without
 * (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/sql/queries/window-tvf/).
 */
function parseWindow(cursor: Cursor): { table: string; window: WindowFunction } {
  const { at, upper } = cursor.token
  if (upper === 'SESSION' || upper === 'CUMULATE') cursor.unsupported(`A ${upper} window`)
  const name = cursor.takeOne('TUMBLE', 'HOP')
  if (!name) return cursor.unsupported(`The table function ${cursor.token.text}`)
  cursor.need('(')
  named(cursor, 'DATA')
  cursor.need('TABLE')
  const table = cursor.tableName()
  cursor.need(',')
  named(cursor, 'TIMECOL')
  cursor.need('DESCRIPTOR', '(')
  const timeColumn = cursor.name('the time column')
  cursor.need(')', ',')
  const slideMs = length(cursor, name === 'HOP' ? 'SLIDE' : 'SIZE')
  let sizeMs = slideMs
  if (name === 'HOP') {
    cursor.need(',')
    sizeMs = length(cursor, 'SIZE')
    if (sizeMs % slideMs !== 0)
      cursor.fail(`HOP needs a size that is a multiple of its slide: ${sizeMs} ms is none of ${slideMs} ms.`, at)
  }
  if (cursor.is(',')) cursor.unsupported('A window with an offset')
  cursor.need(')')
  return { table, window: { name, timeColumn, slideMs, sizeMs, at } }
}

function named(cursor: Cursor, name: string): void {
  if (cursor.ahead(1).upper === '=>') cursor.need(name, '=>')
}

function length(cursor: Cursor, name: string): number {
  named(cursor, name)
  const { at } = cursor.token
  const ms = parseInterval(cursor)
  if (ms <= 0) cursor.fail('A window must be longer than nothing.', at)
  return ms
}

function parseGroups(cursor: Cursor) {
  const groups = []
  do {
    if (cursor.is('GROUPING') || cursor.is('ROLLUP') || cursor.is('CUBE')) cursor.unsupported(cursor.token.upper)
    if (cursor.is('(') && cursor.ahead(1).upper === ')') cursor.unsupported('GROUP BY ()')
    groups.push(parseExpression(cursor))
  } while (cursor.take(','))
  return groups
}

function refuseJoins(cursor: Cursor): void {
  if (cursor.is(',')) cursor.unsupported('A join by comma')
  for (const word of ['JOIN', 'INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'NATURAL'])
    if (cursor.is(word)) cursor.unsupported('A join')
  if (cursor.is('MATCH_RECOGNIZE')) cursor.unsupported('MATCH_RECOGNIZE')
}

function refuseTail(cursor: Cursor): void {
  const { upper } = cursor.token
  for (const word of ['UNION', 'INTERSECT', 'EXCEPT', 'MINUS', 'LIMIT', 'OFFSET', 'FETCH', 'WINDOW', 'QUALIFY'])
    if (cursor.is(word)) cursor.unsupported(upper)
  if (cursor.is('ORDER')) cursor.unsupported('ORDER BY')
}
