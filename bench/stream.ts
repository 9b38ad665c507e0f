/**
 * How fast the stream is, part by part and as a whole:
 *
 *     node bench/stream.ts [--only sql,kinesis,pipeline] [--records 100000] [--without-lambda] [--kinesalite] [--profile FOLDER]
 *
 * `sql` is users.sql alone, in records a second of processor time. `kinesis` is PutRecords from an unmodified SDK, with `--kinesalite` beside
 * the npm package of that name, which is installed into a temporary folder for it. `pipeline` is the whole way from a producer in a process of
 * its own to S3, with the memory of all of the local cloud. `--records 2000000` takes 4 GB on the disk, which are given back.
 */
import { parseArgs } from 'node:util'
import { measurePuts } from './stream/kinesis.ts'
import { pipeline } from './stream/pipeline.ts'
import { measureSql } from './stream/sql.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'sql,kinesis,pipeline' },
    records: { type: 'string', default: '100000' },
    'without-lambda': { type: 'boolean', default: false },
    kinesalite: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})
const parts = new Set(values.only.split(','))
const whole = (value: number) => Math.round(value).toLocaleString('en')
const show = (label: string, figure: string) => console.log(`${label.padEnd(72)} ${figure.padStart(16)}`)

if (parts.has('sql')) show('users.sql alone: records a second of processor time', whole(await measureSql()))

if (parts.has('kinesis')) {
  const measured = await measurePuts(values.kinesalite)
  for (const { name, perSecond, processorMicros } of measured)
    show(
      `PutRecords of 500 × 1.2 kB, ${name}: records/s (µs of processor time each)`,
      `${whole(perSecond)} (${whole(processorMicros)})`,
    )
}

if (parts.has('pipeline')) {
  const result = await pipeline({
    records: Number(values.records),
    withoutLambda: values['without-lambda'],
    ...(values.profile && { profile: values.profile }),
  })
  const { records, seconds, producerSeconds, cloudMicros, mainMicros, memory, waits, bufferSeconds, lines, sent } =
    result
  show(`${whole(records)} records, SDK to S3: records/s`, whole(records / seconds))
  show('  … taken by Kinesis: records/s', whole(records / producerSeconds))
  show('  processor time a record, main thread of it: µs', `${whole(cloudMicros)}, ${whole(mainMicros)}`)
  for (const { sent: at, mib } of sampled(memory)) show(`  memory after ${whole(at)} records: MiB (PSS)`, whole(mib))
  const at = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))]!.toFixed(2)
  show(
    `  PutRecord to S3, buffers of ${bufferSeconds} s in all: median, 99 %, longest`,
    `${at(0.5)}, ${at(0.99)}, ${at(1)} s`,
  )
  show('  sent, and lines in S3', `${whole(sent)}, ${whole(lines)}`)
  if (sent !== lines) process.exitCode = 1
}

/** Ten of them, evenly. */
function sampled<T>(all: T[]): T[] {
  const step = Math.max(1, (all.length - 1) / 9)
  return Array.from({ length: Math.min(10, all.length) }, (_, i) => all[Math.round(i * step)]!).filter(Boolean)
}
