/**
 * Metric math (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html): arithmetic and comparisons of
 * series and numbers, and the functions FILL, IF, SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR, METRICS, SEARCH.
 */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Series } from './metrics.ts'

type Value = number | string | Series | Series[]

export interface MathContext {
  series: ReadonlyMap<string, Series>
  /** All periods asked about, oldest first: what FILL fills. */
  times: readonly number[]
  /** The series of a search expression; without it there is no SEARCH. */
  search?(expression: string, statistic: string, period: number): Series[]
}

/**
 * @returns one series, or the several of an expression such as a SEARCH
 * @throws AwsError ValidationError for an expression that is none, or uses what is not served
 */
export function evaluate(expression: string, context: MathContext): Series | Series[] {
  const value = new Parser(expression, context).whole()
  if (typeof value === 'string') throw invalid(expression, 'it is a text')
  if (typeof value === 'number') return new Map(context.times.map((time) => [time, value]))
  return value
}

const levels: Record<string, (a: number, b: number) => number>[] = [
  { '||': (a, b) => Number(a !== 0 || b !== 0) },
  { '&&': (a, b) => Number(a !== 0 && b !== 0) },
  {
    '==': (a, b) => Number(a === b),
    '!=': (a, b) => Number(a !== b),
    '<=': (a, b) => Number(a <= b),
    '>=': (a, b) => Number(a >= b),
    '<': (a, b) => Number(a < b),
    '>': (a, b) => Number(a > b),
  },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b },
  { '^': (a, b) => a ** b },
]

class Parser {
  #next = 0
  readonly #tokens: string[]
  readonly #expression: string
  readonly #context: MathContext

  constructor(expression: string, context: MathContext) {
    this.#expression = expression
    this.#context = context
    const token = /\s*(\d+(?:\.\d+)?|[A-Za-z_]\w*|'[^']*'|&&|\|\||==|!=|<=|>=|[-+*/^<>(),[\]])/y
    this.#tokens = []
    while (token.lastIndex < expression.trimEnd().length) {
      const at = token.lastIndex
      const found = token.exec(expression)?.[1]
      if (found === undefined) throw invalid(expression, `it cannot be read from character ${at + 1} on`)
      this.#tokens.push(found)
    }
  }

  whole(): Value {
    const value = this.#binary(0)
    if (this.#next < this.#tokens.length) throw this.#unexpected()
    return value
  }

  #binary(level: number): Value {
    const operators = levels[level]
    if (!operators) return this.#unary()
    let left = this.#binary(level + 1)
    for (let operator = operators[this.#peek()]; operator; operator = operators[this.#peek()]) {
      this.#next++
      left = combine(left, this.#binary(level + 1), operator)
    }
    return left
  }

  #unary(): Value {
    if (this.#peek() !== '-') return this.#primary()
    this.#next++
    return combine(0, this.#unary(), (a, b) => a - b)
  }

  #primary(): Value {
    const token = this.#take()
    if (token === '(') {
      const value = this.#binary(0)
      this.#expect(')')
      return value
    }
    if (token === '[') return this.#list(']').flatMap((one) => (one instanceof Map ? [one] : []))
    if (/^\d/.test(token)) return Number(token)
    if (token.startsWith("'")) return token.slice(1, -1)
    if (this.#peek() === '(') {
      this.#next++
      return this.#call(token.toUpperCase())
    }
    const series = this.#context.series.get(token)
    if (!series) throw invalid(this.#expression, `there is no metric ${token}`)
    return series
  }

  #call(name: string): Value {
    if (name === 'FILL') {
      const value = this.#binary(0)
      this.#expect(',')
      if (this.#peek() !== 'REPEAT') return this.#filled(value, this.#closing())
      this.#next++
      this.#expect(')')
      return this.#filled(value, 'REPEAT')
    }
    const args = this.#list(')')
    const [first = 0, second = 0, third = 0] = args
    if (name === 'SEARCH') {
      const { search } = this.#context
      if (!search || typeof first !== 'string' || typeof second !== 'string' || typeof third !== 'number')
        throw invalid(this.#expression, "SEARCH takes '{namespace, dimensions} terms', a statistic and a period")
      return search(first, second, third)
    }
    if (name === 'METRICS') return [...this.#context.series.values()]
    if (name === 'IF')
      return combine(
        combine(first, second, (when, value) => (when !== 0 ? value : Number.NaN)),
        third,
        (value, other) => (Number.isNaN(value) ? other : value),
      )
    if (name === 'ABS' || name === 'CEIL' || name === 'FLOOR')
      return combine(first, 0, (value) => Math[name.toLowerCase() as 'abs' | 'ceil' | 'floor'](value))
    const fold = folds[name]
    if (!fold) throw invalid(this.#expression, `the function ${name} is not served locally`)
    if (Array.isArray(first)) {
      const times = [...new Set(first.flatMap((series) => [...series.keys()]))].sort((a, b) => a - b)
      const at = (time: number) => first.flatMap((series) => series.get(time) ?? [])
      return new Map(times.map((time) => [time, fold(at(time))]))
    }
    return first instanceof Map ? fold([...first.values()]) : first
  }

  #filled(value: Value, filler: Value | 'REPEAT'): Value {
    if (!(value instanceof Map)) return value
    const filled: Series = new Map()
    let last: number | undefined
    for (const time of this.#context.times) {
      const other = filler instanceof Map ? filler.get(time) : typeof filler === 'number' ? filler : last
      last = value.get(time) ?? other
      if (last !== undefined) filled.set(time, last)
    }
    return filled
  }

  #closing(): Value {
    const value = this.#binary(0)
    this.#expect(')')
    return value
  }

  #list(end: string): Value[] {
    const values: Value[] = []
    while (this.#peek() !== end) {
      if (values.length > 0) this.#expect(',')
      values.push(this.#binary(0))
    }
    this.#next++
    return values
  }

  #peek(): string {
    return this.#tokens[this.#next] ?? ''
  }

  #take(): string {
    const token = this.#tokens[this.#next]
    if (token === undefined) throw this.#unexpected()
    this.#next++
    return token
  }

  #expect(token: string) {
    if (this.#take() !== token) throw invalid(this.#expression, `"${token}" was expected`)
  }

  #unexpected() {
    const token = this.#tokens[this.#next]
    return invalid(this.#expression, token === undefined ? 'it ends too early' : `"${token}" is out of place`)
  }
}

const folds: Record<string, (values: number[]) => number> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
}

/** Two series meet where both have a value; a quotient by zero is none. */
function combine(a: Value, b: Value, operate: (a: number, b: number) => number): Value {
  if (typeof a === 'string' || typeof b === 'string')
    throw new AwsError('ValidationError', 'Only SEARCH takes texts.', {}, 400)
  if (Array.isArray(a)) return a.map((one) => combine(one, b, operate) as Series)
  if (Array.isArray(b)) return b.map((one) => combine(a, one, operate) as Series)
  if (typeof a === 'number' && typeof b === 'number') return operate(a, b)
  const times = [...(a instanceof Map ? a : (b as Series)).keys()]
  const result: Series = new Map()
  for (const time of times) {
    const left = typeof a === 'number' ? a : a.get(time)
    const right = typeof b === 'number' ? b : b.get(time)
    const value = left === undefined || right === undefined ? Number.POSITIVE_INFINITY : operate(left, right)
    if (value !== Number.POSITIVE_INFINITY && value !== Number.NEGATIVE_INFINITY) result.set(time, value)
  }
  return result
}

const invalid = (expression: string, reason: string) =>
  new AwsError('ValidationError', `Error in expression '${expression}': ${reason}.`, {}, 400)
