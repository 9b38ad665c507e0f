/**
 * Redshift's system views, as far as people look into them after a load: SVV_TABLE_INFO, PG_TABLE_DEF, SYS_LOAD_HISTORY, SYS_LOAD_ERROR_DETAIL, STL_LOAD_ERRORS.
 * https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html. The loads are kept whether or not their transaction commits.
 */
import type { Connection } from './database.ts'
import type { LoadError } from './errors.ts'
import { literal } from './tokens.ts'

/** Made at every opening; tables keep their rows. */
const STATEMENTS = [
  'CREATE SCHEMA IF NOT EXISTS public',
  'CREATE SCHEMA IF NOT EXISTS redshift_system',
  'CREATE SEQUENCE IF NOT EXISTS redshift_system.query_ids START 1001',
  `CREATE TABLE IF NOT EXISTS redshift_system.loads (
     query_id BIGINT, session_id BIGINT, status VARCHAR, table_name VARCHAR, start_time TIMESTAMP, end_time TIMESTAMP, data_source VARCHAR,
     file_format VARCHAR, loaded_rows BIGINT, loaded_bytes BIGINT, source_file_count BIGINT, error_count BIGINT)`,
  `CREATE TABLE IF NOT EXISTS redshift_system.load_errors (
     query_id BIGINT, session_id BIGINT, table_name VARCHAR, start_time TIMESTAMP, file_name VARCHAR, line_number BIGINT, column_name VARCHAR, column_type VARCHAR,
     column_length VARCHAR, position INTEGER, error_code INTEGER, error_message VARCHAR, raw_line VARCHAR, raw_value VARCHAR)`,
  `CREATE OR REPLACE VIEW redshift_system.sys_load_history AS
     SELECT 100 AS user_id, query_id, query_id AS transaction_id, session_id, current_database() AS database_name, status, table_name, start_time, end_time,
       date_diff('microsecond', start_time, end_time) AS duration, data_source, file_format, loaded_rows, loaded_bytes, source_file_count,
       loaded_bytes AS source_file_bytes, source_file_count AS file_count_scanned, loaded_bytes AS file_bytes_scanned, error_count, -1 AS copy_job_id
     FROM redshift_system.loads`,
  `CREATE OR REPLACE VIEW redshift_system.sys_load_error_detail AS
     SELECT 100 AS user_id, query_id, query_id AS transaction_id, session_id, current_database() AS database_name, table_name AS table_id, start_time, file_name, line_number,
       column_name, column_type, column_length, position, error_code, error_message
     FROM redshift_system.load_errors`,
  `CREATE OR REPLACE VIEW redshift_system.stl_load_errors AS
     SELECT 100 AS userid, 0 AS slice, table_name AS tbl, start_time AS starttime, session_id AS session, query_id AS query, file_name AS filename,
       line_number, column_name AS colname, column_type AS type, column_length AS col_length, position, raw_line, raw_value AS raw_field_value,
       error_code AS err_code, error_message AS err_reason
     FROM redshift_system.load_errors`,
  `CREATE OR REPLACE VIEW redshift_system.pg_table_def AS
     SELECT c.schema_name AS schemaname, c.table_name AS tablename, c.column_name AS "column",
       coalesce(json_extract_string(t.comment, '$.columns."' || c.column_name || '".type'), lower(c.data_type)) AS type,
       coalesce(json_extract_string(t.comment, '$.columns."' || c.column_name || '".encoding'), 'none') AS encoding,
       coalesce(json_extract_string(t.comment, '$.distKey') = c.column_name, false) AS distkey,
       coalesce(list_position(from_json(t.comment->'$.sortKey', '["VARCHAR"]'), c.column_name), 0) AS sortkey,
       NOT c.is_nullable AS "notnull"
     FROM duckdb_columns() c JOIN duckdb_tables() t ON t.table_oid = c.table_oid AND t.schema_oid = c.schema_oid AND t.database_oid = c.database_oid
     WHERE NOT c.internal AND t.schema_name NOT IN ('redshift_system') AND t.database_name = current_database()
     ORDER BY c.schema_name, c.table_name, c.column_index`,
  `CREATE OR REPLACE VIEW redshift_system.svv_table_info AS
     SELECT t.database_name AS "database", t.schema_name AS "schema", t.table_oid AS table_id, t.table_name AS "table",
       CASE WHEN contains(t.comment, '"encoding":')
            THEN 'Y' ELSE 'Y, AUTO(ENCODE)' END AS encoded,
       CASE json_extract_string(t.comment, '$.distStyle')
         WHEN 'KEY' THEN 'KEY(' || json_extract_string(t.comment, '$.distKey') || ')'
         WHEN 'EVEN' THEN 'EVEN' WHEN 'ALL' THEN 'ALL' ELSE 'AUTO(EVEN)' END AS diststyle,
       coalesce(json_extract_string(t.comment, '$.sortKey[0]'), 'AUTO(SORTKEY)') AS sortkey1,
       coalesce(json_array_length(t.comment->'$.sortKey'), 0) AS sortkey_num,
       0.0 AS unsorted, 0.0 AS stats_off, t.estimated_size AS tbl_rows, t.estimated_size AS estimated_visible_rows
     FROM duckdb_tables() t
     WHERE NOT t.internal AND NOT t.temporary AND t.schema_name NOT IN ('redshift_system') AND t.database_name = current_database()`,
]

export async function createSystemViews(connection: Connection): Promise<void> {
  for (const statement of STATEMENTS) await connection.run(statement)
}

export interface LoadRecord {
  queryId: number
  sessionId: number
  status: 'completed' | 'failed' | 'aborted'
  table: string
  start: Date
  end: Date
  source: string
  format: string
  rows: number
  bytes: number
  files: number
  errors: readonly LoadError[]
}

/** Writes one load into the history. `connection` is not the one that loads, so that a rollback does not take the history along. */
export async function recordLoad(connection: Connection, load: LoadRecord): Promise<void> {
  const time = (date: Date) => `TIMESTAMP ${literal(date.toISOString().replace('T', ' ').replace('Z', ''))}`
  await connection.run(
    `INSERT INTO redshift_system.loads VALUES (${load.queryId}, ${load.sessionId}, ${literal(load.status)}, ${literal(load.table)}, ${time(load.start)},
       ${time(load.end)}, ${literal(load.source)}, ${literal(load.format)}, ${load.rows}, ${load.bytes}, ${load.files}, ${load.errors.length})`,
  )
  if (load.errors.length === 0) return
  const rows = load.errors.map((error) => {
    const texts = [error.columnName, error.columnType, error.columnLength].map(literal).join(', ')
    return `(${load.queryId}, ${load.sessionId}, ${literal(load.table)}, ${time(load.start)}, ${literal(error.fileName)}, ${error.lineNumber}, ${texts}, ${error.position},
      ${error.code}, ${literal(error.reason)}, ${literal(error.rawLine)}, ${literal(error.rawValue)})`
  })
  await connection.run(`INSERT INTO redshift_system.load_errors VALUES ${rows.join(',\n')}`)
}
