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

const BLANK = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y
const PATTERNS: [Token['kind'], RegExp][] = [
  ['quoted', /`(?:[^`]|``)+`/y],
  ['string', /'(?:[^']|'')*'/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['symbol', /<>|<=|>=|!=|\|\||=>|[-+*/%=<>(),;.[\]:]/y],
]

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

function skipBlank(script: string, at: Offset): Offset {
  BLANK.lastIndex = at
  return BLANK.test(script) ? BLANK.lastIndex : at
}

function tokenAt(script: string, at: Offset): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const found = pattern.exec(script)?.[0]
    if (found === undefined) continue
    const text = unquoted(kind, found)
    return { kind, text, upper: kind === 'word' ? text.toUpperCase() : text, at, end: at + found.length }
  }
  throw new FlinkSqlSyntaxError(script, at, complaint(script, at))
}

function unquoted(kind: Token['kind'], found: string): string {
  if (kind === 'quoted') return found.slice(1, -1).replaceAll('``', '`')
  if (kind === 'string') return found.slice(1, -1).replaceAll("''", "'")
  return found
}

function complaint(script: string, at: Offset): string {
  if (script.startsWith('/*', at)) return 'The comment that starts here does not end: write "*/".'
  if (script[at] === "'") return "The string that starts here does not end: write a closing '."
  if (script[at] === '`') return 'The name that starts here does not end: write a closing `.'
  if (script[at] === '"') return "Double quotes mean nothing in Flink SQL: quote names with `, strings with '."
  return `The character ${JSON.stringify(String.fromCodePoint(script.codePointAt(at)!))} does not belong here.`
}
