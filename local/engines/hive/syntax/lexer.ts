/**
 * Tokens of HiveQL, as HiveLexer.g of Hive 3.1 has them
 * (https://github.com/apache/hive/blob/rel/release-3.1.3/ql/src/java/org/apache/hadoop/hive/ql/parse/HiveLexer.g).
 */
import { HiveSyntaxError, type Place } from '../errors.ts'

export interface Token extends Place {
  /** `word`: an identifier or keyword; `name`: an identifier in backticks. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol' | 'end'
  /** A word as written, a string's value without quotes and escapes, a symbol. */
  readonly text: string
  /** A word in upper case, for keywords; the symbol itself. */
  readonly upper: string
  /** Offsets in the text. */
  readonly start: number
  readonly end: number
}

const SYMBOLS = ['<=>', '<=', '>=', '<>', '!=', '==', '||', '&&']
const SINGLE = '()[]{},.;:=<>+-*/%&|^~!$?@'
const WORD = /[\p{L}\p{N}_]+/uy
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYDlsyd]|bd)?/y
const VARIABLE = /\$\{[^}]*\}/y
const ESCAPES: Record<string, string> = { '0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' }

/**
 * Cuts a text into tokens; the last one is of kind `end`. Comments (`--`, `/* *\/`) and hints are left out; `${…}` outside of
 * strings is one word, so that a script can be split before its variables are put in.
 *
 * @param origin the place of the text's first character in its script
 * @throws HiveSyntaxError a string or comment that does not end, or a character that no token begins with
 */
export function tokenize(text: string, origin: Place = { line: 1, column: 1 }): Token[] {
  const tokens: Token[] = []
  let { line } = origin
  let lineStart = 1 - origin.column
  let i = 0
  const place = (): Place => ({ line, column: i - lineStart + 1 })
  const newLine = (at: number) => {
    line++
    lineStart = at + 1
  }
  const push = (kind: Token['kind'], value: string, end: number, at: Place) => {
    tokens.push({ kind, text: value, upper: kind === 'word' ? value.toUpperCase() : value, start: i, end, ...at })
    i = end
  }

  while (i < text.length) {
    const c = text[i]!
    if (c === '\n') {
      newLine(i)
      i++
    } else if (/\s/.test(c)) {
      i++
    } else if (text.startsWith('--', i)) {
      const end = text.indexOf('\n', i)
      i = end < 0 ? text.length : end
    } else if (text.startsWith('/*', i)) {
      const at = place()
      const end = text.indexOf('*/', i + 2)
      if (end < 0) throw new HiveSyntaxError('The comment that begins with /* has no end', at)
      for (let k = i; k < end; k++) if (text[k] === '\n') newLine(k)
      i = end + 2
    } else if (c === "'" || c === '"') {
      const at = place()
      const { value, end } = quoted(text, i, at)
      for (let k = i; k < end; k++) if (text[k] === '\n') newLine(k)
      push('string', value, end, at)
    } else if (c === '`') {
      const at = place()
      let end = i + 1
      let value = ''
      while (end < text.length && (text[end] !== '`' || text[end + 1] === '`')) {
        value += text[end]
        end += text[end] === '`' ? 2 : 1
      }
      if (end >= text.length) throw new HiveSyntaxError('The name that begins with a backtick has no end', at)
      push('name', value, end + 1, at)
    } else if (match(VARIABLE, text, i)) {
      push('word', VARIABLE.lastIndex ? text.slice(i, VARIABLE.lastIndex) : '', VARIABLE.lastIndex, place())
    } else if (/[\d.]/.test(c) && match(NUMBER, text, i) && !startsName(text, NUMBER.lastIndex)) {
      push('number', text.slice(i, NUMBER.lastIndex), NUMBER.lastIndex, place())
    } else if (match(WORD, text, i)) {
      push('word', text.slice(i, WORD.lastIndex), WORD.lastIndex, place())
    } else {
      const symbol = SYMBOLS.find((s) => text.startsWith(s, i)) ?? (SINGLE.includes(c) ? c : undefined)
      if (!symbol) throw new HiveSyntaxError(`No token of HiveQL begins with ${JSON.stringify(c)}`, place())
      push('symbol', symbol, i + symbol.length, place())
    }
  }
  push('end', '<EOF>', i, place())
  return tokens
}

function match(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at
  return pattern.test(text)
}

/** `1st` is an identifier in Hive, not the number 1. */
function startsName(text: string, at: number): boolean {
  return at < text.length && /[\p{L}_]/u.test(text[at]!)
}

/** A string literal with Hive's escapes (BaseSemanticAnalyzer.unescapeSQLString). `\%` and `\_` keep the backslash, for LIKE. */
function quoted(text: string, start: number, at: Place): { value: string; end: number } {
  const quote = text[start]!
  let value = ''
  let i = start + 1
  while (i < text.length) {
    const c = text[i]!
    if (c === quote) return { value, end: i + 1 }
    if (c !== '\\') {
      value += c
      i++
      continue
    }
    const unicode = /^u[0-9a-fA-F]{4}/.exec(text.slice(i + 1, i + 6))
    const octal = /^[0-1][0-7]{2}/.exec(text.slice(i + 1, i + 4))
    if (unicode) {
      value += String.fromCharCode(Number.parseInt(unicode[0].slice(1), 16))
      i += 6
    } else if (octal) {
      value += String.fromCharCode(Number.parseInt(octal[0], 8))
      i += 4
    } else {
      const next = text[i + 1] ?? ''
      value += ESCAPES[next] ?? (next === '%' || next === '_' ? `\\${next}` : next)
      i += 2
    }
  }
  throw new HiveSyntaxError(`The string that begins with ${quote} has no end`, at)
}
