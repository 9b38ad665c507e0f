/** One field of a text file as a column's value, under the rules of COPY; all in DuckDB SQL. */
import type { TableColumn } from './catalogue.ts'
import type { CopyStatement } from './copy-statement.ts'
import { parsePattern } from './formats.ts'
import { ESCAPED_DELIMITER, RESTORE } from './text-file.ts'
import { literal } from './tokens.ts'
import { duckType } from './types.ts'

/** Formats of DATEFORMAT 'auto': https://docs.aws.amazon.com/redshift/latest/dg/automatic-recognition.html */
const AUTOMATIC_DATES = [
  '%Y-%m-%d',
  '%Y%m%d',
  '%m/%d/%Y',
  '%d.%m.%Y',
  '%m-%d-%Y',
  '%Y/%m/%d',
  '%d-%b-%Y',
  '%b-%d-%Y',
  '%B-%d-%Y',
  '%Y.%m.%d',
]
const AUTOMATIC_TIMES = [
  '%Y-%m-%d %H:%M:%S.%f',
  '%Y-%m-%d %H:%M:%S',
  '%Y-%m-%dT%H:%M:%S.%f',
  '%Y-%m-%dT%H:%M:%S',
  '%Y-%m-%d %H:%M',
  '%Y-%m-%d',
  '%m/%d/%Y %H:%M:%S',
  '%Y%m%d %H:%M:%S',
]

/**
 * @param raw the field as it stands in the file; NULL where the line has no such field
 * @param text the name under which the text is known to the conversion
 * @param marked a file holds placeholders of {@link RESTORE}
 */
export function readField(
  column: TableColumn,
  raw: string,
  text: string,
  copy: CopyStatement,
  marked: boolean,
): { text: string; converted: string } {
  return { text: textSql(column, raw, copy, marked), converted: convertedSql(column, text, copy) }
}

/** The field's text, or NULL where COPY reads it as NULL. */
function textSql(column: TableColumn, raw: string, copy: CopyStatement, marked: boolean): string {
  const isText = column.type.name.startsWith('character')
  let value = raw
  if (copy.format === 'text' && marked) {
    for (const [placeholder, character] of RESTORE) {
      if (copy.escape || character === '\r') value = `replace(${value}, chr(${placeholder}), ${literal(character)})`
    }
    if (copy.escape) value = `replace(${value}, chr(${ESCAPED_DELIMITER}), ${literal(copy.delimiter)})`
  }
  if (copy.removeQuotes) value = `regexp_replace(${value}, '^(?s:"(.*)"|''(.*)'')$', '\\1\\2')`
  if (copy.trimBlanks && isText) value = `rtrim(${value}, ' ')`
  const nulls = [`${raw} = ${literal(copy.nullAs)}`]
  // An empty field is NULL for everything but texts.
  if (!isText || copy.emptyAsNull) nulls.push(`${raw} = ''`)
  if (!isText || copy.blanksAsNull) nulls.push(`(starts_with(${raw}, ' ') AND trim(${raw}) = '')`)
  return `CASE WHEN ${nulls.join(' OR ')} THEN NULL ELSE ${value} END`
}

/** The value, or NULL where the text does not convert. */
function convertedSql(column: TableColumn, text: string, copy: CopyStatement): string {
  const { type } = column
  const target = duckType(type)
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return `CASE WHEN NOT contains(${text}, '.') AND ${plainNumber(text)} THEN TRY_CAST(${text} AS ${target}) END`
    case 'numeric': {
      // Digits beyond the scale are cut off unless ROUNDEC is given; DuckDB alone would round.
      const scale = type.scale ?? 0
      const tooLong = `contains(${text}, '.') AND length(trim(${text})) - strpos(trim(${text}), '.') > ${scale}`
      const cut = `left(trim(${text}), strpos(trim(${text}), '.') + ${scale})`
      const value = copy.roundDecimals ? text : `CASE WHEN ${tooLong} THEN ${cut} ELSE ${text} END`
      return `CASE WHEN ${plainNumber(text)} THEN TRY_CAST(${value} AS ${target}) END`
    }
    case 'character':
    case 'character varying': {
      const singleBytes = type.name === 'character' ? ` AND strlen(${text}) = length(${text})` : ''
      const value = type.name === 'character' ? `rtrim(${text}, ' ')` : text
      if (copy.truncateColumns)
        return type.name === 'character'
          ? `CASE WHEN strlen(${text}) = length(${text}) THEN left(${value}, ${type.length}) END`
          : cutBytes(text, type.length ?? 256)
      return `CASE WHEN strlen(${value}) <= ${type.length}${singleBytes} THEN ${value} END`
    }
    case 'boolean':
      return `CASE WHEN lower(trim(${text})) IN ('t', 'true', 'y', 'yes', '1') THEN true WHEN lower(trim(${text})) IN ('f', 'false', 'n', 'no', '0') THEN false END`
    case 'date':
      if (!copy.dateFormat || copy.dateFormat.toUpperCase() === 'YYYY-MM-DD') {
        // The plain format needs no pattern; the check keeps out what only DuckDB reads (1999-3-1, 1999/03/01).
        return `CASE WHEN length(trim(${text})) = 10 AND contains(${text}, '-') AND NOT contains(${text}, '/') THEN TRY_CAST(${text} AS DATE) END`
      }
      return `CAST(${parsed(text, copy.dateFormat, AUTOMATIC_DATES, [])} AS DATE)`
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return `CAST(${parsed(text, copy.timeFormat ?? 'auto', AUTOMATIC_TIMES, ['epochsecs', 'epochmillisecs'])} AS ${target})`
    default:
      return `TRY_CAST(trim(${text}) AS ${target})`
  }
}

/** DuckDB also reads 1e3 and 1_000. */
function plainNumber(text: string): string {
  return `NOT contains(${text}, 'e') AND NOT contains(${text}, 'E') AND NOT contains(${text}, '_')`
}

function parsed(text: string, format: string, automatic: readonly string[], epochs: readonly string[]): string {
  const trimmed = `trim(${text})`
  if (format.toLowerCase() === 'auto') return `try_strptime(${trimmed}, [${automatic.map(literal).join(', ')}])`
  if (epochs.includes(format.toLowerCase())) {
    return `make_timestamp(CAST(TRY_CAST(${trimmed} AS DOUBLE) * ${format.toLowerCase() === 'epochsecs' ? 1_000_000 : 1000} AS BIGINT))`
  }
  return `try_strptime(${trimmed}, ${literal(parsePattern(format))})`
}

/** At most so many bytes, without cutting a character: as many characters as surely fit, where the bytes are too many. */
function cutBytes(text: string, bytes: number): string {
  const fits = `list_filter(range(length(${text}), -1, -1), lambda n: strlen(left(${text}, n)) <= ${bytes})[1]`
  return `CASE WHEN strlen(${text}) <= ${bytes} THEN ${text} ELSE left(${text}, ${fits}) END`
}
