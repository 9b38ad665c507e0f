/**
 * How fast the whole batch workflow is, from the download site to the report, and how much memory it takes:
 *
 *     node bench/batch.ts [--rows 4000000 | --loans 70000] [--quarters 1999Q1,1999Q2:legacy32,2005Q1:release2018] [--only mysql] [--keep]
 *
 * It makes the samples in a temporary data folder, boots the local cloud and runs the workflow there, then prints how long each state took (of
 * a Map: from its first iteration's start to its last one's end), rows a second of what moves rows, and the most memory (PSS, Linux) that all
 * processes together took: the local cloud, MariaDB, and the download site. Beside each rate stands the processor time that they took meanwhile: on a
 * busy machine that tells more, but MySQL and Redshift are loaded at once. `--only` loads one of them. `--keep` leaves the data folder.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type HistoryEvent, paginateGetExecutionHistory, SFNClient } from '@aws-sdk/client-sfn'
import { Output } from '../cli/output.ts'
import { SAMPLE_DEFAULTS } from '../cli/sample-options.ts'
import { archiveFolder, ensureSamples } from '../cli/samples.ts'
import { Timeline } from '../cli/timeline.ts'
import { Command, familySeconds, memoryMib } from './stream/processes.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    loans: { type: 'string' },
    quarters: { type: 'string' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
// As `npm start` has it.
process.env.MALLOC_ARENA_MAX ??= '2'

const folder = await mkdtemp(join(tmpdir(), 'stepwell-bench-batch-'))
const size = values.loans ? { loans: Number(values.loans) } : { rows: Number(values.rows ?? 4_000_000) }
const samples = { ...SAMPLE_DEFAULTS, ...size, ...(values.quarters && { quarters: values.quarters }) }
let peak = 0
let cloud: Command | undefined
const used: { at: number; seconds: number }[] = []
const watch = setInterval(() => {
  if (!cloud) return
  peak = Math.max(peak, memoryMib(cloud.child.pid!))
  used.push({ at: Date.now(), seconds: familySeconds(cloud.child.pid!) })
}, 250)

/** Seconds of processor time that all processes had taken then. */
const usedBy = (time: number) => used.find(({ at }) => at >= time)?.seconds ?? Number.NaN

/** When a state was first entered and last left, in milliseconds. */
interface Span {
  visits: number
  from: number
  to: number
}

async function spansOf(endpoint: string, executionArn: string): Promise<Map<string, Span>> {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
  const client = new SFNClient({ endpoint, region: 'us-east-1', credentials })
  const events: HistoryEvent[] = []
  for await (const page of paginateGetExecutionHistory({ client }, { executionArn }))
    events.push(...(page.events ?? []))
  client.destroy()
  const timeline = new Timeline()
  timeline.add(events)
  const spans = new Map<string, Span>()
  for (const { name, type, enteredAt, exitedAt } of timeline.states) {
    if (type !== 'Task' || !exitedAt) continue
    const { visits, from, to } = spans.get(name) ?? { visits: 0, from: Number.POSITIVE_INFINITY, to: 0 }
    spans.set(name, { visits: visits + 1, from: Math.min(from, +enteredAt), to: Math.max(to, +exitedAt) })
  }
  return spans
}

try {
  await ensureSamples(samples, archiveFolder(folder), new Output())
  cloud = new Command(['up', '--data-dir', folder, '--port', '0'])
  const { url } = await cloud.object('ready')
  const input = join(folder, 'input.json')
  const wanted = (store: string) => !values.only || values.only === store
  await writeFile(input, JSON.stringify({ load: { mysql: wanted('mysql'), redshift: wanted('redshift') } }))
  const run = new Command(['run', 'batch', '--endpoint', url, '--data-dir', folder, '--input', input])
  const { executionArn } = await run.object('execution')
  const { status, seconds, counts } = (await run.object('summary')).workflows.batch
  if (status !== 'SUCCEEDED')
    throw new Error(`The execution ended as ${status}: node bench/batch.ts --keep leaves its logs.`)
  const spans = await spansOf(url, executionArn)

  const whole = (value: number) => Math.round(value).toLocaleString('en')
  for (const [name, { visits, from, to }] of spans)
    console.log(
      `${name.padEnd(20)} ${((to - from) / 1000).toFixed(1).padStart(7)} s${visits > 1 ? `  ${visits} times` : ''}`,
    )
  console.log()
  const rate = (label: string, rows: number, first: string, last = first) => {
    const [from, to] = [spans.get(first)?.from, spans.get(last)?.to]
    if (from === undefined || to === undefined) return
    const elapsed = (to - from) / 1000
    const took = `${whole(rows)} in ${elapsed.toFixed(1)} s, processor time ${(usedBy(to) - usedBy(from)).toFixed(1)} s`
    console.log(`${label.padEnd(40)} ${whole(rows / elapsed).padStart(12)} rows/s  (${took})`)
  }
  const { origination, performance: monthly } = counts
  rate('Hive, origination', origination.raw, 'ProcessOrigination')
  rate('Hive, performance', monthly.raw, 'ProcessPerformance')
  rate('MySQL, LOAD DATA', origination.mysql, 'LoadMysql')
  rate('MySQL, LOAD DATA and swap', origination.mysql, 'LoadMysql', 'SwapMysql')
  rate('Redshift, COPY, delete and insert', origination.redshift + monthly.redshift, 'LoadRedshift')
  console.log(`${'the whole batch'.padEnd(40)} ${seconds.toFixed(1).padStart(12)} s`)
  console.log(`${'memory of all processes at most'.padEnd(40)} ${whole(peak).padStart(12)} MiB`)
} finally {
  clearInterval(watch)
  await cloud?.stop()
  if (values.keep) console.log(folder)
  else await rm(folder, { recursive: true, force: true })
}
