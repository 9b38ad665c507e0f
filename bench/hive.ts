/**
 * How much HiveQL costs over DuckDB: hql/process-performance.hql against the same work in SQL written for DuckDB by hand, over the same
 * file, with the same memory and threads. Both must give the same rows.
 *
 *     node bench/hive.ts [--loans 20000] [--rounds 3]
 *
 * Prints seconds of wall clock and of processor time (which is what counts on a busy machine), medians, and their ratios.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { openPromise } from 'yauzl'
import { ALL_DIRT, generateArchive } from '../data/loans/generate-archive.ts'
import { createHive } from '../local/engines/hive/index.ts'
import { byHand } from './hive-by-hand.ts'

const QUARTER = '1999Q1'
const MEMORY = '1500MB'
const THREADS = 2

const { values } = parseArgs({
  options: { loans: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
})
const root = await mkdtemp(join(tmpdir(), 'stepwell-bench-'))

interface Cost {
  wall: number
  processor: number
}

async function cost(work: () => Promise<void>): Promise<Cost> {
  const [cpu, clock] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: (performance.now() - clock) / 1000, processor: (user + system) / 1e6 }
}

const median = (costs: readonly Cost[], of: keyof Cost): number =>
  costs.map((c) => c[of]).sort((a, b) => a - b)[Math.floor(costs.length / 2)]!

/** Unpacks an archive to where the scripts look for it. DuckDB reads no Windows-1252, so the sample has none. */
async function prepare(): Promise<number> {
  const kinds = ALL_DIRT.filter((kind) => kind !== 'Windows-1252 name' && !kind.startsWith('carriage return'))
  const archive = await generateArchive({
    quarter: QUARTER,
    loans: Number(values.loans),
    dirty: 0.005,
    kinds,
    folder: root,
  })
  const zip = await openPromise(archive.path)
  for await (const entry of zip.eachEntry()) {
    const table = entry.fileName.startsWith('orig') ? 'origination' : 'performance'
    const folder = join(root, 'raw', table, 'layout=r47', `quarter=${QUARTER}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, entry.fileName), await buffer(await zip.openReadStreamPromise(entry)))
  }
  return archive.truth.tables.performance.raw
}

async function hiveRun(): Promise<Cost> {
  const session = await createHive({
    locate: async (uri) => join(root, uri.replace('s3://', '')),
    hdfs: join(root, 'hdfs'),
    temp: join(root, 'temp'),
    threads: THREADS,
    memoryLimit: MEMORY,
  })
  const variables = { RAW: 's3://raw', PROCESSED: 's3://processed', QUARTERS: `'${QUARTER}'`, RUN: 'bench' }
  const script = async (name: string) =>
    session.run({ name, text: await readFile(new URL(`../hql/${name}.hql`, import.meta.url), 'utf8'), variables })
  await script('create-tables')
  await script('process-origination')
  const spent = await cost(() => script('process-performance'))
  await session.close()
  return spent
}

async function handRun(): Promise<Cost> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(THREADS),
    memory_limit: MEMORY,
    temp_directory: join(root, 'spill'),
  })
  const connection = await instance.connect()
  const spent = await cost(() =>
    byHand(async (sql) => (await connection.runAndReadAll(sql)).getRows(), {
      raw: join(root, 'raw/performance/layout=r47', `quarter=${QUARTER}`, '*'),
      origination: join(root, 'processed/origination/*/*/*'),
      output: join(root, 'by-hand'),
      yyqn: QUARTER.slice(2),
    }),
  )
  connection.closeSync()
  instance.closeSync()
  return spent
}

/** Rows and a hash of them all, whatever their order. */
async function fingerprint(files: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const [[rows, hash] = []] = (
    await connection.runAndReadAll(
      `SELECT count(*), sum(hash(t)) FROM (SELECT * FROM read_parquet('${files}', hive_partitioning = false)) t`,
    )
  ).getRows()
  connection.closeSync()
  instance.closeSync()
  return `${rows} rows, hash ${hash}`
}

try {
  const rows = await prepare()
  const [hive, hand]: [Cost[], Cost[]] = [[], []]
  for (let round = 0; round < Number(values.rounds); round++) {
    hive.push(await hiveRun())
    hand.push(await handRun())
  }
  const [a, b] = [
    await fingerprint(join(root, 'processed/performance/*/*/*')),
    await fingerprint(join(root, 'by-hand/*/*')),
  ]
  if (a !== b) throw new Error(`The rows differ: HiveQL gives ${a}, DuckDB by hand ${b}.`)
  console.log(`${rows} records, ${a}, ${THREADS} threads, medians of ${values.rounds}`)
  for (const clock of ['wall', 'processor'] as const) {
    const [x, y] = [median(hive, clock), median(hand, clock)]
    console.log(
      `${clock.padEnd(9)}  HiveQL ${x.toFixed(2)} s (${Math.round(rows / x)} rows/s)  by hand ${y.toFixed(2)} s (${Math.round(rows / y)} rows/s)  ratio ${(x / y).toFixed(2)}`,
    )
  }
} finally {
  await rm(root, { recursive: true, force: true })
}
