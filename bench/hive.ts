/**
 * How much HiveQL costs over DuckDB: the scripts of hql/ against the same work in SQL written for DuckDB by hand, over the same files, with
 * the same memory and threads. Both must give the same rows.
 *
 *     node bench/hive.ts [--loans 20000] [--rounds 3] [--script origination,performance]
 *     node bench/hive.ts --rows 20000000      # HiveQL alone, over so many records of performance: its rate, and the memory it takes
 *
 * Prints seconds of wall clock and of processor time (which is what counts on a busy machine), medians, and their ratios.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { openPromise } from 'yauzl'
import { ALL_DIRT, generateArchive } from '../data/loans/generate-archive.ts'
import { createHive, type HiveSession } from '../local/engines/hive/index.ts'
import type { HandPaths, Rows } from './hive/by-hand.ts'
import { originationByHand } from './hive/origination-by-hand.ts'
import { performanceByHand } from './hive/performance-by-hand.ts'
import { memoryMib } from './stream/processes.ts'

const QUARTER = '1999Q1'
// What a cluster of the local cloud has.
const MEMORY = '1500MB'
const THREADS = 2
/** How many months of performance a generated loan has, about. */
const MONTHS = 20.6

const { values } = parseArgs({
  options: {
    loans: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string' },
    script: { type: 'string', default: 'origination,performance' },
  },
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

type Table = 'origination' | 'performance'

/** Unpacks an archive to where the scripts look for it. DuckDB reads no Windows-1252, so the sample has none. */
async function prepare(loans: number): Promise<Record<Table, number>> {
  const kinds = ALL_DIRT.filter((kind) => kind !== 'Windows-1252 name' && !kind.startsWith('carriage return'))
  const archive = await generateArchive({ quarter: QUARTER, loans, dirty: 0.005, kinds, folder: root })
  const zip = await openPromise(archive.path)
  for await (const entry of zip.eachEntry()) {
    const table = entry.fileName.startsWith('orig') ? 'origination' : 'performance'
    const folder = join(root, 'raw', table, 'layout=r47', `quarter=${QUARTER}`)
    await mkdir(folder, { recursive: true })
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(join(folder, entry.fileName)))
  }
  await rm(archive.path)
  const { origination, performance: monthly } = archive.truth.tables
  return { origination: origination.raw, performance: monthly.raw }
}

const openHive = (): Promise<HiveSession> =>
  createHive({
    locate: async (uri) => join(root, uri.replace('s3://', '')),
    hdfs: join(root, 'hdfs'),
    temp: join(root, 'temp'),
    threads: THREADS,
    memoryLimit: MEMORY,
  })

async function script(session: HiveSession, name: string): Promise<void> {
  const variables = { RAW: 's3://raw', PROCESSED: 's3://processed', QUARTERS: `'${QUARTER}'`, RUN: 'bench' }
  const text = await readFile(new URL(`../hql/${name}.hql`, import.meta.url), 'utf8')
  await session.run({ name, text, variables })
}

/** What each script takes in a session of its own. */
async function hiveRun(): Promise<Record<Table, Cost>> {
  const session = await openHive()
  await script(session, 'create-tables')
  const origination = await cost(() => script(session, 'process-origination'))
  const monthly = await cost(() => script(session, 'process-performance'))
  await session.close()
  return { origination, performance: monthly }
}

/** The database is opened within the measured time, as a session opens its own. */
async function handRun(table: Table, byHand: (rows: Rows, paths: HandPaths) => Promise<void>): Promise<Cost> {
  let close = () => {}
  const spent = await cost(async () => {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(THREADS),
      memory_limit: MEMORY,
      temp_directory: join(root, 'spill'),
    })
    const connection = await instance.connect()
    close = () => {
      connection.closeSync()
      instance.closeSync()
    }
    await byHand(async (sql) => (await connection.runAndReadAll(sql)).getRows(), {
      raw: join(root, `raw/${table}/layout=r47`, `quarter=${QUARTER}`, '*'),
      origination: join(root, 'processed/origination/*/*/*'),
      output: join(root, 'by-hand', table),
      yyqn: QUARTER.slice(2),
    })
  })
  close()
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

const rate = (rows: number, seconds: number) =>
  `${seconds.toFixed(2)} s (${Math.round(rows / seconds).toLocaleString('en')} rows/s)`

const CLOCKS = ['wall', 'processor'] as const

/** HiveQL beside what is written by hand, one after the other, round by round. */
async function compare(): Promise<void> {
  const records = await prepare(Number(values.loans))
  const asked = values.script.split(',') as Table[]
  const hive: Record<Table, Cost[]> = { origination: [], performance: [] }
  const hand: Record<Table, Cost[]> = { origination: [], performance: [] }
  for (let round = 0; round < Number(values.rounds); round++) {
    const costs = await hiveRun()
    for (const table of asked) hive[table].push(costs[table])
    if (asked.includes('origination')) hand.origination.push(await handRun('origination', originationByHand))
    if (asked.includes('performance')) hand.performance.push(await handRun('performance', performanceByHand))
  }
  const show = (clock: keyof Cost, rows: number, left: number, right: number) =>
    console.log(
      `  ${clock.padEnd(9)}  HiveQL ${rate(rows, left)}  by hand ${rate(rows, right)}  ratio ${(left / right).toFixed(2)}`,
    )
  for (const table of asked) {
    const a = await fingerprint(join(root, `processed/${table}/*/*/*`))
    const b = await fingerprint(join(root, `by-hand/${table}/${table === 'performance' ? '*/*' : '*.parquet'}`))
    if (a !== b) throw new Error(`The rows of ${table} differ: HiveQL gives ${a}, DuckDB by hand ${b}.`)
    console.log(`${table}: ${records[table]} records, ${a}, ${THREADS} threads, medians of ${values.rounds}`)
    for (const clock of CLOCKS) show(clock, records[table], median(hive[table], clock), median(hand[table], clock))
  }
  if (asked.length < 2) return
  console.log('both scripts, one after the other')
  const sum = (of: Record<Table, Cost[]>, clock: keyof Cost) =>
    asked.reduce((total, table) => total + median(of[table], clock), 0)
  const rows = records.origination + records.performance
  for (const clock of CLOCKS) show(clock, rows, sum(hive, clock), sum(hand, clock))
}

/** HiveQL over many records, with the most memory that the process took meanwhile. */
async function measureMemory(rows: number): Promise<void> {
  const records = await prepare(Math.ceil(rows / MONTHS))
  const before = memoryMib(process.pid)
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryMib(process.pid))
  }, 250)
  const session = await openHive()
  await script(session, 'create-tables')
  for (const table of ['origination', 'performance'] as const) {
    const { wall, processor } = await cost(() => script(session, `process-${table}`))
    console.log(
      `${table}: ${records[table]} records, wall ${rate(records[table], wall)}, processor ${processor.toFixed(1)} s`,
    )
  }
  await session.close()
  clearInterval(watch)
  console.log(
    `memory (PSS): ${Math.round(before)} MiB before, ${Math.round(peak)} MiB at most, DuckDB's limit ${MEMORY}`,
  )
}

try {
  if (values.rows) await measureMemory(Number(values.rows))
  else await compare()
} finally {
  await rm(root, { recursive: true, force: true })
}
