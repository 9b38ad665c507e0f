/**
 * What Redshift knows about a table and DuckDB does not: declared types, encodings, distribution and sort keys. It is kept in DuckDB's comment on the
 * table, so that it is transactional, is dropped with the table, and holds for temporary tables too. (Not in comments on columns: DuckDB 1.5 cannot
 * replay those from its log after a crash where a CHECK or DEFAULT of the table calls a function.)
 */
import { type Connection, query } from './database.ts'
import { WarehouseObjectError } from './errors.ts'
import { identifier, literal } from './tokens.ts'
import { formatType, parseType, type RedshiftType, typeOfDuck } from './types.ts'

export interface TableColumn {
  name: string
  type: RedshiftType
  nullable: boolean
  /** DuckDB SQL. */
  default?: string
  encoding?: string
}

export interface TableAttributes {
  /** `AUTO`, `EVEN`, `ALL` or `KEY`. */
  distStyle: string
  distKey?: string
  sortKey: string[]
  interleaved?: boolean
}

export interface Table extends TableAttributes {
  schema: string
  name: string
  temporary: boolean
  columns: TableColumn[]
}

/** The comment's JSON. */
interface Declaration extends TableAttributes {
  columns: Record<string, { type: string; encoding?: string }>
}

/** The table's name as DuckDB SQL. */
export function tableSql(table: { schema: string; name: string; temporary: boolean }): string {
  return table.temporary
    ? `temp.main.${identifier(table.name)}`
    : `${identifier(table.schema)}.${identifier(table.name)}`
}

interface CatalogueRow extends Record<string, string | number | boolean | null> {
  schema_name: string
  temporary: boolean
  column_name: string
  data_type: string
  is_nullable: boolean
  column_default: string | null
  table_comment: string | null
}

/**
 * A table as it was declared; a temporary one hides a permanent one of the same name.
 *
 * @returns undefined when there is no such table
 */
export async function findTable(
  connection: Connection,
  name: { schema?: string; name: string },
  searchPath: readonly string[] = ['public'],
): Promise<Table | undefined> {
  const rows = await query<CatalogueRow>(
    connection,
    `SELECT t.schema_name, t.temporary, c.column_name, c.data_type, c.is_nullable, c.column_default, t.comment AS table_comment
     FROM duckdb_tables() t JOIN duckdb_columns() c ON c.table_oid = t.table_oid AND c.database_oid = t.database_oid AND c.schema_oid = t.schema_oid
     WHERE lower(t.table_name) = ${literal(name.name)} AND NOT t.internal
       AND (t.temporary OR t.database_name = current_database())
     ORDER BY c.column_index`,
  )
  const schemas = name.schema ? [name.schema] : searchPath
  const temporary = name.schema && !name.schema.startsWith('pg_temp') ? [] : rows.filter((row) => row.temporary)
  const schema = schemas.find((candidate) => rows.some((row) => !row.temporary && row.schema_name === candidate))
  const own = temporary.length > 0 ? temporary : rows.filter((row) => !row.temporary && row.schema_name === schema)
  const first = own[0]
  if (!first) return undefined
  const { columns = {}, ...attributes }: Partial<Declaration> & TableAttributes = first.table_comment
    ? JSON.parse(first.table_comment)
    : { distStyle: 'AUTO', sortKey: [], columns: {} }
  return {
    ...attributes,
    schema: first.schema_name,
    name: name.name,
    temporary: first.temporary,
    columns: own.map((row) => {
      const declared = columns[row.column_name]
      return {
        name: row.column_name,
        type: declared ? parseType(declared.type) : typeOfDuck(row.data_type),
        nullable: row.is_nullable,
        ...(row.column_default === null ? {} : { default: row.column_default }),
        ...(declared?.encoding ? { encoding: declared.encoding } : {}),
      }
    }),
  }
}

/** @throws WarehouseObjectError `relation "x" does not exist` */
export async function requireTable(
  connection: Connection,
  name: { schema?: string; name: string },
  searchPath?: readonly string[],
): Promise<Table> {
  const table = await findTable(connection, name, searchPath)
  if (!table) throw new WarehouseObjectError('42P01', `relation "${name.name}" does not exist`)
  return table
}

/** The COMMENT statement that keeps a table's declaration. */
export function declare(table: Table): string {
  const { distStyle, distKey, sortKey, interleaved } = table
  const columns = Object.fromEntries(
    table.columns.map(({ name, type, encoding }) => [name, { type: formatType(type), encoding }]),
  )
  const declaration = JSON.stringify({ distStyle, distKey, sortKey, interleaved, columns })
  return `COMMENT ON TABLE ${tableSql(table)} IS ${literal(declaration)}`
}
