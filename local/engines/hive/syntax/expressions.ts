/** Expressions: precedence and forms of Hive 3.1's IdentifiersParser.g. */
import { BIGINT, DOUBLE, decimal, type HiveType, INT, SMALLINT, TINYINT } from '../types.ts'
import type { Expression, IntervalUnit, Query, SortKey, Window } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { dataType } from './data-types.ts'

/** Subqueries are parsed by the grammar of queries, which needs expressions itself. */
export type ParseQuery = (cursor: Cursor) => Query

const COMPARISONS = ['=', '==', '<=>', '<>', '!=', '<=', '>=', '<', '>']
const UNITS = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'] as const
/** Keywords that are functions when a parenthesis follows. */
const FUNCTION_KEYWORDS = new Set(
  'IF ARRAY MAP DATE FLOOR GROUPING INT TIMESTAMP YEAR MONTH DAY HOUR MINUTE SECOND QUARTER CURRENT_DATE CURRENT_TIMESTAMP'.split(
    ' ',
  ),
)

export function expression(cursor: Cursor, query: ParseQuery): Expression {
  return new ExpressionParser(cursor, query).expression()
}

class ExpressionParser {
  readonly #cursor: Cursor
  readonly #query: ParseQuery

  constructor(cursor: Cursor, query: ParseQuery) {
    this.#cursor = cursor
    this.#query = query
  }

  expression(): Expression {
    return this.#leftToRight(() => this.#and(), ['OR'])
  }

  #and(): Expression {
    return this.#leftToRight(() => this.#not(), ['AND'])
  }

  #not(): Expression {
    const at = this.#cursor.place
    if (!this.#cursor.takes('NOT') && !this.#cursor.takes('!')) return this.#predicate()
    return { kind: 'unary', operator: 'NOT', operand: this.#not(), ...at }
  }

  #leftToRight(operand: () => Expression, operators: readonly string[]): Expression {
    let left = operand()
    for (;;) {
      const at = this.#cursor.place
      const operator = this.#cursor.takesOne(...operators)
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: operand(), ...at }
    }
  }

  #predicate(): Expression {
    let left = this.#bitOr()
    for (;;) {
      const next = this.#predicateAfter(left)
      if (!next) return left
      left = next
    }
  }

  #predicateAfter(operand: Expression): Expression | undefined {
    const cursor = this.#cursor
    const at = cursor.place
    const comparison = cursor.takesOne(...COMPARISONS)
    if (comparison) {
      const operator = { '==': '=', '!=': '<>' }[comparison] ?? comparison
      return { kind: 'binary', operator, left: operand, right: this.#bitOr(), ...at }
    }
    if (cursor.takes('IS')) {
      const negated = cursor.takes('NOT')
      if (cursor.takes('DISTINCT', 'FROM')) {
        const same: Expression = { kind: 'binary', operator: '<=>', left: operand, right: this.#bitOr(), ...at }
        return negated ? same : { kind: 'unary', operator: 'NOT', operand: same, ...at }
      }
      const what = cursor.takesOne('NULL', 'TRUE', 'FALSE')
      if (!what) throw cursor.unexpected('NULL, TRUE, FALSE or DISTINCT FROM')
      return { kind: 'is', negated, operand, what: what as 'NULL', ...at }
    }
    const negated = cursor.sees('NOT') && ['BETWEEN', 'IN', 'LIKE', 'RLIKE', 'REGEXP'].includes(cursor.peek(1).upper)
    if (negated) cursor.next()
    if (cursor.takes('BETWEEN')) {
      const low = this.#bitOr()
      cursor.expect('AND')
      return { kind: 'between', negated, operand, low, high: this.#bitOr(), ...at }
    }
    if (cursor.takes('IN')) {
      if (cursor.sees('(', 'SELECT') || cursor.sees('(', 'WITH'))
        return { kind: 'in-query', negated, operand, query: this.#subquery(), ...at }
      return { kind: 'in', negated, operand, list: cursor.parenthesized(() => this.expression()), ...at }
    }
    const like = cursor.takesOne('LIKE', 'RLIKE', 'REGEXP')
    if (!like) return undefined
    if (cursor.sees('ANY', '(') || cursor.sees('ALL', '('))
      throw cursor.unsupported(`${like} ${cursor.peek().upper}`, 'join single LIKEs with OR or AND')
    return {
      kind: 'like',
      negated,
      operator: like === 'LIKE' ? 'LIKE' : 'RLIKE',
      operand,
      pattern: this.#bitOr(),
      ...at,
    }
  }

  #bitOr(): Expression {
    return this.#leftToRight(() => this.#bitAnd(), ['|'])
  }

  #bitAnd(): Expression {
    return this.#leftToRight(() => this.#concatenation(), ['&'])
  }

  #concatenation(): Expression {
    return this.#leftToRight(() => this.#sum(), ['||'])
  }

  #sum(): Expression {
    return this.#leftToRight(() => this.#product(), ['+', '-'])
  }

  #product(): Expression {
    return this.#leftToRight(() => this.#bitXor(), ['*', '/', '%', 'DIV'])
  }

  #bitXor(): Expression {
    return this.#leftToRight(() => this.#unary(), ['^'])
  }

  #unary(): Expression {
    const at = this.#cursor.place
    const operator = this.#cursor.takesOne('-', '+', '~')
    if (!operator) return this.#postfix()
    return { kind: 'unary', operator: operator as '-', operand: this.#unary(), ...at }
  }

  #postfix(): Expression {
    const cursor = this.#cursor
    let operand = this.#primary()
    for (;;) {
      const at = cursor.place
      if (cursor.takes('[')) {
        operand = { kind: 'index', operand, index: this.expression(), ...at }
        cursor.expect(']')
      } else if (cursor.sees('.') && operand.kind !== 'number') {
        cursor.next()
        const field = cursor.name('a field')
        operand =
          operand.kind === 'column'
            ? { ...operand, path: [...operand.path, field] }
            : { kind: 'field', operand, field, ...at }
      } else {
        return operand
      }
    }
  }

  #primary(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    const token = cursor.peek()
    if (token.kind === 'number') return { ...numberLiteral(cursor.next().text), ...at }
    if (token.kind === 'string') {
      let value = cursor.next().text
      while (cursor.peek().kind === 'string') value += cursor.next().text
      return { kind: 'string', value, ...at }
    }
    if (cursor.sees('(')) {
      if (cursor.sees('(', 'SELECT') || cursor.sees('(', 'WITH'))
        return { kind: 'subquery', query: this.#subquery(), ...at }
      cursor.next()
      const inner = this.expression()
      cursor.expect(')')
      return inner
    }
    if (cursor.takes('NULL')) return { kind: 'null', ...at }
    if (cursor.takes('TRUE')) return { kind: 'boolean', value: true, ...at }
    if (cursor.takes('FALSE')) return { kind: 'boolean', value: false, ...at }
    if ((cursor.sees('DATE') || cursor.sees('TIMESTAMP')) && cursor.peek(1).kind === 'string') {
      const type = cursor.next().upper === 'DATE' ? 'date' : 'timestamp'
      return { kind: 'typed', type, value: cursor.next().text, ...at }
    }
    if (cursor.sees('INTERVAL')) return this.#interval()
    if (cursor.sees('CASE')) return this.#case()
    if (cursor.sees('CAST', '(')) return this.#cast()
    if (cursor.sees('EXTRACT', '(')) return this.#extract()
    if (cursor.takes('EXISTS')) return { kind: 'exists', query: this.#subquery(), ...at }
    if ((cursor.sees('CURRENT_DATE') || cursor.sees('CURRENT_TIMESTAMP')) && !(cursor.peek(1).upper === '(')) {
      return {
        kind: 'call',
        name: cursor.next().text.toLowerCase(),
        arguments: [],
        distinct: false,
        star: false,
        ...at,
      }
    }
    if (
      cursor.peek(1).upper === '(' &&
      (token.kind === 'name' || cursor.seesAlias() || FUNCTION_KEYWORDS.has(token.upper))
    )
      return this.#call()
    if (cursor.sees('TRANSFORM')) throw cursor.unsupported('TRANSFORM', 'write the transformation in HiveQL')
    return { kind: 'column', path: [cursor.name('an expression')], ...at }
  }

  #subquery(): Query {
    this.#cursor.expect('(')
    const query = this.#query(this.#cursor)
    this.#cursor.expect(')')
    return query
  }

  #interval(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    cursor.expect('INTERVAL')
    const amount = cursor.sees('(') ? this.#primary() : this.#unary()
    const unit = cursor.next().upper.replace(/S$/, '')
    if (!(UNITS as readonly string[]).includes(unit))
      throw cursor.unsupported(`INTERVAL … ${unit}`, `the units are ${UNITS.join(', ')}`)
    return { kind: 'interval', amount, unit: unit as IntervalUnit, ...at }
  }

  #case(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    cursor.expect('CASE')
    const operand = cursor.sees('WHEN') ? undefined : this.expression()
    const branches: { when: Expression; result: Expression }[] = []
    while (cursor.takes('WHEN')) {
      const when = this.expression()
      cursor.expect('THEN')
      branches.push({ when, result: this.expression() })
    }
    if (branches.length === 0) throw cursor.unexpected('WHEN')
    const otherwise = cursor.takes('ELSE') ? this.expression() : undefined
    cursor.expect('END')
    return { kind: 'case', operand, branches, otherwise, ...at }
  }

  #cast(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    cursor.expect('CAST', '(')
    const operand = this.expression()
    cursor.expect('AS')
    const type = dataType(cursor)
    cursor.expect(')')
    return { kind: 'cast', operand, type, ...at }
  }

  #extract(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    cursor.expect('EXTRACT', '(')
    const name = cursor.next().text.toLowerCase()
    cursor.expect('FROM')
    const operand = this.expression()
    cursor.expect(')')
    return { kind: 'call', name, arguments: [operand], distinct: false, star: false, ...at }
  }

  #call(): Expression {
    const cursor = this.#cursor
    const at = cursor.place
    const name = cursor.next().text.toLowerCase()
    cursor.expect('(')
    const star = cursor.takes('*')
    const distinct = !star && cursor.takes('DISTINCT')
    const parameters = star || cursor.sees(')') ? [] : cursor.list(() => this.expression())
    cursor.expect(')')
    const over = cursor.takes('OVER') ? this.window() : undefined
    return { kind: 'call', name, arguments: parameters, distinct, star, over, ...at }
  }

  /** What follows OVER, or a name's AS in the WINDOW clause. */
  window(): Window {
    const cursor = this.#cursor
    if (!cursor.sees('(')) return { name: cursor.name('a window'), partitionBy: [], orderBy: [], frame: undefined }
    cursor.expect('(')
    const name =
      cursor.seesAlias() && !cursor.sees('DISTRIBUTE') && !cursor.sees('SORT') ? cursor.name('a window') : undefined
    const partitionBy =
      cursor.takes('PARTITION', 'BY') || cursor.takes('DISTRIBUTE', 'BY') ? cursor.list(() => this.expression()) : []
    const orderBy = cursor.takes('ORDER', 'BY') || cursor.takes('SORT', 'BY') ? sortKeys(cursor, this.#query) : []
    const frame = cursor.sees('ROWS') || cursor.sees('RANGE') ? this.#frame() : undefined
    cursor.expect(')')
    return { name, partitionBy, orderBy, frame }
  }

  #frame(): string {
    const cursor = this.#cursor
    const unit = cursor.next().upper
    const bound = (): string => {
      if (cursor.takes('CURRENT', 'ROW')) return 'CURRENT ROW'
      const count = cursor.takes('UNBOUNDED') ? 'UNBOUNDED' : String(cursor.integer('a frame bound'))
      const side = cursor.takesOne('PRECEDING', 'FOLLOWING')
      if (!side) throw cursor.unexpected('PRECEDING or FOLLOWING')
      return `${count} ${side}`
    }
    if (!cursor.takes('BETWEEN')) return `${unit} ${bound()}`
    const low = bound()
    cursor.expect('AND')
    return `${unit} BETWEEN ${low} AND ${bound()}`
  }
}

export function window(cursor: Cursor, query: ParseQuery): Window {
  return new ExpressionParser(cursor, query).window()
}

/** ORDER BY and SORT BY: NULL is smaller than any value unless the script says otherwise. */
export function sortKeys(cursor: Cursor, query: ParseQuery): SortKey[] {
  return cursor.list(() => {
    const key = expression(cursor, query)
    const descending = cursor.takesOne('ASC', 'DESC') === 'DESC'
    const nulls = cursor.takes('NULLS') ? cursor.takesOne('FIRST', 'LAST') : undefined
    return { expression: key, descending, nullsFirst: nulls ? nulls === 'FIRST' : !descending }
  })
}

/** Hive's types of number literals: `1` int, or bigint if it must, `1.5` decimal, `1e3` double, with suffixes Y, S, L, D and BD. */
function numberLiteral(text: string): { kind: 'number'; value: string; type: HiveType } {
  const [, digits = '', suffix = ''] = /^([\d.]+(?:[eE][+-]?\d+)?)(\w*)$/.exec(text) ?? []
  const whole = /^\d+$/.test(digits)
  const type = (): HiveType => {
    switch (suffix.toUpperCase()) {
      case 'Y':
        return TINYINT
      case 'S':
        return SMALLINT
      case 'L':
        return BIGINT
      case 'D':
        return DOUBLE
    }
    if (/e/i.test(digits) && !suffix) return DOUBLE
    if (whole && !suffix) {
      const value = BigInt(digits)
      if (value <= 2147483647n) return INT
      if (value <= 9223372036854775807n) return BIGINT
    }
    const [integer = '', fraction = ''] = digits.split('.')
    const significant = integer.replace(/^0+(?=\d)/, '')
    return decimal(Math.min(38, significant.length + fraction.length || 1), Math.min(38, fraction.length))
  }
  return { kind: 'number', value: digits, type: type() }
}
