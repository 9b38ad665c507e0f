/** ListDatabases, ListSchemas, ListTables and DescribeTable: the catalogue, asked at once. */
import { parseType } from '../../engines/warehouse/types.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { columnMetadata } from './fields.ts'
import type { Namespaces } from './namespaces.ts'
import type { Warehouses } from './warehouses.ts'

const PAGE = 1000

export function metadataOperations(namespaces: Namespaces, warehouses: Warehouses): Record<string, Operation> {
  async function rows(input: any, sql: string): Promise<unknown[][]> {
    const workgroup = namespaces.workgroup(workgroupOf(input))
    try {
      const warehouse = await warehouses.open(workgroup.namespace, input.Database)
      return (await warehouse.execute(sql)).rows ?? []
    } catch (error) {
      throw new AwsError('ValidationException', (error as Error).message)
    }
  }

  return {
    ListDatabases(input) {
      const workgroup = namespaces.workgroup(workgroupOf(input))
      return { Databases: warehouses.databases(workgroup.namespace) }
    },

    async ListSchemas(input) {
      const found = await rows(
        input,
        `SELECT DISTINCT schema_name FROM duckdb_schemas()
         WHERE NOT internal AND schema_name NOT IN ('redshift_system', 'main') AND database_name = current_database() ORDER BY 1`,
      )
      return page(input, 'Schemas', found.map(([name]) => String(name)).filter(like(input.SchemaPattern)))
    },

    async ListTables(input) {
      const found = await rows(
        input,
        `SELECT schema_name, table_name, 'TABLE' AS kind FROM duckdb_tables() WHERE NOT internal AND NOT temporary AND schema_name <> 'redshift_system'
         UNION ALL
         SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE NOT internal AND NOT temporary AND schema_name <> 'redshift_system'
         ORDER BY 1, 2`,
      )
      const tables = found
        .filter(([schema, name]) => like(input.SchemaPattern)(String(schema)) && like(input.TablePattern)(String(name)))
        .map(([schema, name, type]) => ({ name, type, schema }))
      return page(input, 'Tables', tables)
    },

    async DescribeTable(input) {
      const schema = input.Schema ?? 'public'
      const quote = (text: string) => `'${String(text).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
      const found = await rows(
        input,
        `SELECT "column", type, "notnull" FROM pg_table_def WHERE schemaname = ${quote(schema)} AND tablename = ${quote(input.Table ?? '')}`,
      )
      if (found.length === 0) return { TableName: input.Table, ColumnList: [] }
      const ColumnList = found.map(([name, type, notNull]) => ({
        ...columnMetadata({ name: String(name), type: parseType(String(type)) }),
        nullable: notNull ? 0 : 1,
        schemaName: schema,
        tableName: input.Table,
        length: parseType(String(type)).length ?? 0,
      }))
      return { TableName: input.Table, ...page(input, 'ColumnList', ColumnList) }
    },
  }
}

function workgroupOf(input: any): string {
  const name = input.WorkgroupName ?? input.ClusterIdentifier
  if (!name) throw new AwsError('ValidationException', 'Either ClusterIdentifier or WorkgroupName has to be given.')
  return name
}

/** SQL's LIKE: `%` any text, `_` one character. */
function like(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined) return () => true
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const matcher = new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's')
  return (text) => matcher.test(text)
}

function page<T>(input: any, name: string, items: T[]): Record<string, unknown> {
  const from = Number(input.NextToken ?? 0)
  const size = input.MaxResults || PAGE
  return {
    [name]: items.slice(from, from + size),
    ...(from + size < items.length ? { NextToken: String(from + size) } : {}),
  }
}
