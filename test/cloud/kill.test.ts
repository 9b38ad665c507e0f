/**
 * kill -9 of the whole local cloud in the middle of a run, again and again over the same data: started again, the execution goes on by itself
 * and ends with the rows of the truth file, or with an error by name, and the next one does. Nothing is left running. CHAOS_RUNS kills more
 * often, CHAOS_SEED elsewhere.
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
  type DescribeExecutionCommandOutput,
  ListExecutionsCommand,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateArchive } from '../../data/loans/generate-archive.ts'
import { type Site, startSite } from '../../data/loans/site/index.ts'
import { synthesize } from '../../local/deploy/synth.ts'
import { hasMysql as mysql } from '../support/mysql.ts'
import { nothingRuns, trueCounts } from '../support/nothing-runs.ts'

const WORKER = fileURLToPath(new URL('../support/cloud-process.ts', import.meta.url))
const STATES = [
  'ListArchives',
  'CollectQuarters',
  'ClearQuarters',
  'CreateCluster',
  'CreateTables',
  'ProcessOrigination',
  'ProcessPerformance',
  'CountRecords',
  'CheckQuality',
  'LoadStores',
  ...(mysql ? ['MeasureMysql'] : []),
  'Reconcile',
  'Report',
]
/** Five seeds then fall on five states, and the next ones on others. */
const STRIDE = 5
const LONGEST_DELAY_MS = 250
const runs = Number(process.env.CHAOS_RUNS ?? 5)
const first = Number(process.env.CHAOS_SEED ?? 1)
const END_TIMEOUT_MS = 240_000

let root: string
let site: Site
let assembly: string
let child: ChildProcess
let outputs: Record<string, string>
let client: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } }
let states: SFNClient

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'stepwell-kill-'))
  await publish(0)
  assembly = await synthesize()
  site = await startSite({ folder: join(root, 'archives'), username: 'loader', password: 'open-sesame' })
  await up()
  const secrets = new SecretsManagerClient(client)
  const SecretString = JSON.stringify({ username: 'loader', password: 'open-sesame' })
  await secrets.send(new PutSecretValueCommand({ SecretId: outputs.SourceCredentialsArn, SecretString }))
  secrets.destroy()
}, 300_000)
afterAll(async () => {
  states?.destroy()
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await Promise.race([once(child, 'exit'), sleep(15_000)])
    child.kill('SIGKILL')
  }
  await site.close()
  rmSync(root, { recursive: true, force: true })
})

/** Publishes the quarter with rows of its own, so that every state has work. */
function publish(seed: number) {
  const folder = join(root, 'archives')
  return generateArchive({ quarter: '1999Q1', loans: 40, dirty: 0.05, seed: 100 + seed, through: '1999-12', folder })
}

/** Starts the cloud over the same data. */
async function up(): Promise<void> {
  child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', WORKER, join(root, 'data'), site.url, assembly],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`The local cloud ended with ${code} before it was up.`)
  })
  died.catch(() => {})
  const [line] = await Promise.race([once(createInterface(child.stdout!), 'line'), died])
  const { url: endpoint, outputs: made } = JSON.parse(line)
  outputs = made
  client = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' } }
  states?.destroy()
  states = new SFNClient(client)
}

/** Stops what a seed that failed left running, so that the next one is judged by itself. */
async function quiet(): Promise<void> {
  const running = { stateMachineArn: outputs.BatchStateMachineArn, statusFilter: 'RUNNING' as const }
  const { executions = [] } = await states.send(new ListExecutionsCommand(running))
  for (const { executionArn } of executions) await states.send(new StopExecutionCommand({ executionArn }))
}

async function start(): Promise<string> {
  const { executionArn } = await states.send(
    new StartExecutionCommand({
      stateMachineArn: outputs.BatchStateMachineArn,
      input: JSON.stringify({ load: { mysql } }),
    }),
  )
  return executionArn!
}

const describeIt = (executionArn: string) => states.send(new DescribeExecutionCommand({ executionArn }))

async function end(executionArn: string): Promise<DescribeExecutionCommandOutput> {
  const isOver = async () => (await describeIt(executionArn)).status !== 'RUNNING'
  for (const deadline = Date.now() + END_TIMEOUT_MS; !(await isOver()); await sleep(50))
    if (Date.now() > deadline)
      throw new Error(`Still in ${(await entered(executionArn)).at(-1)} after ${END_TIMEOUT_MS} ms.`)
  return describeIt(executionArn)
}

async function entered(executionArn: string): Promise<string[]> {
  const names: string[] = []
  for await (const { events = [] } of paginateGetExecutionHistory({ client: states }, { executionArn }))
    names.push(...events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []))
  return names
}

/** Waits until the execution has entered a state, or has ended. */
async function reaches(executionArn: string, state: string): Promise<void> {
  while (!(await entered(executionArn)).includes(state)) {
    if ((await describeIt(executionArn)).status !== 'RUNNING') return
    await sleep(10)
  }
}

describe('the local cloud, killed in the middle of a run', () => {
  const kills = Array.from({ length: runs }, (_, i) => {
    const seed = first + i
    return { seed, state: STATES[(seed * STRIDE) % STATES.length]!, delay: (seed * 7919) % LONGEST_DELAY_MS }
  })

  it.each(kills)(
    'goes on after $state and $delay ms (seed $seed)',
    async ({ seed, state, delay }) => {
      // Prepare
      await quiet()
      const archive = await publish(seed)
      const executionArn = await start()
      await reaches(executionArn, state)
      await sleep(delay)

      // Act
      child.kill('SIGKILL')
      await once(child, 'exit')
      await up()

      // Assess
      let ended = await end(executionArn)
      // What was lost with the process (a cluster, a statement) may fail the execution by name; a new one then completes.
      if (ended.status !== 'SUCCEEDED') {
        expect(ended.error, ended.cause).toMatch(
          /^(ClusterFailed|ClusterLost|HiveStepFailed|HiveStepCancelled|RedshiftStatement\w+)$/,
        )
        await nothingRuns(client, outputs)
        ended = await end(await start())
      }
      expect(ended.status, `${ended.error}: ${ended.cause}`).toBe('SUCCEEDED')
      expect(JSON.parse(ended.output!).counts).toEqual(trueCounts(archive, { mysql }))
      await nothingRuns(client, outputs)
    },
    600_000,
  )
})
