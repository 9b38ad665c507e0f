/** Expressions of the JSONPath language that call intrinsic functions: `States.Format('{} done', $.name)`. */
import { intrinsics } from './intrinsics.ts'
import type { Json } from './json.ts'
import { type JsonPath, PathSyntaxError, parsePath } from './json-path.ts'

export type Expression =
  | { kind: 'literal'; value: Json }
  | { kind: 'path'; path: JsonPath }
  | { kind: 'call'; name: string; arguments: Expression[] }

/** A text that is no intrinsic function call. */
export class IntrinsicSyntaxError extends Error {
  constructor(text: string) {
    super(`The intrinsic function '${text}' is not valid.`)
    this.name = 'IntrinsicSyntaxError'
  }
}

const maxDepth = 10
const parsed = new Map<string, Expression>()
const maxCached = 10_000

/**
 * Parses what stands in a field whose name ends in `.$`: a path or a function call.
 * @throws PathSyntaxError or IntrinsicSyntaxError
 */
export function parseExpression(text: string): Expression {
  let expression = parsed.get(text)
  if (!expression) {
    expression = text.startsWith('$') ? { kind: 'path', path: parsePath(text) } : new Parser(text).whole()
    if (parsed.size >= maxCached) parsed.clear()
    parsed.set(text, expression)
  }
  return expression
}

/** Computes an expression; `read` follows a path. @throws what `read` throws, and States.IntrinsicFailure */
export function evaluateExpression(expression: Expression, read: (path: JsonPath) => Json): Json {
  if (expression.kind === 'path') return read(expression.path)
  if (expression.kind === 'literal') return expression.value
  return intrinsics[expression.name]!.run(expression.arguments.map((argument) => evaluateExpression(argument, read)))
}

/** All paths in an expression. */
export function pathsOf(expression: Expression): JsonPath[] {
  if (expression.kind === 'path') return [expression.path]
  return expression.kind === 'call' ? expression.arguments.flatMap(pathsOf) : []
}

class Parser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Expression {
    const call = this.#call(1)
    this.#space()
    if (this.#at < this.#text.length) this.#fail()
    return call
  }

  #fail(): never {
    throw new IntrinsicSyntaxError(this.#text)
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (!match) return undefined
    this.#at = pattern.lastIndex
    return match[0]
  }

  #call(depth: number): Expression {
    this.#space()
    const name = this.#match(/States\.[A-Za-z0-9]+/y)?.slice('States.'.length)
    const known = name === undefined ? undefined : intrinsics[name]
    if (!known || depth > maxDepth) this.#fail()
    this.#space()
    if (this.#text[this.#at++] !== '(') this.#fail()
    const args: Expression[] = []
    this.#space()
    if (this.#text[this.#at] === ')') this.#at++
    else
      for (;;) {
        args.push(this.#argument(depth, name === 'Format' && args.length === 0))
        this.#space()
        const next = this.#text[this.#at++]
        if (next === ')') break
        if (next !== ',') this.#fail()
      }
    if (args.length < known!.min || args.length > known!.max) this.#fail()
    return { kind: 'call', name: name!, arguments: args }
  }

  #argument(depth: number, pattern: boolean): Expression {
    this.#space()
    const char = this.#text[this.#at]
    if (char === "'") return { kind: 'literal', value: this.#string(pattern) }
    if (char === '$') return { kind: 'path', path: this.#path() }
    const word = this.#match(/(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y)
    if (word !== undefined) return { kind: 'literal', value: JSON.parse(word) as Json }
    return this.#call(depth + 1)
  }

  /** In single quotes, with the escapes `\'`, `\\`, `\{` and `\}`; a pattern keeps those that Format itself reads. */
  #string(pattern: boolean): string {
    let value = ''
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === "'") {
        this.#at++
        return value
      }
      if (char !== '\\') {
        value += char
        continue
      }
      const escaped = this.#text[++this.#at] ?? ''
      if (!["'", '\\', '{', '}'].includes(escaped)) this.#fail()
      value += pattern && escaped !== "'" ? `\\${escaped}` : escaped
    }
    return this.#fail()
  }

  /** A path ends at the comma or bracket that is not inside of its own brackets. */
  #path(): JsonPath {
    const start = this.#at
    let depth = 0
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === "'" || char === '"') {
        for (this.#at++; this.#at < this.#text.length && this.#text[this.#at] !== char; this.#at++)
          if (this.#text[this.#at] === '\\') this.#at++
      } else if (char === '[' || char === '(') depth++
      else if (depth > 0 && (char === ']' || char === ')')) depth--
      else if (depth === 0 && (char === ',' || char === ')')) break
    }
    const text = this.#text.slice(start, this.#at).trimEnd()
    try {
      return parsePath(text)
    } catch (error) {
      if (error instanceof PathSyntaxError) this.#fail()
      throw error
    }
  }
}
