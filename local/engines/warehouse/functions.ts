/**
 * Redshift's functions that DuckDB lacks or means otherwise, as DuckDB SQL.
 * https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
 */
import { WarehouseObjectError, WarehouseUnsupportedError } from './errors.ts'
import { parsePattern, toChar } from './formats.ts'
import { literal, type Token } from './tokens.ts'
import type { Node } from './tree.ts'

export interface FunctionCall {
  readonly name: Token
  /** The arguments, rewritten to DuckDB SQL. */
  readonly arguments: readonly string[]
  /** The arguments as they were written. */
  readonly nodes: readonly (readonly Node[])[]
}

type Rewrite = (call: FunctionCall) => string

const simple =
  (name: string): Rewrite =>
  (call) =>
    `${name}(${call.arguments.join(', ')})`

/** Positions before the first character count; in DuckDB they count from the end. */
const substring: Rewrite = (call) => {
  const [text, start, length] = call.arguments
  if (start === undefined || /^[1-9]\d*$/.test(start)) return `substring(${call.arguments.join(', ')})`
  const from = `greatest(${start}, 1)`
  return length === undefined
    ? `substring(${text}, ${from})`
    : `substring(${text}, ${from}, greatest(${length} + least(${start} - 1, 0), 0))`
}

export const FUNCTIONS: Readonly<Record<string, Rewrite>> = {
  nvl: simple('coalesce'),
  isnull: simple('coalesce'),
  nvl2: (call) => {
    const [value, some, none] = expectArguments(call, 3)
    return `(CASE WHEN ${value} IS NOT NULL THEN ${some} ELSE ${none} END)`
  },
  // NULLs are equal here: https://docs.aws.amazon.com/redshift/latest/dg/r_DECODE_expression.html
  decode: (call) => {
    const [value, ...rest] = call.arguments
    if (rest.length < 2) throw noSuchFunction(call)
    const branches: string[] = []
    for (let at = 0; at + 1 < rest.length; at += 2) {
      branches.push(`WHEN ${value} IS NOT DISTINCT FROM ${rest[at]} THEN ${rest[at + 1]}`)
    }
    const otherwise = rest.length % 2 === 1 ? ` ELSE ${rest.at(-1)}` : ''
    return `(CASE ${branches.join(' ')}${otherwise} END)`
  },
  getdate: () => "CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)",
  len: simple('length'),
  char_length: simple('length'),
  character_length: simple('length'),
  octet_length: (call) => `strlen(${expectArguments(call, 1)[0]})`,
  charindex: (call) => {
    const [part, text] = expectArguments(call, 2)
    return `strpos(${text}, ${part})`
  },
  replicate: simple('repeat'),
  btrim: simple('trim'),
  // Redshift's CONCAT takes two values and is NULL when one of them is; DuckDB's skips NULLs.
  concat: (call) => `(${expectArguments(call, 2).join(' || ')})`,
  initcap: (call) =>
    `list_aggregate(list_transform(regexp_extract_all(${expectArguments(call, 1)[0]}, '[A-Za-z0-9]+|[^A-Za-z0-9]+'), lambda w: upper(w[1]) || lower(w[2:])), 'string_agg', '')`,
  regexp_substr: (call) => {
    const [text, pattern] = expectArguments(call, 2)
    return `coalesce(regexp_extract(${text}, ${pattern}), '')`
  },
  regexp_count: (call) => {
    const [text, pattern] = expectArguments(call, 2)
    return `len(regexp_extract_all(${text}, ${pattern}))`
  },
  // Redshift replaces every match, DuckDB the first one unless told.
  regexp_replace: (call) => {
    const [text, pattern, replacement = "''"] = call.arguments
    if (call.arguments.length < 2 || call.arguments.length > 3) throw unsupported(call, 'with a position or flags')
    return `regexp_replace(${text}, ${pattern}, ${replacement}, 'g')`
  },
  strtol: (call) => {
    const [text, base] = expectArguments(call, 2)
    if (base?.trim() !== '16') throw unsupported(call, 'with a base other than 16')
    return `CAST(concat('0x', ${text}) AS BIGINT)`
  },
  // A remainder has its divisor's rule, which stands with the operator.
  mod: (call) => {
    const [value, divisor] = expectArguments(call, 2)
    return `(${value} % (CASE WHEN ${divisor} = 0 THEN error('division by zero') ELSE ${divisor} END))`
  },
  lpad: (call) => `lpad(${call.arguments.join(', ')}${call.arguments.length === 2 ? ", ' '" : ''})`,
  rpad: (call) => `rpad(${call.arguments.join(', ')}${call.arguments.length === 2 ? ", ' '" : ''})`,
  substr: substring,
  substring,
  dateadd: (call) => {
    const [, amount] = expectArguments(call, 3)
    const date = timestamp(call, 2, call.arguments[2])
    return `(${date} + (${amount}) * INTERVAL 1 ${datePart(call)})`
  },
  date_add: (call) => (call.arguments.length === 3 ? (FUNCTIONS.dateadd as Rewrite)(call) : simple('date_add')(call)),
  datediff: (call) => {
    const [, from, to] = expectArguments(call, 3)
    const part = datePart(call)
    const [start, end] = [timestamp(call, 1, from), timestamp(call, 2, to)]
    if (part !== 'week') return `date_diff('${part}', ${start}, ${end})`
    // Beginnings of weeks, which are Sundays, count; in DuckDB whole weeks do.
    const week = (date: string) => `date_trunc('week', ${date} + INTERVAL 1 day)`
    return `(date_diff('day', ${week(start)}, ${week(end)}) // 7)`
  },
  date_diff: (call) => (FUNCTIONS.datediff as Rewrite)(call),
  date_part: (call) => `date_part('${datePart(call)}', ${expectArguments(call, 2)[1]})`,
  add_months: (call) => {
    // The last day of a month stays the last day: https://docs.aws.amazon.com/redshift/latest/dg/r_ADD_MONTHS.html
    const [, months] = expectArguments(call, 2)
    const date = `CAST(${timestamp(call, 0, call.arguments[0])} AS TIMESTAMP)`
    const moved = `(${date} + (${months}) * INTERVAL 1 month)`
    return `(CASE WHEN CAST(${date} AS DATE) = last_day(${date}) THEN last_day(${moved}) + (${date} - date_trunc('day', ${date})) ELSE ${moved} END)`
  },
  months_between: (call) => {
    // Whole months between equal days and between last days; else a month has 31 days:
    // https://docs.aws.amazon.com/redshift/latest/dg/r_MONTHS_BETWEEN_function.html
    expectArguments(call, 2)
    const [later, earlier] = [0, 1].map((i) => `CAST(${timestamp(call, i, call.arguments[i])} AS DATE)`) as [
      string,
      string,
    ]
    const months = `((year(${later}) - year(${earlier})) * 12 + month(${later}) - month(${earlier}))`
    const last = `(${later} = last_day(${later}) AND ${earlier} = last_day(${earlier}))`
    return `CAST(CASE WHEN ${last} THEN ${months} ELSE ${months} + (day(${later}) - day(${earlier})) / 31.0 END AS DOUBLE)`
  },
  to_char: (call) => toChar(expectArguments(call, 2)[0] as string, pattern(call)),
  to_date: (call) => `CAST(strptime(${expectAtLeast(call, 2)[0]}, ${literal(parsePattern(pattern(call)))}) AS DATE)`,
  to_timestamp: (call) => `strptime(${expectArguments(call, 2)[0]}, ${literal(parsePattern(pattern(call)))})`,
  to_number: (call) => {
    throw unsupported(call, 'with a numeric pattern (use CAST)')
  },
  func_sha1: simple('sha1'),
  pg_backend_pid: () => '1',
  json_extract_path_text: (call) => {
    const [json, ...path] = call.arguments
    const steps = path.map((part) => `'."' || ${part} || '"'`)
    return `coalesce(json_extract_string(${json}, ${["'$'", ...steps].join(' || ')}), '')`
  },
}

const DATE_PARTS: Record<string, string> = {
  y: 'year',
  yr: 'year',
  yrs: 'year',
  yy: 'year',
  yyyy: 'year',
  years: 'year',
  qtr: 'quarter',
  qtrs: 'quarter',
  quarters: 'quarter',
  mon: 'month',
  mons: 'month',
  months: 'month',
  mm: 'month',
  w: 'week',
  weeks: 'week',
  wk: 'week',
  d: 'day',
  days: 'day',
  dd: 'day',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  hours: 'hour',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  minutes: 'minute',
  s: 'second',
  sec: 'second',
  secs: 'second',
  seconds: 'second',
  ms: 'millisecond',
  milliseconds: 'millisecond',
  us: 'microsecond',
  microseconds: 'microsecond',
}
const WHOLE_PARTS = new Set([...Object.values(DATE_PARTS), 'dow', 'doy', 'epoch', 'decade', 'century'])

/** The date part of DATEADD and its kin: a bare word or a text. */
function datePart(call: FunctionCall): string {
  const node = call.nodes[0]?.[0]
  const word = node && node.kind !== 'group' ? node.value.toLowerCase() : ''
  const part = DATE_PARTS[word] ?? (word === 'weekday' || word === 'dayofweek' ? 'dow' : word)
  if (!WHOLE_PARTS.has(part)) {
    throw new WarehouseObjectError('22023', `timestamp units "${word}" not recognized`, {
      position: call.name.start + 1,
    })
  }
  return part
}

/** A literal argument has no type yet in DuckDB; the function needs one. */
function timestamp(call: FunctionCall, index: number, sql: string | undefined): string {
  const nodes = call.nodes[index]
  return nodes?.length === 1 && nodes[0]?.kind === 'string' ? `CAST(${sql} AS TIMESTAMP)` : (sql as string)
}

function pattern(call: FunctionCall): string {
  const nodes = call.nodes[1]
  const node = nodes?.[0]
  if (nodes?.length !== 1 || node?.kind !== 'string') throw unsupported(call, 'with a pattern that is not a literal')
  return node.value
}

function expectArguments(call: FunctionCall, count: number): readonly string[] {
  if (call.arguments.length !== count) throw noSuchFunction(call)
  return call.arguments
}

function expectAtLeast(call: FunctionCall, count: number): readonly string[] {
  if (call.arguments.length < count) throw noSuchFunction(call)
  return call.arguments
}

function noSuchFunction(call: FunctionCall): WarehouseObjectError {
  const text = `function ${call.name.value} with ${call.arguments.length} arguments does not exist`
  return new WarehouseObjectError('42883', text, { position: call.name.start + 1 })
}

function unsupported(call: FunctionCall, how: string): WarehouseUnsupportedError {
  return new WarehouseUnsupportedError(`${call.name.text.toUpperCase()} ${how}`, { position: call.name.start + 1 })
}
