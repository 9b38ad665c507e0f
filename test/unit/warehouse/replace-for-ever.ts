/** A process that replaces a quarter again and again until it is killed: `node replace-for-ever.ts <folder>`; a line for each commit. */
import { join } from 'node:path'
import { openWarehouse } from '../../../local/engines/warehouse/index.ts'

const folder = process.argv[2] as string
const warehouse = await openWarehouse({
  file: join(folder, 'loans.duckdb'),
  temp: join(folder, 'temp'),
  locate: async () => folder,
})
for (const statement of [
  'CREATE TABLE first (quarter CHAR(6) NOT NULL ENCODE zstd, number INT, n INT, loaded TIMESTAMP DEFAULT GETDATE())',
  "ALTER TABLE first ADD COLUMN note VARCHAR(10) DEFAULT NVL(NULL, 'none')",
  'ALTER TABLE first RENAME COLUMN number TO round',
  'ALTER TABLE first RENAME TO loans',
  'ALTER TABLE loans ALTER SORTKEY (n)',
  "CREATE VIEW months AS SELECT TO_CHAR(loaded, 'YYYY-MM') AS month FROM loans",
]) {
  await warehouse.execute(statement)
}
for (let round = 0; ; round++) {
  await warehouse.transaction([
    "DELETE FROM loans WHERE quarter = '1999Q1'",
    `INSERT INTO loans (quarter, round, n) SELECT '1999Q1', ${round}, n FROM generate_series(1, 20000) t(n)`,
  ])
  process.stdout.write(`${round}\n`)
}
