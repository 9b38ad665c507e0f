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
 * @param text the name under which {@link Field.text} is known to {@link Field.converted}
 */
export function readField(
  column: TableColumn,
  raw: string,
  text: string,
  copy: CopyStatement,
): { text: string; converted: string } {
  return { text: textSql(column, raw, copy), converted: convertedSql(column, text, copy) }
}

/** The field's text, or NULL where COPY reads it as NULL. */
function textSql(column: TableColumn, raw: string, copy: CopyStatement): string {
  const isText = column.type.name.startsWith('character')
  let value = raw
  if (copy.format === 'text') {
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
  if (!isText || copy.blanksAsNull) nulls.push(`trim(${raw}) = ''`)
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
      // DuckDB alone would round 1.5 and read 1e3.
      return `CASE WHEN regexp_full_match(${text}, '\\s*[+-]?[0-9]+\\s*') THEN TRY_CAST(trim(${text}) AS ${target}) END`
    case 'numeric': {
      const number = `trim(${text})`
      const extra = `\\.[0-9]{${(type.scale ?? 0) + 1},}`
      const cut = `regexp_replace(${number}, '(\\.[0-9]{${type.scale ?? 0}})[0-9]+', '\\1')`
      const value = copy.roundDecimals
        ? number
        : `CASE WHEN regexp_matches(${number}, '${extra}') THEN ${cut} ELSE ${number} END`
      return `CASE WHEN regexp_full_match(${number}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)') THEN TRY_CAST(${value} AS ${target}) END`
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
      return `CAST(${parsed(text, copy.dateFormat ?? 'YYYY-MM-DD', AUTOMATIC_DATES, [])} AS DATE)`
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return `CAST(${parsed(text, copy.timeFormat ?? 'auto', AUTOMATIC_TIMES, ['epochsecs', 'epochmillisecs'])} AS ${target})`
    default:
      return `TRY_CAST(trim(${text}) AS ${target})`
  }
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
