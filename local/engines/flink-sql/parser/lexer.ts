/**
 * Words of a script. Identifiers, strings and comments as in Flink's parser, which is Calcite's with back ticks
 * (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/sql/overview/, "Syntax").
 */
import { FlinkSqlSyntaxError, type Offset } from '../errors.ts'

export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'end'
  /** As meant: quotes gone, doubled quotes single. */
  text: string
  /** Upper case for words, so that keywords match in any case; the same as `text` otherwise. */
  upper: string
  at: Offset
  /** Behind the token's last character. */
  end: Offset
}

const PATTERNS: [Token['kind'], RegExp][] = [
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['symbol', /<>|<=|>=|!=|\|\||=>|[-+*/%=<>(),;.[\]:]/y],
]
const QUOTES: Record<string, Token['kind']> = { "'": 'string', '`': 'quoted' }
const SPACES = /\s+/y

/** @throws FlinkSqlSyntaxError for a character that starts no token, or a quote or comment that does not end */
export function tokenize(script: string): Token[] {
  const tokens: Token[] = []
  let at = skipBlank(script, 0)
  while (at < script.length) {
    const token = tokenAt(script, at)
    tokens.push(token)
    at = skipBlank(script, token.end)
  }
  tokens.push({ kind: 'end', text: 'the end of the script', upper: '', at: script.length, end: script.length })
  return tokens
}

/** Behind spaces and comments. Patterns for these, and for strings, would need a stack as deep as a long one has characters. */
function skipBlank(script: string, at: Offset): Offset {
  for (;;) {
    SPACES.lastIndex = at
    if (SPACES.test(script)) at = SPACES.lastIndex
    else if (script.startsWith('--', at)) {
      const end = script.indexOf('\n', at)
      at = end < 0 ? script.length : end
    } else if (script.startsWith('/*', at)) {
      const end = script.indexOf('*/', at + 2)
      if (end < 0) return at
      at = end + 2
    } else return at
  }
}

function tokenAt(script: string, at: Offset): Token {
  if (script.startsWith('/*', at)) throw new FlinkSqlSyntaxError(script, at, complaint(script, at))
  const quote = script[at]!
  const quotedKind = QUOTES[quote]
  if (quotedKind) {
    const end = endOfQuoted(script, at, quote)
    const text = script.slice(at + 1, end - 1).replaceAll(quote + quote, quote)
    if (end === at || (quotedKind === 'quoted' && text === ''))
      throw new FlinkSqlSyntaxError(script, at, complaint(script, at))
    return { kind: quotedKind, text, upper: text, at, end }
  }
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const text = pattern.exec(script)?.[0]
    if (text === undefined) continue
    return { kind, text, upper: kind === 'word' ? text.toUpperCase() : text, at, end: at + text.length }
  }
  throw new FlinkSqlSyntaxError(script, at, complaint(script, at))
}

/** Behind the closing quote, doubled ones left out; `at` when there is none. */
function endOfQuoted(script: string, at: Offset, quote: string): Offset {
  for (let end = script.indexOf(quote, at + 1); end >= 0; end = script.indexOf(quote, end + 2))
    if (script[end + 1] !== quote) return end + 1
  return at
}

function complaint(script: string, at: Offset): string {
  if (script.startsWith('/*', at)) return 'The comment that starts here does not end: write "*/".'
  if (script[at] === "'") return "The string that starts here does not end: write a closing '."
  if (script.startsWith('``', at)) return 'A name in back ticks has at least one character.'
  if (script[at] === '`') return 'The name that starts here does not end: write a closing `.'
  if (script[at] === '"') return "Double quotes mean nothing in Flink SQL: quote names with `, strings with '."
  return `The character ${JSON.stringify(String.fromCodePoint(script.codePointAt(at)!))} does not belong here.`
}
