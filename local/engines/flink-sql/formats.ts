/**
 * How records become rows and rows records: `raw` for sources
 * (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/connectors/table/formats/raw/), `json` for sinks
 * (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/connectors/table/formats/json/; flink-formats/flink-json
 * …/RowDataToJsonConverters.java).
 */
import type { LogicalType, Value } from './types.ts'
import { exactText, plainText, stripZeros } from './values/decimal.ts'
import { doubleText, floatText } from './values/numbers.ts'
import { timestampText } from './values/timestamp.ts'

/** The options of a sink's format that the subset knows, with their defaults. */
export const JSON_OPTIONS = {
  'json.timestamp-format.standard': ['SQL', 'ISO-8601'],
  'json.encode.ignore-null-fields': ['false', 'true'],
  'json.encode.decimal-as-plain-number': ['false', 'true'],
} as const

export type JsonOption = keyof typeof JSON_OPTIONS

/** The raw format's one STRING column; broken UTF-8 becomes U+FFFD. */
export function decodeRaw(record: Uint8Array): string {
  return Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString('utf8')
}

type Encode = (value: NonNullable<Value>) => string

/** A row as one JSON object without a line end, in the order of the columns. */
export function jsonEncoder(
  columns: { name: string; type: LogicalType }[],
  option: (name: JsonOption) => string,
): (values: Value[]) => string {
  const iso = option('json.timestamp-format.standard') === 'ISO-8601'
  const plain = option('json.encode.decimal-as-plain-number') === 'true'
  const skipsNull = option('json.encode.ignore-null-fields') === 'true'
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`)
  const encoders = columns.map(({ type }) => encoder(type, iso, plain))
  return (values) => {
    let text = ''
    for (let i = 0; i < names.length; i++) {
      const value = values[i] ?? null
      if (value === null && skipsNull) continue
      text += `${text === '' ? '' : ','}${names[i]}${value === null ? 'null' : encoders[i]!(value)}`
    }
    return `{${text}}`
  }
}

function encoder(type: LogicalType, iso: boolean, plain: boolean): Encode {
  switch (type.name) {
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const zone = type.name === 'TIMESTAMP_LTZ' ? 'Z' : ''
      return (value) => `"${momentText(value as number, iso)}${zone}"`
    }
    case 'DECIMAL': {
      // Jackson's JsonNodeFactory strips zeros from a BigDecimal.
      const write = plain ? plainText : exactText
      return (value) => write(stripZeros({ unscaled: value as bigint, scale: type.scale }))
    }
    case 'DOUBLE':
      return (value) => finite(value as number, doubleText)
    case 'FLOAT':
      return (value) => finite(value as number, floatText)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'BOOLEAN':
      return String
    default:
      return JSON.stringify
  }
}

/** Jackson quotes what JSON has no number for. */
function finite(value: number, text: (value: number) => string): string {
  return Number.isFinite(value) ? text(value) : `"${text(value)}"`
}

/** Zeros behind the last digit of a second's fraction are left out (flink-json TimeFormats.java, appendFraction(0, 9)). */
function momentText(ms: number, iso: boolean): string {
  const text = timestampText(ms)
  const trimmed = ms % 1000 === 0 ? text.slice(0, -4) : text.replace(/0+$/, '')
  return iso ? trimmed.replace(' ', 'T') : trimmed
}
