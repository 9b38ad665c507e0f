/** What the tests of faults have in common: one quarter that is published anew, and what must be true after every failure. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DescribeExecutionCommandOutput } from '@aws-sdk/client-sfn'
import { expect } from 'vitest'
import { type Archive, generateArchive } from '../../data/loans/generate-archive.ts'
import { beforeInvoking } from './interpose.ts'
import { hasMysql } from './mysql.ts'
import { nothingRuns, trueCounts } from './nothing-runs.ts'
import { type Running, startRunning } from './running.ts'

export const QUARTER = '1999Q1'
const LOANS = 20

export class Faulty {
  readonly running: Running
  /** The stores that executions load. */
  readonly load: { mysql: boolean; redshift: boolean }
  archive: Archive
  #seed = 100

  private constructor(running: Running) {
    this.running = running
    this.load = { mysql: hasMysql, redshift: true }
    this.archive = running.archives[0]!
  }

  /** Boots a cloud of its own; `running.close()` ends it. */
  static async boot(): Promise<Faulty> {
    return new Faulty(await startRunning({ quarters: [QUARTER], loans: LOANS }))
  }

  /** Before each test: what one that failed left running is stopped, and there is an archive to collect. */
  async begin(): Promise<void> {
    await this.#quiet()
    await this.publish()
  }

  /** Publishes the quarter with other rows, so that the next execution has work in every stage. */
  async publish(): Promise<Archive> {
    this.archive = await generateArchive({
      quarter: QUARTER,
      loans: LOANS,
      seed: ++this.#seed,
      dirty: 0.05,
      through: '1999-12',
      folder: this.running.folder,
    })
    return this.archive
  }

  /** Stops what a test that failed left running, so that the next one is judged by itself. */
  async #quiet(): Promise<void> {
    const stateMachineArn = this.running.cloud.outputs.BatchStateMachineArn!
    const { executions } = await this.ask('states', 'ListExecutions', { stateMachineArn, statusFilter: 'RUNNING' })
    for (const { executionArn } of executions) await this.ask('states', 'StopExecution', { executionArn })
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

  nothingRuns(): Promise<void> {
    return nothingRuns(this.running.clientOptions, this.running.cloud.outputs)
  }

  /** A new execution completes, and every store holds what the truth file says. */
  async recovers(): Promise<void> {
    this.equalsTruth(await this.running.end(await this.start()))
  }

  equalsTruth(ended: DescribeExecutionCommandOutput): void {
    expect(ended.status, `${ended.error}: ${ended.cause}`).toBe('SUCCEEDED')
    expect(JSON.parse(ended.output!).counts).toEqual(trueCounts(this.archive, this.load))
  }

  /** Waits until the execution has entered a state. */
  async reaches(executionArn: string, state: string): Promise<void> {
    await expect.poll(() => this.running.entered(executionArn), { timeout: 100_000, interval: 15 }).toContain(state)
  }

  /** Waits until a Hive step of that state runs. */
  async runs(state: string): Promise<void> {
    const isRunning = async () => {
      const { Clusters } = await this.ask('elasticmapreduce', 'ListClusters', { ClusterStates: ['RUNNING'] })
      for (const { Id } of Clusters) {
        const { Steps } = await this.ask('elasticmapreduce', 'ListSteps', { ClusterId: Id, StepStates: ['RUNNING'] })
        if (Steps.some(({ Name }: any) => Name.endsWith(`#${state}`))) return true
      }
      return false
    }
    for (const deadline = Date.now() + 60_000; !(await isRunning()); await sleep(2))
      if (Date.now() > deadline) throw new Error(`No step of ${state} has run within a minute.`)
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

  /** Deploys the definition as it is, but for one thing. @returns what puts it back */
  async withDefinition(what: RegExp, by: string): Promise<() => Promise<unknown>> {
    const stateMachineArn = this.running.cloud.outputs.BatchStateMachineArn!
    const { definition } = await this.ask('states', 'DescribeStateMachine', { stateMachineArn })
    const changed = definition.replaceAll(what, by)
    expect(changed).not.toBe(definition)
    await this.ask('states', 'UpdateStateMachine', { stateMachineArn, definition: changed })
    return () => this.ask('states', 'UpdateStateMachine', { stateMachineArn, definition })
  }

  /** Acts when a task's function is invoked the next time, before it runs. @returns what takes it back */
  async beforeTask(task: string, act: () => Promise<void>): Promise<() => void> {
    return beforeInvoking(this.running.cloud, await this.functionOf(task), act)
  }

  /** Runs one statement in Redshift. */
  async changeRedshift(Sql: string): Promise<void> {
    const { RedshiftWorkgroupName: WorkgroupName, RedshiftDatabaseName: Database } = this.running.cloud.outputs
    const { Id } = await this.ask('redshift-data', 'ExecuteStatement', { WorkgroupName, Database, Sql })
    const statement = () => this.ask('redshift-data', 'DescribeStatement', { Id })
    await expect.poll(async () => (await statement()).Status).toMatch(/^F/)
    expect(await statement()).toMatchObject({ Status: 'FINISHED', ResultRows: 1 })
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
