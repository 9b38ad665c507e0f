/**
 * What goes wrong in production, done to the whole workflow: each fault ends in an error with a name, the cluster is terminated, no job
 * is left open, and a new execution completes with the rows of the truth file.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { DescribeStateMachineCommand, StopExecutionCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSite } from '../../data/loans/site/index.ts'
import { findMysqlServer } from '../../local/services/rds/index.ts'
import { Faulty, QUARTER } from '../support/faulty.ts'
import { type Running, startRunning } from '../support/running.ts'
import { unzip } from '../unit/loans/read-archive.ts'
import { zipOf } from '../unit/tasks/zips.ts'

const hasMysql = (await findMysqlServer()) !== undefined

let running: Running
let faulty: Faulty

beforeAll(async () => {
  running = await startRunning({ quarters: [QUARTER], loans: 20 })
  faulty = new Faulty(running, { mysql: hasMysql, redshift: true })
}, 60_000)
afterAll(() => running.close())
beforeEach(async () => {
  await faulty.publish()
})

describe('the source', () => {
  const setPassword = async (password: string) => {
    const secrets = new SecretsManagerClient(running.clientOptions)
    const SecretString = JSON.stringify({ username: 'loader', password })
    await secrets.send(
      new PutSecretValueCommand({ SecretId: running.cloud.outputs.SourceCredentialsArn!, SecretString }),
    )
    secrets.destroy()
  }

  it('refuses a wrong password', async () => {
    await setPassword('wrong-sesame')
    const { cause } = await faulty.fails(await faulty.start(), 'SourceLoginError')
    await setPassword('open-sesame')
    expect(cause).toContain('Check the secret arn:aws:secretsmanager:')
    expect(cause).not.toContain('wrong-sesame')
    await faulty.recovers()
  })

  it('forgets a session in the middle: the workflow signs in again', async () => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, 'CollectQuarters')
    running.site.expireSessions()
    faulty.equalsTruth(await running.end(executionArn))
  })

  it('is down for a moment: the workflow waits for it', async () => {
    await running.site.close()
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, 'ListArchives')
    running.site = await siteAgain()
    faulty.equalsTruth(await running.end(executionArn))
  })

  it('stays down: the workflow gives up, naming the address', async () => {
    await running.site.close()
    const restore = await withFewerRetries()
    const ended = await running.end(await faulty.start())
    await restore()
    running.site = await siteAgain()
    expect(ended).toMatchObject({ status: 'FAILED', error: 'TransientError' })
    expect(ended.cause).toMatch(new RegExp(`State ListArchives: .*ECONNREFUSED 127.0.0.1:${running.site.port}`))
    await faulty.nothingRuns()
    await faulty.recovers()
  })

  function siteAgain() {
    const { port } = running.site
    return startSite({ folder: running.folder, username: 'loader', password: 'open-sesame', port })
  }

  /** The deployed definition as it is, but for its patience. @returns what puts it back */
  async function withFewerRetries() {
    const stateMachineArn = running.cloud.outputs.BatchStateMachineArn!
    const { definition } = await running.sfn.send(new DescribeStateMachineCommand({ stateMachineArn }))
    const impatient = definition!.replaceAll(/"MaxAttempts": *6/g, '"MaxAttempts": 1')
    expect(impatient).not.toBe(definition)
    await running.sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: impatient }))
    return () => running.sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: definition! }))
  }
})

describe('an archive', () => {
  it.each([
    ['corrupt', (bytes: Buffer) => bytes.fill(0x55, bytes.length >> 2, bytes.length >> 1)],
    ['truncated', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ['no zip at all', () => Buffer.from('<html>Service unavailable</html>')],
  ])('that is %s is refused before anything of it reaches a store', async (_, spoil) => {
    await faulty.publishBytes(spoil(await readFile(faulty.archive.path)))
    const { cause } = await faulty.fails(await faulty.start(), 'ArchiveCorrupt')
    expect(cause).toContain(`historical_data_${QUARTER}.zip`)
    await faulty.publish()
    await faulty.recovers()
  })

  it('whose file names and field counts tell different layouts is refused', async () => {
    const [origination, performance] = await unzip(faulty.archive.path)
    const wider = origination!.toString('latin1').replaceAll('\n', '|\n')
    await faulty.publishBytes(
      await zipOf({
        [`orig_${QUARTER}.txt`]: wider,
        [`perf_${QUARTER}.txt`]: performance!.toString('latin1'),
      }),
    )
    const { cause } = await faulty.fails(await faulty.start(), 'LayoutConflict')
    expect(cause).toMatch(/31 fields\), but its lines have 32 fields, as in layout legacy32/)
    await faulty.publish()
    await faulty.recovers()
  })
})

describe('a store', () => {
  /** The archive with a seller's name of so many letters: no rule of the data forbids it, but a column does. */
  async function publishLongName(letters: number): Promise<void> {
    const [origination, performance] = await unzip(faulty.archive.path)
    const [first = '', ...others] = origination!.toString('latin1').split('\n')
    const fields = first.split('|')
    fields[23] = 'N'.repeat(letters)
    await faulty.publishBytes(
      await zipOf({
        [`orig_${QUARTER}.txt`]: [fields.join('|'), ...others].join('\n'),
        [`perf_${QUARTER}.txt`]: performance!.toString('latin1'),
      }),
    )
  }

  it.skipIf(!hasMysql)('refuses rows: MySQL, naming file and column; the old rows stay', async () => {
    await faulty.recovers()
    await publishLongName(100)
    const { cause } = await faulty.fails(await faulty.start(), 'MysqlLoadRefused')
    expect(cause).toMatch(/export\/origination\/quarter=1999Q1\/.*seller_name/s)
    await faulty.publish()
    await faulty.recovers()
  })

  it('refuses rows: Redshift, naming the quarter and the column', async () => {
    await publishLongName(250)
    const { cause } = await faulty.fails(
      await faulty.start({ mysql: false, redshift: true }),
      'RedshiftStatementFailed',
    )
    expect(cause).toMatch(/LoadRedshift#1999Q1.*seller_name/s)
    await faulty.publish()
    await faulty.recovers()
  })
})

describe('the cluster', () => {
  it('runs a script that is wrong: the error names script and line, and where the log is', async () => {
    const { Environment } = await faulty.ask('lambda', 'GetFunctionConfiguration', {
      FunctionName: await faulty.functionOf('batch/process-origination'),
    })
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(Environment.Variables.PROCESS_ORIGINATION_SCRIPT)!
    const { Body } = await faulty.ask('s3', 'GetObject', { Bucket, Key })
    const script = Buffer.concat(await Body.toArray()).toString()
    const broken = script.replace(
      'INSERT OVERWRITE TABLE quarantine_origination',
      'INSERT OVERRIDE TABLE quarantine_origination',
    )
    expect(broken).not.toBe(script)
    await faulty.ask('s3', 'PutObject', { Bucket, Key, Body: Buffer.from(broken) })
    const { cause } = await faulty.fails(await faulty.start(), 'HiveStepFailed')
    await faulty.ask('s3', 'PutObject', { Bucket, Key, Body: Buffer.from(script) })
    const line = broken.slice(0, broken.indexOf('OVERRIDE')).split('\n').length
    expect(cause).toMatch(new RegExp(`State ProcessOrigination: .*\\b${line}:`, 's'))
    expect(cause).toMatch(/The log is s3:\/\//)
    await faulty.recovers()
  })

  it('is lost in the middle', async () => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, 'CreateTables')
    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters', { ClusterStates: ['RUNNING', 'WAITING'] })
    expect(Clusters).toHaveLength(1)
    const runs = async () => {
      const { Steps } = await faulty.ask('elasticmapreduce', 'ListSteps', { ClusterId: Clusters[0].Id })
      return Steps.some(({ Name, Status }: any) => Name.endsWith('#ProcessPerformance') && Status.State === 'RUNNING')
    }
    while (!(await runs())) await sleep(2)
    await faulty.ask('elasticmapreduce', 'TerminateJobFlows', { JobFlowIds: [Clusters[0].Id] })
    const { cause } = await faulty.fails(executionArn, 'ClusterFailed')
    expect(cause).toContain(Clusters[0].Id)
    await faulty.recovers()
  })
})

describe('an execution', () => {
  it.each(['CreateCluster', 'ProcessPerformance', 'LoadStores'])('is aborted in %s', async (state) => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, state)
    await running.sfn.send(new StopExecutionCommand({ executionArn, error: 'Stopped', cause: 'by hand' }))
    expect(await running.end(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Stopped' })
    await faulty.nothingRuns()
    await faulty.recovers()
  })
})

describe('an event', () => {
  const rules = async (): Promise<string[]> => {
    const { Rules } = await faulty.ask('events', 'ListRules')
    const ends = /EMR Step|EMR Cluster|Redshift Data/
    return Rules.filter(({ EventPattern = '' }) => ends.test(EventPattern)).map(({ Name }: any) => Name)
  }

  it('is lost: reconcile-jobs ends the wait instead', async () => {
    const names = await rules()
    expect(names).toHaveLength(3)
    for (const Name of names) await faulty.ask('events', 'DisableRule', { Name })
    let settled = 0
    try {
      const executionArn = await faulty.start()
      let over = false
      const ended = running.end(executionArn).finally(() => {
        over = true
      })
      while (!over) {
        settled += (await faulty.invoke('jobs/reconcile-jobs', {})).settled
        await sleep(100)
      }
      faulty.equalsTruth(await ended)
    } finally {
      for (const Name of names) await faulty.ask('events', 'EnableRule', { Name })
    }
    expect(settled).toBeGreaterThan(0)
    await faulty.nothingRuns()
  })

  it('comes again and again, early and late', async () => {
    const executionArn = await faulty.start()
    await faulty.reaches(executionArn, 'CreateTables')
    const { Clusters } = await faulty.ask('elasticmapreduce', 'ListClusters', { ClusterStates: ['RUNNING', 'WAITING'] })
    const ready = { 'detail-type': 'EMR Cluster State Change', detail: { clusterId: Clusters[0].Id, state: 'WAITING' } }
    for (let times = 0; times < 3; times++) await faulty.invoke('jobs/complete-job', ready)
    faulty.equalsTruth(await running.end(executionArn))
    const { Steps } = await faulty.ask('elasticmapreduce', 'ListSteps', { ClusterId: Clusters[0].Id })
    expect(Steps).toHaveLength(4)
    for (const { Id } of Steps) {
      const detail = { stepId: Id, state: 'COMPLETED' }
      await faulty.invoke('jobs/complete-job', { 'detail-type': 'EMR Step Status Change', detail })
    }
    await faulty.nothingRuns()
    expect((await running.end(executionArn)).status).toBe('SUCCEEDED')
  })
})
