/** Values and columns in the Data API's shapes: https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_Field.html */
import type { ResultColumn } from '../../engines/warehouse/index.ts'
import { type RedshiftType, shortType } from '../../engines/warehouse/types.ts'

const PRECISION: Partial<Record<RedshiftType['name'], number>> = {
  smallint: 5,
  integer: 10,
  bigint: 19,
  real: 8,
  'double precision': 17,
  boolean: 1,
  date: 13,
  'timestamp without time zone': 29,
  'timestamp with time zone': 35,
}

export function field(value: unknown, type: RedshiftType) {
  if (value === null) return { isNull: true }
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint': {
      const number = Number(value)
      return { longValue: Number.isSafeInteger(number) ? number : BigInt(value as string) }
    }
    case 'real':
    case 'double precision':
      return { doubleValue: Number(value) }
    case 'boolean':
      return { booleanValue: value as boolean }
    case 'varbyte':
      return { blobValue: Buffer.from(String(value), 'base64') }
    default:
      return { stringValue: String(value) }
  }
}

export function columnMetadata(column: ResultColumn) {
  const { type } = column
  const isText = type.name.startsWith('character')
  const isNumber = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'].includes(type.name)
  return {
    isCaseSensitive: isText,
    isCurrency: false,
    isSigned: isNumber,
    label: column.name,
    name: column.name,
    nullable: 1,
    precision: type.length ?? PRECISION[type.name] ?? 0,
    scale: type.scale ?? 0,
    schemaName: '',
    tableName: '',
    typeName: shortType(type),
    length: isText ? 0 : (type.length ?? 0),
  }
}
