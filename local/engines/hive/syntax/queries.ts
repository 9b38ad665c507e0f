/** SELECT and everything around it: sources, joins, lateral views, grouping, set operations, the order of rows. */
import { HiveSyntaxError } from '../errors.ts'
import type {
  Expression,
  Grouping,
  JoinType,
  Query,
  Select,
  SelectItem,
  SetOperation,
  SortKey,
  Source,
  TableName,
  Window,
} from './ast.ts'
import type { Cursor } from './cursor.ts'
import { expression as parseExpression, sortKeys, window } from './expressions.ts'

const expression = (cursor: Cursor): Expression => parseExpression(cursor, query)

export function tableName(cursor: Cursor): TableName {
  const at = cursor.place
  const first = cursor.name('a table')
  return cursor.takes('.')
    ? { database: first, name: cursor.name('a table'), ...at }
    : { database: undefined, name: first, ...at }
}

/** `[WITH …] SELECT … [UNION …] [ORDER BY …] [LIMIT n]` */
export function query(cursor: Cursor): Query {
  const definitions = withClause(cursor)
  return { ...queryBody(cursor), with: definitions }
}

export function withClause(cursor: Cursor): Query['with'] {
  if (!cursor.takes('WITH')) return []
  return cursor.list(() => {
    const name = cursor.name('a name')
    cursor.expect('AS', '(')
    const inner = query(cursor)
    cursor.expect(')')
    return { name, query: inner }
  })
}

function queryBody(cursor: Cursor): Query {
  const at = cursor.place
  let left: Query = operand(cursor)
  for (;;) {
    const place = cursor.place
    const operator = setOperator(cursor)
    if (!operator) break
    const body: SetOperation = { kind: 'set', operator, left, right: operand(cursor), ...place }
    left = plain(body, at)
  }
  return { ...left, ...rowOrder(cursor, left) }
}

const plain = (body: Query['body'], at: { line: number; column: number }): Query => ({
  with: [],
  body,
  orderBy: [],
  distributeBy: [],
  sortBy: [],
  limit: undefined,
  offset: undefined,
  line: at.line,
  column: at.column,
})

function setOperator(cursor: Cursor): SetOperation['operator'] | undefined {
  const name = cursor.takesOne('UNION', 'INTERSECT', 'EXCEPT', 'MINUS')
  if (!name) return undefined
  const all = cursor.takes('ALL')
  if (!all) cursor.takes('DISTINCT')
  const operator = name === 'MINUS' ? 'EXCEPT' : name
  return (all ? `${operator} ALL` : operator) as SetOperation['operator']
}

function operand(cursor: Cursor): Query {
  const at = cursor.place
  if (cursor.takes('(')) {
    const inner = query(cursor)
    cursor.expect(')')
    return inner
  }
  if (cursor.sees('FROM')) {
    const from = fromClause(cursor)
    return plain(select(cursor, from), at)
  }
  return plain(select(cursor), at)
}

/** ORDER BY, DISTRIBUTE BY, SORT BY, CLUSTER BY, LIMIT: they belong to the whole query. */
function rowOrder(cursor: Cursor, inner: Query): Partial<Query> {
  const found: { -readonly [K in keyof Query]?: Query[K] } = {}
  if (cursor.takes('ORDER', 'BY')) found.orderBy = sortKeys(cursor, query)
  if (cursor.takes('CLUSTER', 'BY')) {
    found.distributeBy = cursor.list(() => expression(cursor))
    found.sortBy = found.distributeBy.map((key): SortKey => ({ expression: key, descending: false, nullsFirst: true }))
  }
  if (cursor.takes('DISTRIBUTE', 'BY')) found.distributeBy = cursor.list(() => expression(cursor))
  if (cursor.takes('SORT', 'BY')) found.sortBy = sortKeys(cursor, query)
  if (cursor.takes('LIMIT')) {
    const first = cursor.integer('a number of rows')
    if (cursor.takes(',')) {
      found.offset = first
      found.limit = cursor.integer('a number of rows')
    } else {
      found.limit = first
      if (cursor.takes('OFFSET')) found.offset = cursor.integer('a number of rows')
    }
  }
  if (Object.keys(found).length && (inner.limit !== undefined || inner.orderBy.length || inner.sortBy.length)) {
    throw new HiveSyntaxError(
      'A query in parentheses with its own order cannot be ordered again: give it a name in FROM',
      inner,
    )
  }
  return found
}

/** SELECT, with its FROM before it or after it. */
export function select(cursor: Cursor, from?: Source): Select {
  const at = cursor.place
  cursor.expect('SELECT')
  if (cursor.sees('TRANSFORM')) throw cursor.unsupported('TRANSFORM', 'write the transformation in HiveQL')
  const distinct = cursor.takes('DISTINCT')
  if (!distinct) cursor.takes('ALL')
  const items = cursor.list(() => selectItem(cursor))
  const source = from ?? (cursor.sees('FROM') ? fromClause(cursor) : undefined)
  const where = cursor.takes('WHERE') ? expression(cursor) : undefined
  const groupBy = cursor.takes('GROUP', 'BY') ? grouping(cursor) : undefined
  const having = cursor.takes('HAVING') ? expression(cursor) : undefined
  const windows = new Map<string, Window>()
  if (cursor.takes('WINDOW')) {
    cursor.list(() => {
      const name = cursor.name('a window')
      cursor.expect('AS')
      windows.set(name, window(cursor, query))
    })
  }
  return { kind: 'select', distinct, items, from: source, where, groupBy, having, windows, ...at }
}

function selectItem(cursor: Cursor): SelectItem {
  const at = cursor.place
  if (cursor.takes('*')) return { kind: 'star', table: undefined, ...at }
  if (cursor.peek(1).upper === '.' && cursor.peek(2).upper === '*' && cursor.seesAlias()) {
    const table = cursor.name('a table')
    cursor.expect('.', '*')
    return { kind: 'star', table, ...at }
  }
  const value = expression(cursor)
  if (cursor.sees('AS', '(')) {
    cursor.expect('AS')
    return {
      kind: 'expression',
      expression: value,
      alias: undefined,
      aliases: cursor.parenthesized(() => cursor.name('an alias')),
      ...at,
    }
  }
  return { kind: 'expression', expression: value, alias: cursor.alias(), ...at }
}

function grouping(cursor: Cursor): Grouping {
  const functional = cursor.sees('ROLLUP', '(') || cursor.sees('CUBE', '(') ? cursor.next().upper : undefined
  const keys = functional ? cursor.parenthesized(() => expression(cursor)) : cursor.list(() => expression(cursor))
  const all = keys.map((_, i) => i)
  const form = functional ?? (cursor.takes('WITH') ? cursor.next().upper : undefined)
  if (form === 'ROLLUP') return { keys, sets: [...all, all.length].map((_, i) => all.slice(0, all.length - i)) }
  if (form === 'CUBE') return { keys, sets: subsets(all) }
  if (form) throw cursor.unexpected('ROLLUP or CUBE')
  if (!cursor.takes('GROUPING', 'SETS')) return { keys, sets: undefined }
  const written = keys.map((key) => JSON.stringify(withoutPlace(key)))
  const index = () => {
    const at = cursor.place
    const found = written.indexOf(JSON.stringify(withoutPlace(expression(cursor))))
    if (found < 0) throw new HiveSyntaxError('A grouping set names an expression that GROUP BY does not have', at)
    return found
  }
  const set = () => {
    if (!cursor.takes('(')) return [index()]
    if (cursor.takes(')')) return []
    const members = cursor.list(index)
    cursor.expect(')')
    return members
  }
  return { keys, sets: cursor.parenthesized(set) }
}

const subsets = (all: number[]): number[][] =>
  Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((i) => (bits & (1 << (all.length - 1 - i))) === 0))

/** The same expression at another place. */
export function withoutPlace(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlace)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, v]) => (key === 'line' || key === 'column' ? [] : [[key, withoutPlace(v)]])),
  )
}

export function fromClause(cursor: Cursor): Source {
  cursor.expect('FROM')
  let source = joined(cursor)
  for (;;) {
    const at = cursor.place
    if (!cursor.takes(',')) return source
    source = { kind: 'join', type: 'CROSS', left: source, right: joined(cursor), on: undefined, using: [], ...at }
  }
}

function joined(cursor: Cursor): Source {
  let left = withLaterals(cursor, sourceItem(cursor))
  for (;;) {
    const at = cursor.place
    const type = joinType(cursor)
    if (!type) return left
    const right = sourceItem(cursor)
    const on = cursor.takes('ON') ? expression(cursor) : undefined
    const using = !on && cursor.takes('USING') ? cursor.parenthesized(() => cursor.name('a column')) : []
    if (using.length) throw cursor.unsupported('JOIN … USING', 'write ON a.x = b.x')
    left = withLaterals(cursor, { kind: 'join', type, left, right, on, using, ...at })
  }
}

function joinType(cursor: Cursor): JoinType | undefined {
  if (cursor.takes('JOIN') || cursor.takes('INNER', 'JOIN')) return 'INNER'
  if (cursor.takes('CROSS', 'JOIN')) return 'CROSS'
  if (cursor.takes('LEFT', 'SEMI', 'JOIN')) return 'SEMI'
  for (const side of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (cursor.takes(side, 'OUTER', 'JOIN') || cursor.takes(side, 'JOIN')) return side
  }
  return undefined
}

function sourceItem(cursor: Cursor): Source {
  const at = cursor.place
  if (cursor.sees('(')) {
    cursor.expect('(')
    const inner = query(cursor)
    cursor.expect(')')
    const alias = cursor.alias()
    if (!alias) throw new HiveSyntaxError('A subquery in FROM needs an alias', at)
    return { kind: 'query', query: inner, alias, ...at }
  }
  const table = tableName(cursor)
  if (cursor.sees('TABLESAMPLE'))
    throw cursor.unsupported('TABLESAMPLE', 'choose rows with a WHERE on hash() or rand(seed)')
  return { kind: 'table', table, alias: cursor.alias(), ...at }
}

function withLaterals(cursor: Cursor, source: Source): Source {
  let input = source
  for (;;) {
    const at = cursor.place
    if (!cursor.takes('LATERAL', 'VIEW')) return input
    const outer = cursor.takes('OUTER')
    const call = expression(cursor)
    if (call.kind !== 'call')
      throw new HiveSyntaxError('LATERAL VIEW needs a function that makes rows, such as explode', call)
    const alias = cursor.name('an alias of the lateral view')
    const columns = cursor.takes('AS') ? cursor.list(() => cursor.name('a column')) : []
    input = { kind: 'lateral', input, outer, call, alias, columns, ...at }
  }
}
