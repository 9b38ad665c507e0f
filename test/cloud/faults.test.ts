/**
 * What goes wrong in production, done to the whole workflow: each fault ends in an error with a name, the cluster is terminated, no job
 * is left open, and a new execution completes with the rows of the truth file. Archives that cannot be read: rejected-archives.test.ts.
 */
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startSite } from '../../data/loans/site/index.ts'
import { Faulty, QUARTER } from '../support/faulty.ts'
import { without } from '../support/grants.ts'
import { changeMysql, hasMysql } from '../support/mysql.ts'
import type { Running } from '../support/running.ts'

let running: Running
let faulty: Faulty

beforeAll(async () => {
  faulty = await Faulty.boot()
  running = faulty.running
})
afterAll(() => running.close())
beforeEach(() => faulty.begin())

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
    const restore = await faulty.withDefinition(/"MaxAttempts": *6/g, '"MaxAttempts": 1')
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
})

describe('a store', () => {
  /** The objects below a prefix of the processed bucket, the first one's key first. */
  async function firstKey(prefix: string) {
    const Bucket = running.cloud.outputs.ProcessedBucketName!
    const { Contents } = await faulty.ask('s3', 'ListObjectsV2', { Bucket, Prefix: `${prefix}quarter=${QUARTER}/` })
    return { Bucket, Key: Contents[0].Key as string }
  }

  it.skipIf(!hasMysql)('refuses rows: MySQL, naming file and column; the old rows stay', async () => {
    // Prepare: an export with a seller's name that is too long, as if Hive had written it.
    await faulty.recovers()
    const kept = faulty.archive.truth.tables.origination.processed
    await faulty.publish()
    await faulty.beforeTask('batch/load-mysql', async () => {
      const object = await firstKey('export/origination/')
      const { Body } = await faulty.ask('s3', 'GetObject', object)
      const [line = '', ...lines] = Buffer.concat(await Body.toArray())
        .toString()
        .split('\n')
      const fields = line.split('|')
      fields[23] = 'N'.repeat(100)
      await faulty.ask('s3', 'PutObject', { ...object, Body: [fields.join('|'), ...lines].join('\n') })
    })

    // Act
    const { cause } = await faulty.fails(await faulty.start(), 'MysqlLoadRefused')

    // Assess
    expect(cause).toMatch(/export\/origination\/quarter=1999Q1\/.*seller_name/s)
    expect(await changeMysql(running.cloud, 'UPDATE origination SET channel = NULL')).toBe(kept)
    await faulty.publish()
    await faulty.recovers()
  })

  it('refuses rows: Redshift, naming the quarter and the file', async () => {
    let key = ''
    await faulty.beforeTask('batch/load-redshift', async () => {
      const object = await firstKey(`origination/origination_year=${QUARTER.slice(0, 4)}/`)
      key = object.Key
      await faulty.ask('s3', 'PutObject', { ...object, Body: 'no Parquet' })
    })
    const { cause } = await faulty.fails(await faulty.start(), 'RedshiftStatementFailed')
    expect(cause).toContain(`LoadRedshift#${QUARTER}`)
    expect(cause).toContain(key)
    await faulty.publish()
    await faulty.recovers()
  })

  it.skipIf(!hasMysql)('loses a row before the stores are compared: MySQL', async () => {
    await faulty.beforeTask('batch/measure-mysql', async () => {
      const sql = `DELETE FROM origination WHERE quarter = '${QUARTER}' ORDER BY loan_identifier LIMIT 1`
      expect(await changeMysql(running.cloud, sql)).toBe(1)
    })
    const { cause } = await faulty.fails(await faulty.start(), 'ReconciliationError')
    const { processed } = faulty.archive.truth.tables.origination
    expect(cause).toContain(
      `origination of ${QUARTER} has ${processed} rows processed by Hive, but ${processed - 1} rows in mysql`,
    )
    await faulty.recovers()
  })

  it('changes a value before the stores are compared: Redshift', async () => {
    await faulty.beforeTask('batch/reconcile', () =>
      faulty.changeRedshift(
        `UPDATE performance SET current_actual_upb = current_actual_upb + 1000 WHERE quarter = '${QUARTER}'
         AND (loan_identifier, period) IN (
           SELECT loan_identifier, period FROM performance
           WHERE quarter = '${QUARTER}' AND current_actual_upb IS NOT NULL ORDER BY loan_identifier, period LIMIT 1)`,
      ),
    )
    const { cause } = await faulty.fails(await faulty.start(), 'ReconciliationError')
    const [, expected, found] =
      /performance of 1999Q1 differs in current_actual_upb: sum: ([\d.]+) as processed by Hive, ([\d.]+) in redshift/.exec(
        cause!,
      ) ?? []
    expect(Number(found) - Number(expected)).toBeCloseTo(1000)
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
    await faulty.runs('ProcessPerformance')
    await faulty.ask('elasticmapreduce', 'TerminateJobFlows', { JobFlowIds: [Clusters[0].Id] })
    const { cause } = await faulty.fails(executionArn, 'ClusterFailed')
    expect(cause).toContain(Clusters[0].Id)
    await faulty.recovers()
  })
})

describe('a permission', () => {
  it('of the cluster is missing: the error names role, action and object', async () => {
    const giveBack = without(running.cloud, 'BatchClusterNodeRole', 's3:PutObject')
    const { cause } = await faulty.fails(await faulty.start(), 'HiveStepFailed').finally(giveBack)
    expect(cause).toMatch(
      /BatchClusterNodeRole.* is not authorized to perform: s3:PutObject on resource: \S+quarantine/,
    )
    await faulty.recovers()
  })
})
