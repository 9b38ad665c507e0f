/**
 * Patterns of java.time.format.DateTimeFormatter, as far as TO_TIMESTAMP and DATE_FORMAT take them here: y, M, d, H, m, s, S and text
 * (https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/time/format/DateTimeFormatter.html#patterns).
 */
import { parseTimestamp, timestampText } from './timestamp.ts'

type Field = 'y' | 'M' | 'd' | 'H' | 'm' | 's' | 'S'
type Part = { field: Field; width: number } | { literal: string }

const TOKENS = /'((?:[^']|'')*)'|([yMdHmsS])\2*|([A-Za-z])|([^A-Za-z'])/gy
/** Text for a month needs a locale. */
const MAX_WIDTH: Record<Field, number> = { y: 4, M: 2, d: 2, H: 2, m: 2, s: 2, S: 3 }

/** Undefined when the pattern holds letters that are not supported here. */
export function compilePattern(pattern: string): Part[] | undefined {
  const parts: Part[] = []
  TOKENS.lastIndex = 0
  while (TOKENS.lastIndex < pattern.length) {
    const found = TOKENS.exec(pattern)
    if (!found) return undefined
    const [text, quoted, field, letter, other] = found
    if (letter !== undefined) return undefined
    if (quoted !== undefined) parts.push({ literal: quoted === '' ? "'" : quoted.replaceAll("''", "'") })
    else if (other !== undefined) parts.push({ literal: other })
    else {
      const width = text.length
      if (width > MAX_WIDTH[field as Field] || (field === 'y' && width !== 4)) return undefined
      parts.push({ field: field as Field, width })
    }
  }
  return parts
}

const escapeText = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

/**
 * DateTimeUtils.parseTimestampData(text, format): the pattern first, then java.sql.Timestamp.valueOf and java.sql.Date.valueOf, which take
 * `2026-1-2 3:4:5` and `2026-1-2` whatever the pattern says, and let the 30th of February roll into March.
 */
export function timestampParser(parts: Part[]): (text: string) => number | null {
  const fields: Field[] = []
  const expression = parts.map((part, i) => {
    if ('literal' in part) return escapeText(part.literal)
    fields.push(part.field)
    return `(${fieldExpression(part.field, part.width, parts[i + 1])})`
  })
  const form = new RegExp(`^${expression.join('')}$`)
  // A record's time is asked for more than once.
  let lastText: string | undefined
  let last: number | null = null
  return (text) => {
    if (text === lastText) return last
    const found = form.exec(text)
    last = (found && fromFields(fields, found.slice(1))) ?? fromSqlForm(text)
    lastText = text
    return last
  }
}

function fieldExpression(field: Field, width: number, next: Part | undefined): string {
  if (field === 'S') return `\\d{${width}}`
  // Four letters of a year are four digits, or more with a plus sign.
  if (field === 'y') return next && 'field' in next ? '\\d{4}' : '\\d{4}|\\+\\d{5,9}'
  return width === 2 ? '\\d{2}' : '\\d{1,2}'
}

function fromFields(fields: Field[], values: string[]): number | null {
  const value: Record<Field, string> = { y: '1970', M: '1', d: '1', H: '0', m: '0', s: '0', S: '' }
  fields.forEach((field, i) => {
    value[field] = values[i]!
  })
  const year = Number(value.y)
  // HH is HOUR_OF_DAY, 0 to 23, unless all below it is zero; only a date with it can then roll over.
  const time = `${value.H}:${value.m}:${value.s}.${value.S}`
  if (year <= 9999) return parseTimestamp(`${value.y}-${value.M}-${value.d} ${time}`)
  // Same calendar, a multiple of 400 years earlier.
  const cycles = Math.floor((year - 2000) / 400)
  const shifted = parseTimestamp(`${year - cycles * 400}-${value.M}-${value.d} ${time}`)
  if (shifted === null) return null
  const ms = shifted + cycles * MS_OF_400_YEARS
  return ms <= MAX_DATE_MS ? ms : null
}

/** The last instant that a Date can hold, in the year 275760. */
const MAX_DATE_MS = 8.64e15

const MS_OF_400_YEARS = 146_097 * 86_400_000
const SQL_FORM = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?)?$/

function fromSqlForm(text: string): number | null {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = SQL_FORM.exec(text.trim()) ?? []
  if (year === undefined || Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return null
  const date = new Date(
    Date.UTC(2000, 0, 1, Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, '0'))),
  )
  const carried = date.getTime() - Date.UTC(2000, 0, 1)
  const midnight = new Date(Date.UTC(2000, 0, 1))
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return midnight.getTime() + carried
}

/** DATE_FORMAT. */
export function timestampFormatter(parts: Part[]): (ms: number) => string {
  return (ms) => {
    const text = timestampText(ms)
    const fields: Record<Field, string> = {
      y: text.slice(0, 4),
      M: text.slice(5, 7),
      d: text.slice(8, 10),
      H: text.slice(11, 13),
      m: text.slice(14, 16),
      s: text.slice(17, 19),
      S: text.slice(20, 23),
    }
    return parts.map((part) => ('literal' in part ? part.literal : written(part.field, part.width, fields))).join('')
  }
}

function written(field: Field, width: number, fields: Record<Field, string>): string {
  if (field === 'S') return fields.S.slice(0, width)
  return width === 1 ? String(Number(fields[field])) : fields[field]
}
