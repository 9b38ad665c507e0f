/**
 * Conditions of Logs Insights queries: comparisons, `like`, `in`, `ispresent`, joined by and, or, not.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Filter.html
 */
import { compare, malformed, type Row, type Value } from './insights-rows.ts'

export type Condition = (row: Row) => boolean
type Operand = (row: Row) => Value | undefined

const token =
  /\s*(`[^`]+`|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\]|\\.)+\/i?|=~|!=|<=|>=|[=<>()[\],]|[^\s=<>!()[\],]+)/y

/** @throws AwsError MalformedQueryException */
export function parseCondition(text: string): Condition {
  const tokens: string[] = []
  token.lastIndex = 0
  for (const end = text.trimEnd().length; token.lastIndex < end; ) {
    const at = token.lastIndex
    const found = token.exec(text)?.[1]
    if (found === undefined) throw malformed(`${text} cannot be read from character ${at + 1} on`)
    tokens.push(found)
  }
  const parser = new Parser(text, tokens)
  const condition = parser.either()
  parser.end()
  return condition
}

class Parser {
  #next = 0
  readonly #text: string
  readonly #tokens: string[]

  constructor(text: string, tokens: string[]) {
    this.#text = text
    this.#tokens = tokens
  }

  either(): Condition {
    let left = this.#both()
    while (this.#skip('or')) {
      const [one, other] = [left, this.#both()]
      left = (row) => one(row) || other(row)
    }
    return left
  }

  end(): void {
    if (this.#next < this.#tokens.length) throw this.#unexpected()
  }

  #both(): Condition {
    let left = this.#not()
    while (this.#skip('and')) {
      const [one, other] = [left, this.#not()]
      left = (row) => one(row) && other(row)
    }
    return left
  }

  #not(): Condition {
    if (!this.#skip('not')) return this.#one()
    const condition = this.#not()
    return (row) => !condition(row)
  }

  #one(): Condition {
    if (this.#skip('(')) {
      const condition = this.either()
      this.#expect(')')
      return condition
    }
    if (this.#skip('ispresent')) {
      this.#expect('(')
      const field = this.#operand()
      this.#expect(')')
      return (row) => field(row) !== undefined
    }
    const left = this.#operand()
    if (this.#skip('not')) {
      const condition = this.#comparison(left)
      return (row) => !condition(row)
    }
    return this.#comparison(left)
  }

  #comparison(left: Operand): Condition {
    const operator = this.#take().toLowerCase()
    if (operator === 'in') return this.#oneOf(left)
    if (operator === 'like' || operator === '=~') return this.#like(left)
    const holds = comparisons[operator]
    if (!holds) throw this.#unexpected(this.#next - 1)
    const right = this.#operand()
    return (row) => {
      const [a, b] = [left(row), right(row)]
      return a !== undefined && b !== undefined ? holds(compare(a, b)) : operator === '!=' && a !== b
    }
  }

  #oneOf(left: Operand): Condition {
    const values: Operand[] = []
    this.#expect('[')
    do values.push(this.#operand())
    while (this.#skip(','))
    this.#expect(']')
    return (row) => {
      const value = left(row)
      return value !== undefined && values.some((other) => compare(value, other(row) ?? '') === 0)
    }
  }

  #like(left: Operand): Condition {
    const word = this.#take()
    const [, pattern, flags] = /^\/(.+)\/(i?)$/.exec(word) ?? []
    const expression = pattern === undefined ? undefined : new RegExp(pattern, flags)
    const part = unquoted(word)
    return (row) => {
      const value = String(left(row) ?? '')
      return expression ? expression.test(value) : value.includes(part)
    }
  }

  #operand(): Operand {
    const word = this.#take()
    if (/^["']/.test(word)) {
      const text = unquoted(word)
      return () => text
    }
    if (/^-?\d+(\.\d+)?$/.test(word)) return () => Number(word)
    if (!/^[@\w`]/.test(word)) throw this.#unexpected(this.#next - 1)
    const name = word.replaceAll('`', '')
    return (row) => row[name]
  }

  #skip(word: string): boolean {
    if (this.#tokens[this.#next]?.toLowerCase() !== word) return false
    this.#next++
    return true
  }

  #take(): string {
    const word = this.#tokens[this.#next]
    if (word === undefined) throw this.#unexpected()
    this.#next++
    return word
  }

  #expect(word: string): void {
    if (!this.#skip(word)) throw this.#unexpected()
  }

  #unexpected(at = this.#next) {
    const word = this.#tokens[at]
    return malformed(word === undefined ? `${this.#text} ends too early` : `${word} is out of place in ${this.#text}`)
  }
}

const comparisons: Record<string, (order: number) => boolean> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

const unquoted = (word: string) => word.replace(/^(["'])(.*)\1$/s, '$2').replace(/\\(.)/g, '$1')
