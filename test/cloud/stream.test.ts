/** The stream workflow, end to end, with permissions on: what is sent, what arrives, what is left when it is taken down. */
import { setTimeout as sleep } from 'node:timers/promises'
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch'
import { ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose'
import { DescribeStreamSummaryCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { KinesisAnalyticsV2Client, ListApplicationsCommand } from '@aws-sdk/client-kinesis-analytics-v2'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LakeReader } from '../../cli/stream/lake.ts'
import { Ledger } from '../../cli/stream/ledger.ts'
import { streamMetrics } from '../../cli/stream/metrics.ts'
import { streamNames } from '../../cli/stream/names.ts'
import { whenActive } from '../../cli/stream/run-stream.ts'
import { UserGenerator } from '../../data/users/generator.ts'
import { produce } from '../../data/users/producer.ts'
import { grantsOf, roleName, without } from '../support/grants.ts'
import { notExercisedByStream } from '../support/not-exercised.ts'
import { type RunningStream, startStream } from '../support/stream.ts'
import { streamFunctions } from '../support/stream-functions.ts'
import { silent } from '../support/watched.ts'
import { stepwell } from '../unit/cli/run-command.ts'

const RECORDS = 12_000
const names = streamNames()

let stream: RunningStream
let first: Awaited<ReturnType<RunningStream['run']>>
const generator = new UserGenerator({ seed: 7, bad: 0.1 })
const ledger = new Ledger(generator)
const startedAt = Date.now()

const send = (records: number) =>
  produce({ kinesis: stream.clients.kinesis, streamName: names.stream, source: ledger, rate: 3000, records })

const bucket = () => stream.cloud.outputs.StreamBucketName!
const readers = new Map<string, LakeReader>()
async function arrived(folder: string): Promise<any[]> {
  const reader = readers.get(folder) ?? new LakeReader(stream.clients.s3, placeOf(folder), startedAt)
  readers.set(folder, reader)
  const rows: any[] = []
  await reader.readNew((row) => rows.push(row))
  return rows
}
const placeOf = (folder: string) => ({ bucket: bucket(), prefix: `stream/${folder}/` })

/** Strikes off what has arrived until all that was sent is accounted for. */
async function settle(): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(100)) {
    for (const row of await arrived('users')) ledger.user(row)
    for (const row of await arrived('errors')) {
      ledger.error(row)
      reasons[row.reason] = (reasons[row.reason] ?? 0) + 1
    }
    if (ledger.account.missing === 0) return
  }
}
const reasons: Record<string, number> = {}

/** What roles asked for while the workflow and its teardown ran. */
const asked = new Set<string>()
function listen(): void {
  stream.cloud.cloud.onAccess = ({ principal, action }) => {
    if (principal.roleArn) asked.add(`${principal.roleArn.split('/').pop()} ${action}`)
  }
}

beforeAll(async () => {
  stream = await startStream()
  listen()
  const producing = whenActive(stream.clients.kinesis, names.stream, AbortSignal.timeout(60_000)).then(() =>
    send(RECORDS),
  )
  first = await stream.run('StreamStateMachineArn')
  await producing
})
afterAll(() => stream.close())

describe('the stream workflow', () => {
  it('succeeds when its probes have arrived, the good ones and the bad ones', () => {
    expect(first.status, first.cause).toBe('SUCCEEDED')
    expect(first.output.probes).toEqual({ good: 5, bad: 3, of: 8 })
  })

  it('writes the schema of live records and a report', async () => {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(first.output.report.json)!
    const { Body } = await stream.clients.s3.send(new GetObjectCommand({ Bucket: Bucket!, Key: Key! }))
    const report = JSON.parse(await Body!.transformToString())
    expect(report.application).toMatchObject({ name: names.application, status: 'RUNNING' })
    expect(report.schema.records).toBeGreaterThanOrEqual(10)
    expect(report.schema.fields.length).toBeGreaterThan(20)
  })

  it('loses nothing and repeats nothing: every record is a user or an error, for the reason that it was broken for', async () => {
    await settle()
    const { good, errors } = generator.truth
    const bad = Object.values(errors).reduce((sum, number) => sum + number, 0)
    expect(ledger.account).toEqual({
      sent: RECORDS,
      delivered: good,
      errors: bad,
      late: errors.late,
      missing: 0,
      duplicates: 0,
    })
    const probes = 3
    const broken = Object.entries(errors).filter(([, number]) => number > 0)
    expect(reasons).toEqual({ ...Object.fromEntries(broken), 'malformed-json': errors['malformed-json'] + probes })
  })

  it('shows the same balance in metrics', async () => {
    const probes = { good: 5, bad: 3 }
    const { good } = generator.truth
    const metrics = () => streamMetrics(stream.clients.cloudwatch, names, new Date(startedAt))
    const expected = {
      sent: RECORDS + probes.good + probes.bad,
      read: RECORDS + probes.good + probes.bad,
      delivered: good + probes.good,
      errors: RECORDS - good + probes.bad,
      failed: 0,
      dropped: 0,
    }
    await expect.poll(metrics).toMatchObject(expected)
  })

  it('adopts what is there when it runs again, also after a restart of the cloud, and goes on where it was', async () => {
    await stream.restart()
    listen()
    readers.clear()
    await arrived('users')
    await arrived('errors')
    const again = stream.run('StreamStateMachineArn')
    await send(1000)
    const { status, cause, output } = await again
    expect(status, cause).toBe('SUCCEEDED')
    expect(output.probes.of).toBe(8)
    await settle()
    expect(ledger.account).toMatchObject({ sent: RECORDS + 1000, missing: 0, duplicates: 0 })
  })

  it('counts users by country in windows that are over', async () => {
    const rows: any[] = []
    // A window is over when later records say so.
    for (const deadline = Date.now() + 30_000; rows.length === 0 && Date.now() < deadline; ) {
      await send(50)
      await sleep(1000)
      rows.push(...(await arrived('counts')))
    }
    await settle()
    const counted = rows.reduce((sum, { users }) => sum + users, 0)
    expect(counted).toBeGreaterThan(0)
    expect(counted).toBeLessThanOrEqual(generator.truth.good + 2 * 5)
    for (const { window_start, window_end } of rows)
      expect(Date.parse(`${window_end}Z`) - Date.parse(`${window_start}Z`)).toBe(10_000)
  })

  it('is fed by `stepwell produce` and shown by `stepwell stream status`', async () => {
    const where = ['--endpoint', stream.cloud.url, '--json']
    const produced = await stepwell('produce', '--records', '300', '--rate', '1000', '--bad', '0.5', ...where)
    expect({ code: produced.code, err: produced.err }).toEqual({ code: 0, err: '' })
    const { sent, good, errors } = produced.objects.at(-1)
    const bad = Object.values<number>(errors).reduce((sum, number) => sum + number, 0)
    expect({ sent, all: good + bad }).toEqual({ sent: 300, all: 300 })

    const status = async () => (await stepwell('stream', 'status', ...where)).objects.at(-1)
    const total = ledger.account.sent + 2 * 8 + 300
    await expect
      .poll(status, { interval: 300 })
      .toMatchObject({ type: 'stream', status: 'ACTIVE', sent: total, balanced: true })
    const shown = await status()
    expect(shown.delivered + shown.errors).toBe(total)
    expect(Object.values<number>(shown.reasons).reduce((sum, number) => sum + number, 0)).toBe(shown.errors)
  })
})

/** Aborts an execution, and waits for the teardown that EventBridge starts for it. */
async function abort(executionArn: string): Promise<string> {
  await stream.sfn.send(new StopExecutionCommand({ executionArn }))
  const stateMachineArn = stream.cloud.outputs.StreamTeardownStateMachineArn!
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50)) {
    const { executions = [] } = await stream.sfn.send(new ListExecutionsCommand({ stateMachineArn }))
    for (const one of executions) {
      const { input, status } = await stream.sfn.send(new DescribeExecutionCommand(one as { executionArn: string }))
      if (JSON.parse(input!).madeBy === executionArn && status !== 'RUNNING') return status!
    }
  }
  throw new Error(`Nothing was torn down for ${executionArn}.`)
}

const start = async () =>
  (await stream.sfn.send(new StartExecutionCommand({ stateMachineArn: stream.cloud.outputs.StreamStateMachineArn! })))
    .executionArn!

describe('the report', () => {
  it('is a page, and written anew by `stepwell stream report` it accounts for every record', async () => {
    const where = ['--endpoint', stream.cloud.url, '--json']
    const total = ledger.account.sent + 2 * 8 + 300
    const again = async () => {
      const { objects } = await stepwell('stream', 'report', ...where)
      return [await read(objects.at(-1).html), JSON.parse(await read(objects.at(-1).html.replace(/html$/, 'json')))]
    }
    await expect.poll(async () => (await again())[1].balance.onTheWay, { interval: 500 }).toBe(0)
    const [html, { balance, users, errors, schema }] = await again()
    expect(balance).toMatchObject({ in: total, late: errors.reasons.late.records, failed: 0, dropped: 0 })
    expect(balance.transformed + balance.errors + balance.late).toBe(total)
    expect(users.rows).toBe(balance.transformed)
    expect(schema.fields.length).toBeGreaterThan(20)
    expect(html).toContain(`${total.toLocaleString('en-US')} in = `)
    const { objects } = await stepwell('stream', 'status', ...where)
    expect(await (await fetch(objects.at(-1).report)).text()).toBe(html)
  })

  async function read(uri: string): Promise<string> {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri)!
    const { Body } = await stream.clients.s3.send(new GetObjectCommand({ Bucket: Bucket!, Key: Key! }))
    return Body!.transformToString()
  }
})

describe('`stepwell produce --aws`', () => {
  it('takes address, region and credentials as the SDK finds them', async () => {
    const own = { AWS_ENDPOINT_URL: stream.cloud.url, AWS_REGION: 'us-east-1' }
    const keys = { AWS_ACCESS_KEY_ID: 'operator', AWS_SECRET_ACCESS_KEY: 'operator' }
    for (const [name, value] of Object.entries({ ...own, ...keys })) vi.stubEnv(name, value)
    const { code, err, objects } = await stepwell('produce', '--aws', '--records', '20', '--rate', '100', '--json')
    vi.unstubAllEnvs()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(objects.at(-1)).toMatchObject({ type: 'produced', sent: 20 })
  })

  it('says what is missing', async () => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere')
    const { code, err } = await stepwell('produce', '--aws', '--records', '1')
    vi.unstubAllEnvs()
    expect(code).toBe(1)
    expect(err).toMatch(/Region is missing.*AWS_REGION/)
  })
})

describe('the producer that a schedule calls', () => {
  it('sends as many as it was asked for, and says so in metrics', async () => {
    const functions = streamFunctions(stream)
    const { result } = await functions.call('StreamProducerProduce', { rate: 200, seconds: 1, bad: 0.5 })
    expect(result).toMatchObject({ stream: names.stream, sent: 200, retried: 0 })
    expect(result.broken).toBeGreaterThan(50)
    expect(result.broken).toBeLessThan(150)
    const metric = { Namespace: 'Stepwell/Stream', Dimensions: [{ Name: 'Stream', Value: names.stream }] }
    const sum = async (MetricName: string) => {
      const { Datapoints = [] } = await stream.clients.cloudwatch.send(
        new GetMetricStatisticsCommand({
          ...metric,
          MetricName,
          StartTime: new Date(startedAt - 60_000),
          EndTime: new Date(Date.now() + 60_000),
          Period: 60,
          Statistics: ['Sum'],
        }),
      )
      return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0)
    }
    await expect.poll(() => sum('Sent')).toBe(200)
    expect(await sum('Broken')).toBe(result.broken)
  })
})

describe('a run that is aborted', () => {
  it('leaves what it has adopted', async () => {
    expect(await abort(await start())).toBe('SUCCEEDED')
    const { kinesis, firehose } = stream.clients
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: names.stream }),
    )
    expect(StreamDescriptionSummary!.StreamStatus).toBe('ACTIVE')
    expect((await firehose.send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames).toHaveLength(3)
  })
})

describe('its teardown', () => {
  it('leaves no stream, delivery stream or application, and all that CDK has made', async () => {
    // Until what earlier tests have sent is in S3: longer than both buffers, nothing more comes.
    await expect.poll(async () => (await arrived('users')).length, { interval: 3000 }).toBe(0)
    const deployed = stream.cloud.cloud.collection<unknown>('cloudformation.Stepwell').entries()
    const { status, cause } = await stream.run('StreamTeardownStateMachineArn')
    expect(status, cause).toBe('SUCCEEDED')

    const { kinesis, firehose } = stream.clients
    const analytics = new KinesisAnalyticsV2Client({
      endpoint: stream.cloud.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
    })
    expect((await kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual([])
    expect((await firehose.send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames).toEqual([])
    expect((await analytics.send(new ListApplicationsCommand({}))).ApplicationSummaries).toEqual([])
    analytics.destroy()
    expect(stream.cloud.cloud.collection<unknown>('cloudformation.Stepwell').entries()).toEqual(deployed)
    const rows = await arrived('users')
    expect(rows).toEqual([])
  })

  it('has nothing to do where nothing is left', async () => {
    expect(await stream.run('StreamTeardownStateMachineArn')).toMatchObject({ status: 'SUCCEEDED' })
  })

  it('leaves the measures: of all that the dashboard draws and the alarms watch', async () => {
    await expect.poll(() => silent(stream.cloud, 'stream'), { interval: 300 }).toEqual([])
  })

  it('lets the workflow set all of it up again', async () => {
    const again = stream.run('StreamStateMachineArn')
    await whenActive(stream.clients.kinesis, names.stream, AbortSignal.timeout(20_000))
    await send(500)
    expect(await again).toMatchObject({ status: 'SUCCEEDED' })
    await settle()
    expect(ledger.account).toMatchObject({ missing: 0, duplicates: 0 })
  })
})

describe('a run that is aborted while it sets up', () => {
  it('is cleaned up after by what EventBridge starts', async () => {
    expect((await stream.run('StreamTeardownStateMachineArn')).status).toBe('SUCCEEDED')
    const executionArn = await start()
    await whenActive(stream.clients.kinesis, names.stream, AbortSignal.timeout(20_000))
    expect(await abort(executionArn)).toBe('SUCCEEDED')
    expect((await stream.clients.kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual([])
  })
})

describe('a run that fails', () => {
  it('names the state and the cause, and takes away what it made and nothing else', async () => {
    expect((await stream.run('StreamTeardownStateMachineArn')).status).toBe('SUCCEEDED')
    const restore = without(stream.cloud, 'StreamStartApplication', 'kinesisanalytics:StartApplication')
    const failing = stream.run('StreamStateMachineArn')
    await whenActive(stream.clients.kinesis, names.stream, AbortSignal.timeout(20_000))
    await produce({
      kinesis: stream.clients.kinesis,
      streamName: names.stream,
      source: new UserGenerator({ seed: 3, bad: 0 }),
      rate: 1000,
      records: 100,
    })
    const { status, error, cause } = await failing
    restore()
    expect({ status, error }).toEqual({ status: 'FAILED', error: 'AccessDeniedException' })
    expect(cause).toMatch(/State StartApplication: .*not authorized to perform: kinesisanalytics:StartApplication/)
    expect((await stream.clients.kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual([])
    expect((await stream.clients.firehose.send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames).toEqual([])
  })
})

/** That each of them is missed, test/cloud/stream-permissions.test.ts shows. */
describe('its grants', () => {
  const grants = () => grantsOf(stream.cloud, /^Stream/)

  it('have no reason to be missed by nobody once they are asked for', () => {
    const stale = grants().filter(({ role, action }) => {
      const reason = notExercisedByStream(role, action)
      return reason && !reason.sometimes && asked.has(`${roleName(stream.cloud, role)} ${action}`)
    })
    expect(stale).toEqual([])
  })
})
