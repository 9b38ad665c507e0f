/** What the tests of faults have in common: one quarter that is published anew, and what must be true after every failure. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { EMRClient, ListClustersCommand } from '@aws-sdk/client-emr'
import type { DescribeExecutionCommandOutput } from '@aws-sdk/client-sfn'
import { expect } from 'vitest'
import { type Archive, generateArchive } from '../../data/loans/generate-archive.ts'
import type { Running } from './running.ts'

export const QUARTER = '1999Q1'
const LIVE = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING', 'TERMINATING'] as const

export class Faulty {
  readonly running: Running
  /** The stores that executions load. */
  readonly load: { mysql: boolean; redshift: boolean }
  archive: Archive
  #seed = 100

  constructor(running: Running, load: { mysql: boolean; redshift: boolean }) {
    this.running = running
    this.load = load
    this.archive = running.archives[0]!
  }

  /** Publishes the quarter with other rows, so that the next execution has work in every stage. */
  async publish(): Promise<Archive> {
    this.archive = await generateArchive({
      quarter: QUARTER,
      loans: 20,
      seed: ++this.#seed,
      dirty: 0.05,
      through: '1999-12',
      folder: this.running.folder,
    })
    return this.archive
  }

  /** Publishes the quarter with bytes of the test's own. */
  async publishBytes(bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.running.folder, `historical_data_${QUARTER}.zip`), bytes)
  }

  start(load: object = this.load): Promise<string> {
    return this.running.start({ load })
  }

  /** The execution ends with this error, and leaves nothing running. */
  async fails(executionArn: string, error: string): Promise<DescribeExecutionCommandOutput> {
    const ended = await this.running.end(executionArn)
    expect(ended, ended.cause).toMatchObject({ status: 'FAILED', error })
    await this.nothingRuns()
    return ended
  }

  /** No cluster lives, no job is open, and no token is kept. */
  async nothingRuns(): Promise<void> {
    const emr = new EMRClient(this.running.clientOptions)
    const dynamodb = new DynamoDBClient(this.running.clientOptions)
    const TableName = this.running.cloud.outputs.JobsTableName!
    await expect
      .poll(async () => (await emr.send(new ListClustersCommand({ ClusterStates: [...LIVE] }))).Clusters, {
        timeout: 10_000,
      })
      .toEqual([])
    await expect
      .poll(
        async () => {
          const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName, ConsistentRead: true }))
          return Items.filter((job) => job.status?.S === 'open' || job.token)
        },
        { timeout: 10_000 },
      )
      .toEqual([])
    emr.destroy()
    dynamodb.destroy()
  }

  /** A new execution completes, and every store holds what the truth file says. */
  async recovers(): Promise<void> {
    this.equalsTruth(await this.running.end(await this.start()))
  }

  equalsTruth(ended: DescribeExecutionCommandOutput): void {
    expect(ended.status, `${ended.error}: ${ended.cause}`).toBe('SUCCEEDED')
    const { origination, performance } = this.archive.truth.tables
    const stages = ({ raw, rejected, processed }: typeof origination) => ({
      raw,
      rejected,
      processed,
      redshift: processed,
    })
    expect(JSON.parse(ended.output!).counts).toEqual({
      origination: { ...stages(origination), ...(this.load.mysql && { mysql: origination.processed }) },
      performance: stages(performance),
    })
  }

  /** Waits until the execution has entered a state. */
  async reaches(executionArn: string, state: string): Promise<void> {
    await expect.poll(() => this.running.entered(executionArn), { timeout: 60_000, interval: 15 }).toContain(state)
  }

  /** As the administrator, by the service's signing name. */
  ask(service: string, operation: string, input: object = {}): Promise<any> {
    const { cloud } = this.running.cloud
    return cloud.call(cloud.admin, service, operation, input)
  }

  /** The name of a task's function. */
  async functionOf(task: string): Promise<string> {
    const { Functions } = await this.ask('lambda', 'ListFunctions')
    return Functions.find(({ Description }: any) => Description === `tasks/${task}.ts`).FunctionName
  }

  /** Invokes a task's function and gives what it returns. */
  async invoke(task: string, event: object): Promise<any> {
    const answer = await this.ask('lambda', 'Invoke', {
      FunctionName: await this.functionOf(task),
      Payload: Buffer.from(JSON.stringify(event)),
    })
    const payload = Buffer.from(answer.Payload).toString()
    expect(answer.FunctionError, payload).toBeUndefined()
    return payload === '' ? undefined : JSON.parse(payload)
  }
}
