/** Runs a COPY: finds the table and the files, loads them, and writes the load's history. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { findTable, type Table, type TableColumn } from './catalogue.ts'
import { readCopy } from './copy-statement.ts'
import { type Connection, query } from './database.ts'
import { type LoadError, WarehouseLoadError, WarehouseObjectError } from './errors.ts'
import { loadParquet } from './load-parquet.ts'
import { loadText } from './load-text.ts'
import { isHidden, listObjects, manifestObjects } from './objects.ts'
import type { WarehouseSession } from './session.ts'
import { recordLoad } from './system-views.ts'
import type { Node } from './tree.ts'

/** @returns the number of rows @throws WarehouseLoadError; the reasons are in SYS_LOAD_ERROR_DETAIL then */
export async function copyInto(session: WarehouseSession, nodes: readonly Node[]): Promise<number> {
  const copy = readCopy(nodes)
  const { context, connection } = session
  const table = await findTable(connection, copy.table, session.searchPath)
  if (!table) throw new WarehouseObjectError('42P01', `Cannot COPY into nonexistent table ${copy.table.name}`)
  const columns = columnsOf(table, copy.columns)
  if (!table.temporary) await session.takeLock()
  const listed = copy.manifest
    ? await manifestObjects(context.locate, copy.from, copy.role, copy.format === 'parquet')
    : await listObjects(context.locate, copy.from, copy.role)
  const files = copy.format === 'parquet' ? listed.filter((file) => !isHidden(file) && file.size > 0) : listed
  const load = {
    queryId: await nextQueryId(context.log),
    sessionId: context.id,
    table: table.name,
    start: new Date(),
    source: copy.from,
    format: copy.format,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    files: files.length,
  }
  const finish = (status: 'completed' | 'failed', rows: number, errors: readonly LoadError[]) =>
    recordLoad(context.log, { ...load, status, rows, errors, end: new Date() })
  try {
    const { rows, errors } = await session.atomically(async () => {
      if (copy.format === 'parquet') return { rows: await loadParquet(connection, table, columns, files), errors: [] }
      const temp = join(context.temp, `copy-${randomUUID()}`)
      return loadText({ connection, diagnosis: context.log, copy, table, columns, files, temp })
    })
    await finish('completed', rows, errors)
    return rows
  } catch (error) {
    await finish('failed', 0, error instanceof WarehouseLoadError ? error.errors : [])
    throw error
  }
}

function columnsOf(table: Table, names: readonly string[] | undefined): TableColumn[] {
  if (!names) return table.columns
  return names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name)
    if (!column) throw new WarehouseObjectError('42703', `column "${name}" of relation "${table.name}" does not exist`)
    return column
  })
}

async function nextQueryId(log: Connection): Promise<number> {
  const [row] = await query<{ id: string }>(log, "SELECT nextval('redshift_system.query_ids') AS id")
  return Number(row?.id)
}
