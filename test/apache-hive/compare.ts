/** Compares what two Hives have written below two folders: every row of every table, whatever its file and its order. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const PARQUET = ['origination', 'performance', 'servicing']
const TEXT = ['quarantine', 'export', 'counts']
/** How many differing rows are shown of each table. */
const SHOWN = 5

/** Files below a folder, without what Hadoop keeps for itself: checksums, markers, staging folders. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split('/')
          .some((part) => /^[._]/.test(part)),
    )
    .sort()
}

/** Every line of a table of text, with its partition before it: `quarter=1999Q4: …`. */
async function linesOf(folder: string): Promise<Map<string, number>> {
  const lines = new Map<string, number>()
  for (const path of await filesOf(folder)) {
    const text = await readFile(path, 'latin1')
    for (const line of text.split('\n').slice(0, text.endsWith('\n') ? -1 : undefined)) {
      const key = `${dirname(relative(folder, path))}: ${line}`
      lines.set(key, (lines.get(key) ?? 0) + 1)
    }
  }
  return lines
}

const only = (some: Map<string, number>, others: Map<string, number>) =>
  [...some].filter(([line, count]) => count > (others.get(line) ?? 0)).map(([line]) => line)

const total = (lines: Map<string, number>) => [...lines.values()].reduce((sum, count) => sum + count, 0)

/**
 * Prints a line a table, and the first rows that only one of the two has.
 * @returns how many tables differ, or are empty in both
 */
export async function compareFolders(ours: string, theirs: string, say: (line: string) => void): Promise<number> {
  let differences = 0
  const tell = (table: string, rows: [number, number], mine: readonly string[], others: readonly string[]) => {
    const equal = mine.length === 0 && others.length === 0 && rows[0] === rows[1] && rows[0] > 0
    if (!equal) differences++
    say(`${equal ? 'equal ' : 'DIFFER'}  ${table.padEnd(24)} ${rows[0]} rows here, ${rows[1]} of Apache Hive`)
    for (const row of mine.slice(0, SHOWN)) say(`        only here: ${row}`)
    for (const row of others.slice(0, SHOWN)) say(`        only Apache Hive: ${row}`)
  }

  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
  for (const table of PARQUET) {
    for (const [name, folder] of [
      ['ours', ours],
      ['theirs', theirs],
    ] as const) {
      const files = (await filesOf(join(folder, table))).map((path) => `'${path}'`).join(', ')
      await query(`CREATE OR REPLACE VIEW ${name} AS SELECT * FROM read_parquet([${files}], hive_partitioning = true)`)
    }
    const [counts] = await query('SELECT (SELECT count(*) FROM ours) AS a, (SELECT count(*) FROM theirs) AS b')
    const rows = async (a: string, b: string) =>
      (await query(`SELECT * FROM ${a} EXCEPT ALL SELECT * FROM ${b} LIMIT ${SHOWN}`)).map((row) => JSON.stringify(row))
    tell(table, [Number(counts!.a), Number(counts!.b)], await rows('ours', 'theirs'), await rows('theirs', 'ours'))
  }
  connection.closeSync()
  instance.closeSync()

  for (const table of TEXT) {
    const [mine, others] = [await linesOf(join(ours, table)), await linesOf(join(theirs, table))]
    tell(table, [total(mine), total(others)], only(mine, others), only(others, mine))
  }
  return differences
}
