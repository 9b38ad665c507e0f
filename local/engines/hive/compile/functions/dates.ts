/** Date and time functions. The session's time zone is UTC, as on EMR. */
import { BIGINT, DATE, DOUBLE, INT, isText, STRING, TIMESTAMP } from '../../types.ts'
import { convert } from '../casts.ts'
import { dateReader, strftimePattern } from '../patterns.ts'
import { quote } from '../typed.ts'
import {
  asDate,
  asInt,
  asText,
  asTimestamp,
  define,
  type FunctionCall,
  type FunctionDefinition,
  type Functions,
  literal,
  simple,
  wrongArgument,
} from './definition.ts'

const part = (duck: string): FunctionDefinition =>
  define(1, (call) => ({ sql: `CAST(${duck}(${asDate(call, 0)}) AS INTEGER)`, type: INT }))
const timePart = (duck: string): FunctionDefinition =>
  define(1, (call) => ({ sql: `CAST(${duck}(${asTimestamp(call, 0)}) AS INTEGER)`, type: INT }))

const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

/** What Hive 3.1 answers as a string, though it is a date. */
const dateString = (sql: string) => ({ sql: `CAST(${sql} AS VARCHAR)`, type: STRING })

const moved = (sign: '+' | '-'): FunctionDefinition =>
  define(2, (call) => ({
    sql: `CAST(${asDate(call, 0)} ${sign} CAST(${asInt(call, 1)} AS INTEGER) AS DATE)`,
    type: DATE,
  }))

/** unix_timestamp(text, pattern): a strict reading first, for speed, then Hive's lenient one. */
function readTimestamp(call: FunctionCall, pattern: string): string {
  const reader = dateReader(pattern, call)
  const text = asText(call, 0)
  const group = (field: string, none: string): string => {
    const i = (reader.fields as readonly string[]).indexOf(field)
    return i < 0 ? none : `CAST(regexp_extract(${text}, ${quote(reader.regex)}, ${i + 1}) AS INTEGER)`
  }
  const day = `make_date(${group('year', '1970')}, 1, 1) + to_months(${group('month', '1')} - 1) + to_days(${group('day', '1')} - 1)`
  const seconds = `${group('hour', '0')} * 3600 + ${group('minute', '0')} * 60 + ${group('second', '0')}`
  return `(CASE WHEN regexp_matches(${text}, ${quote(reader.regex)}) THEN CAST(epoch(${day}) AS BIGINT) + ${seconds} END)`
}

const unixTimestamp = define([0, 2], (call) => {
  if (call.arguments.length === 0) return { sql: 'CAST(epoch(current_timestamp) AS BIGINT)', type: BIGINT }
  if (call.arguments.length === 2 && isText(call.arguments[0]!.type))
    return { sql: readTimestamp(call, literal(call, 1, 'the pattern')), type: BIGINT }
  if (isText(call.arguments[0]!.type)) return { sql: readTimestamp(call, 'yyyy-MM-dd HH:mm:ss'), type: BIGINT }
  return { sql: `CAST(floor(epoch(${asTimestamp(call, 0)})) AS BIGINT)`, type: BIGINT }
})

export const DATES: Functions = {
  add_months: define([2, 3], (call) => {
    const date = `hive_add_months(${asDate(call, 0)}, ${asInt(call, 1)})`
    return call.arguments[2]
      ? { sql: `strftime(${date}, ${quote(strftimePattern(literal(call, 2, 'the pattern'), call))})`, type: STRING }
      : dateString(date)
  }),
  current_date: simple([], DATE, () => 'current_date'),
  current_timestamp: simple([], TIMESTAMP, () => 'CAST(current_timestamp AS TIMESTAMP)'),
  date: define(1, (call) => convert(call.arguments[0]!, DATE, call)),
  date_add: moved('+'),
  date_sub: moved('-'),
  date_format: define(2, (call) => ({
    sql: `strftime(${asTimestamp(call, 0)}, ${quote(strftimePattern(literal(call, 1, 'the pattern'), call))})`,
    type: STRING,
  })),
  datediff: define(2, (call) => ({ sql: `CAST(${asDate(call, 0)} - ${asDate(call, 1)} AS INTEGER)`, type: INT })),
  day: part('day'),
  dayofmonth: part('day'),
  dayofweek: define(1, (call) => ({ sql: `CAST(dayofweek(${asDate(call, 0)}) + 1 AS INTEGER)`, type: INT })),
  from_unixtime: define([1, 2], (call) => {
    const pattern = call.arguments[1] ? literal(call, 1, 'the pattern') : 'yyyy-MM-dd HH:mm:ss'
    const seconds = convert(call.arguments[0]!, BIGINT, call).sql
    return {
      sql: `strftime(make_timestamp(${seconds} * 1000000), ${quote(strftimePattern(pattern, call))})`,
      type: STRING,
    }
  }),
  from_utc_timestamp: define(2, (call) => ({
    sql: `CAST(timezone(${asText(call, 1)}, timezone('UTC', ${asTimestamp(call, 0)})) AS TIMESTAMP)`,
    type: TIMESTAMP,
  })),
  to_utc_timestamp: define(2, (call) => ({
    sql: `timezone('UTC', timezone(${asText(call, 1)}, ${asTimestamp(call, 0)}))`,
    type: TIMESTAMP,
  })),
  hour: timePart('hour'),
  last_day: define(1, (call) => dateString(`last_day(${asDate(call, 0)})`)),
  minute: timePart('minute'),
  month: part('month'),
  months_between: define([2, 3], (call) => ({
    sql: `hive_months_between(${asTimestamp(call, 0)}, ${asTimestamp(call, 1)})`,
    type: DOUBLE,
  })),
  next_day: define(2, (call) => {
    const day = DAYS.indexOf(literal(call, 1, 'the day of the week').slice(0, 2).toUpperCase())
    if (day < 0) throw wrongArgument(call, 1, 'a day of the week')
    return dateString(`hive_next_day(${asDate(call, 0)}, ${day})`)
  }),
  quarter: part('quarter'),
  second: timePart('second'),
  to_date: define(1, (call) => ({ sql: asDate(call, 0), type: DATE })),
  to_unix_timestamp: unixTimestamp,
  trunc: define(2, (call) => {
    const unit = literal(call, 1, 'the unit').toUpperCase()
    const duck = {
      MONTH: 'month',
      MON: 'month',
      MM: 'month',
      YEAR: 'year',
      YYYY: 'year',
      YY: 'year',
      Q: 'quarter',
      QUARTER: 'quarter',
    }[unit]
    if (!duck) return { sql: 'CAST(NULL AS VARCHAR)', type: STRING }
    return dateString(`CAST(date_trunc('${duck}', ${asDate(call, 0)}) AS DATE)`)
  }),
  unix_timestamp: unixTimestamp,
  weekofyear: part('weekofyear'),
  year: part('year'),
}
