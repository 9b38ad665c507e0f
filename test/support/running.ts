/** The whole thing, for tests: the synthesized template on the local cloud, a source site with small archives, and an SDK client. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  paginateGetExecutionHistory,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { type Archive, generateArchive } from '../../data/loans/generate-archive.ts'
import { type Site, startSite } from '../../data/loans/site/index.ts'
import { boot, type RunningCloud } from '../../local/boot.ts'
import { synthesize } from '../../local/deploy/synth.ts'

export interface RunningOptions {
  quarters?: string[]
  loans?: number
  dirty?: number
  seed?: number
  /** What the workflow is given as the site's password; the right one by default. */
  password?: string
}

export interface Running {
  cloud: RunningCloud
  site: Site
  archives: Archive[]
  /** The folder that the site serves. */
  folder: string
  dataDir: string
  clientOptions: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } }
  sfn: SFNClient
  /** Starts the batch workflow and gives its ARN. */
  start(input?: object, name?: string): Promise<string>
  /** Waits until the execution has ended. */
  end(executionArn: string, timeoutMs?: number): Promise<DescribeExecutionCommandOutput>
  /** The states that the execution has entered so far. */
  entered(executionArn: string): Promise<string[]>
  /** Stops the cloud and boots it again over the same data, with these of its parameters changed. */
  restart(parameters?: Record<string, string>): Promise<void>
  close(): Promise<void>
}

const PASSWORD = 'open-sesame'
const POLL_MS = 40
const END_TIMEOUT_MS = 90_000

export async function startRunning(options: RunningOptions = {}): Promise<Running> {
  const { quarters = ['1999Q1', '1999Q2'], loans = 60, dirty = 0.05, seed = 1 } = options
  const root = mkdtempSync(join(tmpdir(), 'stepwell-'))
  const folder = join(root, 'archives')
  const dataDir = join(root, 'data')
  mkdirSync(folder, { recursive: true })
  const archives: Archive[] = []
  for (const quarter of quarters) archives.push(await generateArchive({ quarter, loans, dirty, seed, folder }))
  const site = await startSite({ folder, username: 'loader', password: PASSWORD })
  const assembly = await synthesize()
  const bootAgain = (changed: Record<string, string> = {}) =>
    boot({
      assembly,
      dataDir,
      port: 0,
      warm: true,
      parameters: { SourceDriver: 'http', SourceUrl: site.url, ...changed },
    })
  const credentials = { accessKeyId: 'operator', secretAccessKey: 'operator' }
  const running: Running = {
    cloud: await bootAgain(),
    site,
    archives,
    folder,
    dataDir,
    clientOptions: { endpoint: '', region: 'us-east-1', credentials },
    sfn: new SFNClient({}),
    async start(input = {}, name) {
      const stateMachineArn = running.cloud.outputs.BatchStateMachineArn!
      const started = await running.sfn.send(
        new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), ...(name && { name }) }),
      )
      return started.executionArn!
    },
    async end(executionArn, timeoutMs = END_TIMEOUT_MS) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const execution = await running.sfn.send(new DescribeExecutionCommand({ executionArn }))
        if (execution.status !== 'RUNNING') return execution
        if (Date.now() > deadline) throw new Error(`${executionArn} is still running after ${timeoutMs} ms.`)
        await sleep(POLL_MS)
      }
    },
    async entered(executionArn) {
      const names: string[] = []
      for await (const page of paginateGetExecutionHistory({ client: running.sfn }, { executionArn }))
        names.push(
          ...(page.events ?? []).flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
        )
      return names
    },
    async restart(parameters) {
      await running.cloud.close()
      running.cloud = await bootAgain(parameters)
      connect()
    },
    async close() {
      running.sfn.destroy()
      await running.cloud.close()
      await site.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
  const connect = () => {
    running.clientOptions = { endpoint: running.cloud.url, region: 'us-east-1', credentials }
    running.sfn = new SFNClient(running.clientOptions)
  }
  connect()
  const secrets = new SecretsManagerClient(running.clientOptions)
  const SecretString = JSON.stringify({ username: 'loader', password: options.password ?? PASSWORD })
  await secrets.send(new PutSecretValueCommand({ SecretId: running.cloud.outputs.SourceCredentialsArn!, SecretString }))
  secrets.destroy()
  return running
}
