/**
 * Redshift's column types and what DuckDB keeps for them.
 * https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
 */

export type TypeName =
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'real'
  | 'double precision'
  | 'boolean'
  | 'character'
  | 'character varying'
  | 'date'
  | 'timestamp without time zone'
  | 'timestamp with time zone'
  | 'time without time zone'
  | 'varbyte'

export interface RedshiftType {
  readonly name: TypeName
  /** Bytes of a text type; total digits of a numeric. */
  readonly length?: number
  /** Digits after the point of a numeric. */
  readonly scale?: number
}

const NAMES: Record<string, TypeName> = {
  smallint: 'smallint',
  int2: 'smallint',
  integer: 'integer',
  int: 'integer',
  int4: 'integer',
  bigint: 'bigint',
  int8: 'bigint',
  numeric: 'numeric',
  decimal: 'numeric',
  real: 'real',
  float4: 'real',
  'double precision': 'double precision',
  float8: 'double precision',
  float: 'double precision',
  boolean: 'boolean',
  bool: 'boolean',
  char: 'character',
  character: 'character',
  nchar: 'character',
  bpchar: 'character',
  varchar: 'character varying',
  'character varying': 'character varying',
  nvarchar: 'character varying',
  text: 'character varying',
  date: 'date',
  timestamp: 'timestamp without time zone',
  'timestamp without time zone': 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  'timestamp with time zone': 'timestamp with time zone',
  time: 'time without time zone',
  'time without time zone': 'time without time zone',
  varbyte: 'varbyte',
  varbinary: 'varbyte',
}

const MAX_VARCHAR = 65_535

/**
 * A type by its SQL name and arguments: `('varchar', ['60'])`. Redshift's defaults: VARCHAR is VARCHAR(256), CHAR is CHAR(1), DECIMAL is DECIMAL(18,0).
 *
 * @returns undefined for a name that is no type here (SUPER, GEOMETRY, HLLSKETCH, ... included)
 */
export function redshiftType(name: string, parameters: readonly string[] = []): RedshiftType | undefined {
  const known = NAMES[name.toLowerCase().replace(/\s+/g, ' ')]
  if (!known) return undefined
  const first = parameters[0]?.toLowerCase() === 'max' ? MAX_VARCHAR : Number(parameters[0] ?? Number.NaN)
  switch (known) {
    case 'character varying':
      return { name: known, length: Number.isNaN(first) ? 256 : first }
    case 'character':
      return { name: known, length: Number.isNaN(first) ? (name.toLowerCase() === 'bpchar' ? 256 : 1) : first }
    case 'numeric':
      return { name: known, length: Number.isNaN(first) ? 18 : first, scale: Number(parameters[1] ?? 0) }
    case 'double precision':
      // FLOAT(1..24) is REAL.
      return { name: name.toLowerCase() === 'float' && first <= 24 ? 'real' : known }
    default:
      return { name: known }
  }
}

/** As `PG_TABLE_DEF.type` prints it: `character varying(60)`, `numeric(14,2)`. */
export function formatType(type: RedshiftType): string {
  if (type.name === 'numeric') return `numeric(${type.length},${type.scale ?? 0})`
  return type.length === undefined ? type.name : `${type.name}(${type.length})`
}

/** Reads what {@link formatType} wrote. */
export function parseType(text: string): RedshiftType {
  const [, name = '', parameters] = /^([^(]+)(?:\((.*)\))?$/.exec(text) ?? []
  const type = redshiftType(name.trim(), parameters?.split(','))
  if (!type) throw new TypeError(`"${text}" is no Redshift type; the catalogue of the warehouse is damaged.`)
  return type
}

/** The short names that the Data API uses in ColumnMetadata.typeName. */
export function shortType(type: RedshiftType): string {
  const short: Record<TypeName, string> = {
    smallint: 'int2',
    integer: 'int4',
    bigint: 'int8',
    numeric: 'numeric',
    real: 'float4',
    'double precision': 'float8',
    boolean: 'bool',
    character: 'bpchar',
    'character varying': 'varchar',
    date: 'date',
    'timestamp without time zone': 'timestamp',
    'timestamp with time zone': 'timestamptz',
    'time without time zone': 'time',
    varbyte: 'varbyte',
  }
  return short[type.name]
}

/** DuckDB's type for a column. Text lengths are kept by CHECK constraints, because DuckDB ignores them. */
export function duckType(type: RedshiftType): string {
  switch (type.name) {
    case 'numeric':
      return `DECIMAL(${type.length},${type.scale ?? 0})`
    case 'character':
    case 'character varying':
      return 'VARCHAR'
    case 'double precision':
      return 'DOUBLE'
    case 'timestamp without time zone':
      return 'TIMESTAMP'
    case 'timestamp with time zone':
      return 'TIMESTAMPTZ'
    case 'time without time zone':
      return 'TIME'
    case 'varbyte':
      return 'BLOB'
    default:
      return type.name.toUpperCase()
  }
}

/** The Redshift type of a column that DuckDB made by itself (a query's result, CREATE TABLE AS). */
export function typeOfDuck(duck: string): RedshiftType {
  const [, name = '', parameters] = /^([A-Z_ ]+)(?:\((.*)\))?$/.exec(duck) ?? []
  switch (name) {
    case 'TINYINT':
    case 'UTINYINT':
    case 'SMALLINT':
      return { name: 'smallint' }
    case 'USMALLINT':
    case 'INTEGER':
      return { name: 'integer' }
    case 'UINTEGER':
    case 'BIGINT':
    // SUM and COUNT of integers: BIGINT on Redshift, HUGEINT in DuckDB.
    case 'UBIGINT':
    case 'HUGEINT':
      return { name: 'bigint' }
    case 'DECIMAL': {
      const [precision, scale] = (parameters ?? '18,0').split(',').map(Number)
      return { name: 'numeric', length: precision as number, scale: scale as number }
    }
    case 'FLOAT':
      return { name: 'real' }
    case 'DOUBLE':
      return { name: 'double precision' }
    case 'BOOLEAN':
      return { name: 'boolean' }
    case 'DATE':
      return { name: 'date' }
    case 'TIMESTAMP':
    case 'TIMESTAMP_NS':
    case 'TIMESTAMP_MS':
    case 'TIMESTAMP_S':
      return { name: 'timestamp without time zone' }
    case 'TIMESTAMP WITH TIME ZONE':
      return { name: 'timestamp with time zone' }
    case 'TIME':
      return { name: 'time without time zone' }
    case 'BLOB':
      return { name: 'varbyte' }
    default:
      return { name: 'character varying', length: MAX_VARCHAR }
  }
}

/** A condition that a value of the type must meet beyond DuckDB's own type; undefined when there is none. `column` is SQL. */
export function typeCheck(type: RedshiftType, column: string): string | undefined {
  if (type.length === undefined || (type.name !== 'character' && type.name !== 'character varying')) return undefined
  // strlen counts bytes, as Redshift does. CHAR holds single-byte characters only.
  const bytes = `strlen(${column}) <= ${type.length}`
  return type.name === 'character' ? `${bytes} AND strlen(${column}) = length(${column})` : bytes
}
