/**
 * Redshift's date patterns (`YYYY-MM-DD HH24:MI:SS`) as DuckDB's strftime and strptime read them.
 * https://docs.aws.amazon.com/redshift/latest/dg/r_FORMAT_strings.html
 */
import { WarehouseUnsupportedError } from './errors.ts'
import { literal } from './tokens.ts'

/** What a part of a pattern becomes: a strftime code, and what is done to its text. */
const PARTS: readonly [pattern: string, code: string, wrap?: (text: string) => string][] = [
  ['YYYY', '%Y'],
  ['IYYY', '%G'],
  ['YY', '%y'],
  ['MONTH', '%B', (text) => `rpad(upper(${text}), 9, ' ')`],
  ['Month', '%B', (text) => `rpad(${text}, 9, ' ')`],
  ['month', '%B', (text) => `rpad(lower(${text}), 9, ' ')`],
  ['MON', '%b', (text) => `upper(${text})`],
  ['Mon', '%b'],
  ['mon', '%b', (text) => `lower(${text})`],
  ['MM', '%m'],
  ['MI', '%M'],
  ['MS', '%g'],
  ['DAY', '%A', (text) => `rpad(upper(${text}), 9, ' ')`],
  ['Day', '%A', (text) => `rpad(${text}, 9, ' ')`],
  ['DDD', '%j'],
  ['DD', '%d'],
  ['DY', '%a', (text) => `upper(${text})`],
  ['Dy', '%a'],
  ['HH24', '%H'],
  ['HH12', '%I'],
  ['HH', '%I'],
  ['SS', '%S'],
  ['US', '%f'],
  ['AM', '%p'],
  ['PM', '%p'],
  ['IW', '%V'],
]

interface Piece {
  code?: string
  text?: string
  quarter?: true
  wrap?: (text: string) => string
}

/**
 * A pattern's parts in order. Longer parts win, words are also known in lower case (`yyyymm`), `"quoted"` text stands for itself.
 *
 * @throws WarehouseUnsupportedError for letters that are no known part, and for numeric patterns
 */
function pieces(pattern: string): Piece[] {
  const found: Piece[] = []
  let rest = pattern
  while (rest !== '') {
    const quoted = /^"([^"]*)"/.exec(rest)
    const part =
      PARTS.find(([name]) => rest.startsWith(name)) ??
      PARTS.find(([name]) => name === name.toUpperCase() && rest.toUpperCase().startsWith(name))
    if (quoted) {
      found.push({ text: quoted[1] as string })
      rest = rest.slice(quoted[0].length)
    } else if (part) {
      found.push({ code: part[1], ...(part[2] ? { wrap: part[2] } : {}) })
      rest = rest.slice(part[0].length)
    } else if (/^q/i.test(rest)) {
      found.push({ quarter: true })
      rest = rest.slice(1)
    } else if (/^[A-Za-z0-9]/.test(rest) && !/^T\W*H/i.test(rest)) {
      throw new WarehouseUnsupportedError(`The pattern '${pattern}' (at '${rest.slice(0, 8)}')`)
    } else {
      found.push({ text: rest[0] as string })
      rest = rest.slice(1)
    }
  }
  return found
}

/** `TO_CHAR(value, pattern)` as DuckDB SQL. */
export function toChar(value: string, pattern: string): string {
  const parts: string[] = []
  let plain = ''
  const flush = () => {
    if (plain !== '') parts.push(`strftime(${value}, ${literal(plain)})`)
    plain = ''
  }
  for (const piece of pieces(pattern)) {
    if (piece.quarter) {
      flush()
      parts.push(`CAST(quarter(${value}) AS VARCHAR)`)
    } else if (piece.wrap && piece.code) {
      flush()
      parts.push(piece.wrap(`strftime(${value}, '${piece.code}')`))
    } else plain += piece.code ?? (piece.text as string).replaceAll('%', '%%')
  }
  flush()
  return parts.length === 0 ? "''" : `(${parts.join(' || ')})`
}

/** A pattern for DuckDB's strptime. @throws WarehouseUnsupportedError when the pattern holds what only output knows (the quarter) */
export function parsePattern(pattern: string): string {
  return pieces(pattern)
    .map((piece) => {
      if (piece.quarter) throw new WarehouseUnsupportedError(`Reading the quarter (Q) with the pattern '${pattern}'`)
      return piece.code ?? (piece.text as string).replaceAll('%', '%%')
    })
    .join('')
}
