/** Calls: plain ones, those with words between their arguments, and aggregates. */
import type { AggregateName, Expression, JsonBehavior } from '../ast.ts'
import type { Offset } from '../errors.ts'
import { functionNames } from '../functions/index.ts'
import { type LogicalType, STRING } from '../types.ts'
import type { Cursor } from './cursor.ts'
import { AGGREGATES, parseExpression } from './expressions.ts'
import { parseType } from './types.ts'

type Parse = (cursor: Cursor, at: Offset) => Expression

const special: Record<string, Parse> = {
  JSON_VALUE: parseJsonValue,
  JSON_EXISTS: parseJsonExists,
  TRIM: parseTrim,
  SUBSTRING: parseSubstring,
  POSITION: parsePosition,
}

/** Functions of Flink that are known here by name only, so that they are not taken for typing errors. */
const KNOWN_ELSEWHERE = new Set(
  `ROW_NUMBER RANK DENSE_RANK LAG LEAD FIRST_VALUE LAST_VALUE LISTAGG COLLECT STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP JSON_QUERY
  JSON_OBJECT JSON_ARRAY JSON_STRING JSON_OBJECTAGG JSON_ARRAYAGG JSON_QUOTE JSON_UNQUOTE TO_DATE DATE_FORMAT_TZ CONVERT_TZ
  FROM_UNIXTIME UNIX_TIMESTAMP TIMESTAMPADD EXTRACT YEAR QUARTER MONTH WEEK DAYOFYEAR DAYOFMONTH DAYOFWEEK HOUR MINUTE SECOND
  OVERLAPS UUID RAND RAND_INTEGER SHA224 SHA384 SHA512 SHA2 ENCODE DECODE FROM_BASE64 TO_BASE64 ASCII CHR PARSE_URL STR_TO_MAP
  ELEMENT CARDINALITY TYPEOF OVERLAY INSTR LOCATE ELT HEX BIN UNHEX E PI LOG LOG2 LOG10 SIN COS TAN ASIN ACOS ATAN ATAN2 COT
  DEGREES RADIANS TRUNCATE TUMBLE_START TUMBLE_END HOP_START HOP_END SESSION_START SESSION_END TUMBLE_ROWTIME ARRAY_CONTAINS
  CURRENT_DATE CURRENT_TIME LOCALTIME CURRENT_ROW_TIMESTAMP CURRENT_DATABASE`.split(/\s+/),
)

/** A function's name with its arguments; some take none, and no brackets. */
export function parseFunction(cursor: Cursor): Expression {
  const { upper: name, at, text } = cursor.advance()
  if (!cursor.take('(')) {
    if (!functionNames.includes(name)) cursor.unsupported(`The function ${name}`, at)
    return { kind: 'call', name, args: [], at }
  }
  const aggregate = AGGREGATES.find((one) => one === name)
  const call = aggregate ? parseAggregate(cursor, aggregate, at) : parseCall(cursor, name, text, at)
  if (cursor.is('OVER')) cursor.unsupported('An OVER window')
  if (cursor.is('FILTER')) cursor.unsupported('FILTER (WHERE …)')
  if (cursor.is('WITHIN')) cursor.unsupported('WITHIN GROUP')
  return call
}

function parseCall(cursor: Cursor, name: string, text: string, at: Offset): Expression {
  const parse = special[name]
  if (parse) return parse(cursor, at)
  if (!functionNames.includes(name)) {
    if (KNOWN_ELSEWHERE.has(name)) cursor.unsupported(`The function ${name}`, at)
    cursor.unsupported(`The function ${text}, unless it is a typing error,`, at)
  }
  if (name === 'TIMESTAMPDIFF') return parseTimestampDiff(cursor, at)
  const args: Expression[] = []
  if (!cursor.is(')')) {
    if (cursor.is('DISTINCT')) cursor.unsupported(`${name}(DISTINCT …)`)
    do args.push(parseExpression(cursor))
    while (cursor.take(','))
  }
  if (cursor.is('TO')) cursor.unsupported(`${name}(… TO unit)`)
  cursor.need(')')
  return { kind: 'call', name, args, at }
}

function parseAggregate(cursor: Cursor, name: AggregateName, at: Offset): Expression {
  if (name === 'COUNT' && cursor.take('*')) {
    cursor.need(')')
    return { kind: 'aggregate', name, distinct: false, at }
  }
  const distinct = cursor.take('DISTINCT')
  if (!distinct) cursor.take('ALL')
  const argument = parseExpression(cursor)
  if (cursor.is(',')) cursor.unsupported(`${name} of several columns`)
  cursor.need(')')
  return { kind: 'aggregate', name, distinct, argument, at }
}

const UNITS = ['SECOND', 'MINUTE', 'HOUR', 'DAY'] as const

/** TIMESTAMPDIFF(unit, from, to): the unit becomes the first argument. */
function parseTimestampDiff(cursor: Cursor, at: Offset): Expression {
  const unit = cursor.takeOne(...UNITS)
  if (!unit) cursor.unsupported(`TIMESTAMPDIFF in ${cursor.token.upper}`)
  const args: Expression[] = [{ kind: 'literal', value: unit, type: STRING, at }]
  while (cursor.take(',')) args.push(parseExpression(cursor))
  cursor.need(')')
  return { kind: 'call', name: 'TIMESTAMPDIFF', args, at }
}

function pathOf(cursor: Cursor, name: string): string {
  if (cursor.token.kind !== 'string') cursor.unsupported(`${name} with a path that is no string literal`)
  return cursor.string('a JSON path')
}

function parseJsonValue(cursor: Cursor, at: Offset): Expression {
  const input = parseExpression(cursor)
  cursor.need(',')
  const path = pathOf(cursor, 'JSON_VALUE')
  let returning: LogicalType | undefined
  if (cursor.take('RETURNING')) returning = parseType(cursor)
  const behaviors: { EMPTY?: JsonBehavior; ERROR?: JsonBehavior } = {}
  for (;;) {
    const word = cursor.takeOne('NULL', 'ERROR', 'DEFAULT')
    if (!word) break
    const behavior: JsonBehavior = word === 'DEFAULT' ? { kind: word, value: parseExpression(cursor) } : { kind: word }
    cursor.need('ON')
    const event = cursor.takeOne('EMPTY', 'ERROR')
    if (!event) cursor.fail(`Expected EMPTY or ERROR, found "${cursor.token.text}".`)
    behaviors[event] = behavior
  }
  cursor.need(')')
  const { EMPTY: onEmpty = { kind: 'NULL' }, ERROR: onError = { kind: 'NULL' } } = behaviors
  return { kind: 'json-value', input, path, ...(returning && { returning }), onEmpty, onError, at }
}

function parseJsonExists(cursor: Cursor, at: Offset): Expression {
  const input = parseExpression(cursor)
  cursor.need(',')
  const path = pathOf(cursor, 'JSON_EXISTS')
  const onError = cursor.takeOne('TRUE', 'FALSE', 'UNKNOWN', 'ERROR')
  if (onError) cursor.need('ON', 'ERROR')
  cursor.need(')')
  return { kind: 'json-exists', input, path, onError: onError ?? 'FALSE', at }
}

/** TRIM([BOTH|LEADING|TRAILING] [characters] FROM text): becomes TRIM(text, where, characters). */
function parseTrim(cursor: Cursor, at: Offset): Expression {
  const where = cursor.takeOne('BOTH', 'LEADING', 'TRAILING')
  const text = (value: string): Expression => ({ kind: 'literal', value, type: STRING, at })
  let characters = text(' ')
  let subject: Expression
  if (where && cursor.take('FROM')) subject = parseExpression(cursor)
  else {
    subject = parseExpression(cursor)
    if (cursor.take('FROM')) {
      characters = subject
      subject = parseExpression(cursor)
    } else if (where) cursor.need('FROM')
  }
  cursor.need(')')
  return { kind: 'call', name: 'TRIM', args: [subject, text(where ?? 'BOTH'), characters], at }
}

/** SUBSTRING(text FROM start [FOR length]), or with commas. */
function parseSubstring(cursor: Cursor, at: Offset): Expression {
  const args = [parseExpression(cursor)]
  const [from, length] = cursor.is('FROM') ? ['FROM', 'FOR'] : [',', ',']
  cursor.need(from!)
  args.push(parseExpression(cursor))
  if (cursor.take(length!)) args.push(parseExpression(cursor))
  cursor.need(')')
  return { kind: 'call', name: 'SUBSTRING', args, at }
}

/** POSITION(part IN whole). */
function parsePosition(cursor: Cursor, at: Offset): Expression {
  // The argument's own IN must not be taken for a list: what stands before IN is at most a sum.
  const { kind, text } = cursor.token
  const isSimple = (kind === 'string' || cursor.atName()) && cursor.ahead(1).upper === 'IN'
  if (!isSimple) cursor.unsupported('POSITION of anything but a column or a string')
  cursor.advance()
  const part: Expression =
    kind === 'string' ? { kind: 'literal', value: text, type: STRING, at } : { kind: 'column', name: text, at }
  cursor.need('IN')
  const whole = parseExpression(cursor)
  cursor.need(')')
  return { kind: 'call', name: 'POSITION', args: [part, whole], at }
}
