/**
 * kill -9 of the whole local cloud in the middle of a run: started again over the same data, the execution goes on by itself and ends with
 * the rows of the truth file. CHAOS_RUNS kills more often, CHAOS_SEED elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import {
  DescribeExecutionCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Archive, generateArchive } from '../../data/loans/generate-archive.ts'
import { type Site, startSite } from '../../data/loans/site/index.ts'
import { findMysqlServer } from '../../local/services/rds/index.ts'

const WORKER = fileURLToPath(new URL('../support/cloud-process.ts', import.meta.url))
const STATES = [
  'CollectQuarters',
  'CreateCluster',
  'ProcessOrigination',
  'ProcessPerformance',
  'LoadStores',
  'Reconcile',
]
const runs = Number(process.env.CHAOS_RUNS ?? 1)
const seed = Number(process.env.CHAOS_SEED ?? 3)
const mysql = (await findMysqlServer()) !== undefined

let root: string
let site: Site
let archive: Archive
let child: ChildProcess
let states: SFNClient

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'stepwell-kill-'))
  const folder = join(root, 'archives')
  archive = await generateArchive({ quarter: '1999Q1', loans: 40, dirty: 0.05, seed: 9, through: '1999-12', folder })
  site = await startSite({ folder, username: 'loader', password: 'open-sesame' })
})
afterEach(async () => {
  states?.destroy()
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await Promise.race([once(child, 'exit'), sleep(10_000)])
    child.kill('SIGKILL')
  }
  await site.close()
  rmSync(root, { recursive: true, force: true })
})

/** Starts the cloud over the same data and gives its outputs. */
async function up(): Promise<Record<string, string>> {
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WORKER, join(root, 'data'), site.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout!), 'line')
  const { url, outputs } = JSON.parse(line)
  const options = {
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  }
  states?.destroy()
  states = new SFNClient(options)
  const secrets = new SecretsManagerClient(options)
  const SecretString = JSON.stringify({ username: 'loader', password: 'open-sesame' })
  await secrets.send(new PutSecretValueCommand({ SecretId: outputs.SourceCredentialsArn, SecretString }))
  secrets.destroy()
  return outputs
}

async function entered(executionArn: string): Promise<string[]> {
  const names: string[] = []
  for await (const { events = [] } of paginateGetExecutionHistory({ client: states }, { executionArn }))
    names.push(...events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []))
  return names
}

describe('the local cloud, killed in the middle of a run', () => {
  it.each(
    Array.from({ length: runs }, (_, i) => {
      const at = seed + i
      return { state: STATES[at % STATES.length]!, delay: (at * 7919) % 250 }
    }),
  )(
    'goes on after $state and $delay ms',
    async ({ state, delay }) => {
      // Prepare
      const { BatchStateMachineArn } = await up()
      const { executionArn } = await states.send(
        new StartExecutionCommand({
          stateMachineArn: BatchStateMachineArn,
          input: JSON.stringify({ load: { mysql } }),
        }),
      )
      while (!(await entered(executionArn!)).includes(state)) await sleep(10)
      await sleep(delay)

      // Act
      child.kill('SIGKILL')
      await once(child, 'exit')
      await up()

      // Assess
      const describeIt = () => states.send(new DescribeExecutionCommand({ executionArn }))
      await expect.poll(async () => (await describeIt()).status, { timeout: 90_000, interval: 50 }).not.toBe('RUNNING')
      let ended = await describeIt()
      // What was lost with the process (a cluster, a statement) may fail the execution by name; a new one then completes.
      if (ended.status !== 'SUCCEEDED') {
        expect(ended.error, ended.cause).toMatch(
          /^(ClusterFailed|ClusterLost|HiveStepFailed|HiveStepCancelled|RedshiftStatement\w+)$/,
        )
        const again = await states.send(
          new StartExecutionCommand({
            stateMachineArn: BatchStateMachineArn,
            input: JSON.stringify({ load: { mysql } }),
          }),
        )
        const described = () => states.send(new DescribeExecutionCommand({ executionArn: again.executionArn }))
        await expect.poll(async () => (await described()).status, { timeout: 60_000, interval: 50 }).not.toBe('RUNNING')
        ended = await described()
      }
      expect(ended.status, `${ended.error}: ${ended.cause}`).toBe('SUCCEEDED')
      const { origination, performance } = archive.truth.tables
      expect(JSON.parse(ended.output!).counts).toMatchObject({
        origination: {
          raw: origination.raw,
          rejected: origination.rejected,
          redshift: origination.processed,
          ...(mysql && { mysql: origination.processed }),
        },
        performance: { raw: performance.raw, rejected: performance.rejected, redshift: performance.processed },
      })
    },
    180_000,
  )
})
