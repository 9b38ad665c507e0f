/**
 * Redshift SQL as tokens: enough to find statements, clauses and function calls without a grammar of the whole language.
 * Rules: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html and PostgreSQL 8's lexical structure (backslash escapes in strings, `$$` quoting).
 */
import { WarehouseSyntaxError } from './errors.ts'

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'parameter'

export interface Token {
  readonly kind: TokenKind
  /** The token as it stands in the statement. */
  readonly text: string
  /** Words in lower case, strings and quoted names without quotes and escapes, parameters without the colon. */
  readonly value: string
  /** 0-based character offset of the first character. */
  readonly start: number
  readonly end: number
  /** White space before the token; comments have become blanks, line ends are kept so that line numbers stay. */
  readonly lead: string
}

const WORD = /[A-Za-z_\u0080-\uffff#][\w$\u0080-\uffff#]*/y
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const SYMBOL = /::|<=|>=|<>|!=|!~\*|!~|~\*|\|\||[-+*/%^&|~<>=.,;()[\]{}!@?:]/y
const DOLLAR = /\$(\w*)\$/y

/** Reads a whole text. @throws WarehouseSyntaxError for a string or comment that never ends, or a character that SQL does not know */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let lead = ''
  const push = (kind: TokenKind, start: number, end: number, value: string) => {
    tokens.push({ kind, text: sql.slice(start, end), value, start, end, lead })
    lead = ''
    at = end
  }
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(sql)?.[0]
  }

  while (at < sql.length) {
    const character = sql[at] as string
    const next = sql[at + 1]
    if (/\s/.test(character)) {
      lead += character
      at++
    } else if (character === '-' && next === '-') {
      const end = sql.indexOf('\n', at)
      at = end < 0 ? sql.length : end
      lead += ' '
    } else if (character === '/' && next === '*') {
      const end = endOfComment(sql, at)
      lead += sql.slice(at, end).replace(/[^\n]/g, ' ')
      at = end
    } else if (character === "'") {
      const [end, value] = readString(sql, at)
      push('string', at, end, value)
    } else if (character === '"') {
      const end = endOfQuoted(sql, at)
      push('quoted', at, end, sql.slice(at + 1, end - 1).replaceAll('""', '"'))
    } else if (match(DOLLAR)) {
      const tag = match(DOLLAR) as string
      const open = at + tag.length
      const close = sql.indexOf(tag, open)
      if (close < 0) throw new WarehouseSyntaxError(tag, at + 1)
      push('string', at, close + tag.length, sql.slice(open, close))
    } else if (match(WORD)) {
      const word = match(WORD) as string
      push('word', at, at + word.length, word.toLowerCase())
    } else if (match(NUMBER)) {
      const number = match(NUMBER) as string
      push('number', at, at + number.length, number)
    } else if (character === ':' && /[A-Za-z_]/.test(next ?? '') && sql[at - 1] !== ':') {
      const name = /\w+/.exec(sql.slice(at + 1))?.[0] as string
      push('parameter', at, at + 1 + name.length, name)
    } else if (match(SYMBOL)) {
      const symbol = match(SYMBOL) as string
      push('symbol', at, at + symbol.length, symbol)
    } else {
      throw new WarehouseSyntaxError(character, at + 1)
    }
  }
  return tokens
}

/** The statements of a text, separated by semicolons; empty ones are dropped. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = []
  let first: Token | undefined
  let last: Token | undefined
  for (const token of tokenize(sql)) {
    if (token.kind === 'symbol' && token.text === ';') {
      if (first && last) statements.push(sql.slice(first.start, last.end))
      first = last = undefined
    } else {
      first ??= token
      last = token
    }
  }
  if (first && last) statements.push(sql.slice(first.start, last.end))
  return statements
}

/** A literal that DuckDB reads: it knows no backslash escapes. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** An identifier that DuckDB reads as it stands. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

/** Redshift still has PostgreSQL 8's strings: a backslash escapes the next character. `'\N'` alone stays, because COPY and UNLOAD name it so. */
function readString(sql: string, start: number): [end: number, value: string] {
  let value = ''
  for (let at = start + 1; at < sql.length; at++) {
    const character = sql[at] as string
    if (character === '\\' && at + 1 < sql.length) {
      const next = sql[++at] as string
      value += next === 'N' ? '\\N' : (ESCAPES[next] ?? next)
    } else if (character !== "'") value += character
    else if (sql[at + 1] === "'") {
      value += "'"
      at++
    } else return [at + 1, value]
  }
  throw new WarehouseSyntaxError(sql.slice(start, start + 20), start + 1)
}

function endOfQuoted(sql: string, start: number): number {
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] !== '"') continue
    if (sql[at + 1] !== '"') return at + 1
    at++
  }
  throw new WarehouseSyntaxError(sql.slice(start, start + 20), start + 1)
}

/** Block comments nest, as in PostgreSQL. */
function endOfComment(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length - 1; at++) {
    const pair = sql.slice(at, at + 2)
    if (pair === '/*') {
      depth++
      at++
    } else if (pair === '*/') {
      depth--
      at++
      if (depth === 0) return at + 1
    }
  }
  throw new WarehouseSyntaxError('/*', start + 1)
}
