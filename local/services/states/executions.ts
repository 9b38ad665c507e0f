/** The executions of the local cloud: how they start, end, and go on after a restart, and what the service keeps of them. */
import type { Cloud } from '../../cloud.ts'
import { compileDefinition, type Program } from '../../engines/states/definition.ts'
import { Engine } from '../../engines/states/engine.ts'
import type { Execution, ExecutionResult } from '../../engines/states/execution.ts'
import { type JournalRecord, MemoryJournals } from '../../engines/states/journal.ts'
import type { ExecutionInfo, Ports } from '../../engines/states/ports.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { executionNames } from './arns.ts'
import { ExecutionLog } from './logging.ts'
import type { Found } from './machines.ts'
import { versionArn } from './machines.ts'
import { ExecutionMetrics } from './metrics.ts'
import { type ExecutionRow, executionKey, hashOf, type MachineRow, type Revision, type Rows } from './rows.ts'
import { putStatusEvent } from './status-events.ts'

/** Compiled definitions kept in memory. */
const maxPrograms = 500

export interface StartRequest extends Found {
  readonly aliasArn?: string
  readonly name: string
  readonly input: string
}

export class Executions {
  readonly engine: Engine
  readonly #cloud: Cloud
  readonly #rows: Rows
  readonly #programs = new Map<string, Program>()
  readonly #logs = new Set<ExecutionLog>()
  readonly #metrics: ExecutionMetrics
  #telling: Promise<unknown> = Promise.resolve()
  #untold = 0
  readonly #resumed = Promise.withResolvers<void>()
  #hasResumed: boolean

  constructor(cloud: Cloud, rows: Rows, ports: Ports) {
    this.#cloud = cloud
    this.#rows = rows
    this.#metrics = new ExecutionMetrics(cloud)
    this.engine = new Engine(ports)
    this.#hasResumed = rows.running.entries().length === 0
    if (this.#hasResumed) this.#resumed.resolve()
  }

  /** Settled when the executions of the last process go on: until then their tasks' tokens are not known. */
  get resumed(): Promise<void> | undefined {
    return this.#hasResumed ? undefined : this.#resumed.promise
  }

  /** The program of a definition's text, compiled once. */
  program(definition: string): Program {
    const key = hashOf(definition)
    let program = this.#programs.get(key)
    if (!program) {
      program = compileDefinition(JSON.parse(definition))
      if (this.#programs.size >= maxPrograms) this.#programs.clear()
      this.#programs.set(key, program)
    }
    return program
  }

  row(arn: unknown): ExecutionRow {
    const names = executionNames(arn)
    const row = this.#rows.executions.get(executionKey(names.machine, names.name))
    if (!row || row.arn !== arn)
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${String(arn)}'`)
    return row
  }

  /** Starts a standard execution. @throws AwsError ExecutionAlreadyExists */
  start(request: StartRequest): ExecutionRow {
    const { machine, version, name, input } = request
    const key = executionKey(machine.name, name)
    const existing = this.#rows.executions.get(key)
    const inputHash = hashOf(input)
    if (existing) {
      if (existing.status === 'RUNNING' && existing.inputHash === inputHash) return existing
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${existing.arn}'`)
    }
    const revision: Revision = version ?? machine
    const definition = hashOf(revision.definition)
    if (this.#rows.definitions.get(definition) === undefined)
      this.#rows.definitions.put(definition, revision.definition)
    const row: ExecutionRow = {
      arn: this.#cloud.arn('states', `execution:${machine.name}:${name}`),
      name,
      machineArn: machine.arn,
      machineName: machine.name,
      ...(version && { versionArn: versionArn(machine, version) }),
      ...(request.aliasArn !== undefined && { aliasArn: request.aliasArn }),
      roleArn: revision.roleArn,
      definition,
      ...(revision.revisionId !== undefined && { revisionId: revision.revisionId }),
      updateDate: revision.updateDate,
      logging: revision.loggingConfiguration,
      status: 'RUNNING',
      startDate: Date.now(),
      order: performance.timeOrigin + performance.now(),
      inputHash,
    }
    this.#rows.executions.put(key, row)
    this.#rows.running.put(key, true)
    this.#follow(this.engine.start(this.#info(row, input), this.program(revision.definition), this.#options(row)), row)
    this.#metrics.started(machine.arn)
    void this.#tell(row, input)
    return row
  }

  /** Runs an express execution, which leaves no trace but its log. */
  startExpress(
    machine: MachineRow,
    revision: Revision,
    name: string,
    input: string,
  ): { execution: Execution; arn: string } {
    const arn = this.#cloud.arn('states', `express:${machine.name}:${name}:${crypto.randomUUID()}`)
    const info: ExecutionInfo = {
      arn,
      name,
      stateMachineArn: machine.arn,
      stateMachineName: machine.name,
      roleArn: revision.roleArn,
      express: true,
      input,
      startTime: Date.now(),
    }
    const journals = new MemoryJournals()
    const log = this.#log(revision.loggingConfiguration, arn, `${machine.name}/${name}`)
    const execution = this.engine.start(info, this.program(revision.definition), {
      ports: { journals },
      ...(log && { onEvent: (record) => log.record(record) }),
    })
    this.#metrics.started(machine.arn)
    this.#metrics.follow(execution)
    return { execution, arn }
  }

  /** Goes on with everything that ran when the process ended; callbacks find their tasks once it has settled. */
  async resumeAll(): Promise<void> {
    for (const [key] of this.#rows.running.entries()) {
      const row = this.#rows.executions.get(key)
      if (row?.status !== 'RUNNING') {
        // It had ended, and the process with it before anybody was told.
        if (row && row.mapRunArn === undefined) this.#tellEnd(row, this.summary(row))
        else this.#rows.running.delete(key)
        continue
      }
      if (row.mapRunArn) continue
      // The process died before the start was recorded and answered: there was no such execution.
      if (this.engine.records(row.arn).length === 0) {
        this.#rows.running.delete(key)
        this.#rows.executions.delete(key)
        continue
      }
      try {
        this.resume(row)
      } catch (error) {
        this.#cloud.log('error', 'An execution could not be resumed.', {
          execution: row.arn,
          error: (error as Error).message,
        })
      }
    }
    // Tasks register their tokens in the turn in which they are resumed.
    await new Promise((resume) => setImmediate(resume))
    this.#hasResumed = true
    this.#resumed.resolve()
  }

  /** Starts the child of a distributed Map, or goes on with it; it is an execution that can be described. */
  startChild(info: ExecutionInfo, program: Program, options: { known: boolean; items: number }): Execution {
    if (info.express) return this.engine.startChild(info, program, options)
    const known = this.#rows.executions.get(executionKey(info.stateMachineName, info.name))
    const parent = this.#rows.executions.get(this.#parentKey(info))
    const row: ExecutionRow = {
      arn: info.arn,
      name: info.name,
      machineArn: info.stateMachineArn,
      machineName: info.stateMachineName,
      roleArn: info.roleArn,
      definition: parent?.definition ?? '',
      updateDate: parent?.updateDate ?? info.startTime,
      status: 'RUNNING',
      startDate: known?.startDate ?? info.startTime,
      order: known?.order ?? performance.timeOrigin + performance.now(),
      inputHash: hashOf(info.input),
      itemCount: options.items,
      ...(info.mapRunArn !== undefined && { mapRunArn: info.mapRunArn }),
    }
    this.save(row)
    const execution = this.engine.startChild({ ...info, startTime: row.startDate }, program, options)
    void execution.ended.then(({ status, stopTime }) => this.save({ ...row, status, stopDate: stopTime }))
    return execution
  }

  #parentKey(info: ExecutionInfo): string {
    const run = this.#rows.mapRuns.get(info.mapRunArn ?? '')
    const names = run ? executionNames(run.executionArn) : { machine: '', name: '' }
    return executionKey(names.machine, names.name)
  }

  /** Goes on with an execution that did not succeed, where it did not. */
  redrive(row: ExecutionRow): ExecutionRow {
    const records = this.engine.records(row.arn)
    const input = this.inputOf(records)
    const { stopDate, ...rest } = row
    void stopDate
    const redriven: ExecutionRow = {
      ...rest,
      status: 'RUNNING',
      redriveCount: (row.redriveCount ?? 0) + 1,
      redriveDate: Date.now(),
    }
    this.save(redriven)
    this.#rows.running.put(executionKey(row.machineName, row.name), true)
    const program = this.program(this.definitionOf(row))
    this.#follow(this.engine.redrive(this.#info(redriven, input), program, this.#options(redriven)), redriven)
    void this.#tell(redriven, input)
    return redriven
  }

  /** Goes on with one execution; its journal may already hold its end. */
  resume(row: ExecutionRow): Execution {
    const records = this.engine.records(row.arn)
    const program = this.program(this.definitionOf(row))
    const execution = this.engine.resume(this.#info(row, this.inputOf(records)), program, this.#options(row))
    this.#follow(execution, row)
    return execution
  }

  /** The definition that an execution runs. */
  definitionOf(row: ExecutionRow): string {
    return this.#rows.definitions.get(row.definition) ?? '{}'
  }

  inputOf(records: readonly JournalRecord[]): string {
    return (records[0]?.[4]?.input as string | undefined) ?? '{}'
  }

  /** The input of an execution and, if it has ended, how: without reading what lies between. */
  summary(row: ExecutionRow): { input: string; output?: string; error?: string; cause?: string } {
    const running = this.engine.running(row.arn)
    if (running && !running.result) return { input: running.info.input }
    const { first, end } = this.engine.ports.journals.ends(row.arn)
    const input = (first?.[4]?.input as string | undefined) ?? '{}'
    // The event of a time-out names an error, the execution does not.
    if (row.status === 'RUNNING' || row.status === 'TIMED_OUT') return { input }
    return { input, ...(end?.[4] as { output?: string }) }
  }

  /** Ends an execution that could not be resumed. */
  giveUp(row: ExecutionRow): void {
    this.save({ ...row, status: 'ABORTED', stopDate: Date.now() })
    this.#rows.running.delete(executionKey(row.machineName, row.name))
  }

  save(row: ExecutionRow): void {
    this.#rows.executions.put(executionKey(row.machineName, row.name), row)
  }

  /** Settles when all logs, events and metrics are out. */
  async close(): Promise<void> {
    await this.#telling
    for (const log of this.#logs) await log.flush()
    await this.#metrics.close()
  }

  /** Waits until all changes of status so far are told. @returns whether there were any */
  async drain(): Promise<boolean> {
    const busy = this.#untold > 0
    await this.#telling
    return busy
  }

  /** Tells EventBridge how an execution stands, one after the other. */
  #tell(
    row: ExecutionRow,
    input: string,
    end: { output?: string; error?: string; cause?: string } = {},
  ): Promise<void> {
    const change = { row: { ...row }, input, ...end }
    this.#untold++
    const told = this.#telling.then(async () => {
      await putStatusEvent(this.#cloud, change)
      this.#untold--
    })
    this.#telling = told
    return told
  }

  /** An execution counts as running until its end is told, so that a process that dies between leaves it to the next. */
  #tellEnd(row: ExecutionRow, { input, ...end }: ReturnType<Executions['summary']>): void {
    void this.#tell(row, input, end).then(() => {
      const key = executionKey(row.machineName, row.name)
      if (this.#rows.executions.get(key)?.status !== 'RUNNING') this.#rows.running.delete(key)
    })
  }

  #follow(execution: Execution, row: ExecutionRow): void {
    this.#metrics.follow(execution)
    void execution.ended.then((result: ExecutionResult) => {
      const ended: ExecutionRow = { ...row, status: result.status, stopDate: result.stopTime }
      this.save(ended)
      const { output, error, cause } = result
      this.#tellEnd(ended, {
        input: execution.info.input,
        ...(output !== undefined && { output }),
        ...(error !== undefined && { error }),
        ...(cause !== undefined && { cause }),
      })
    })
  }

  #info(row: ExecutionRow, input: string): ExecutionInfo {
    return {
      arn: row.arn,
      name: row.name,
      stateMachineArn: row.machineArn,
      stateMachineName: row.machineName,
      roleArn: row.roleArn,
      express: false,
      input,
      startTime: row.startDate,
      ...(row.item && { item: row.item }),
      ...(row.mapRunArn !== undefined && { mapRunArn: row.mapRunArn }),
    }
  }

  #options(row: ExecutionRow) {
    const log = this.#log(row.logging, row.arn, `${row.machineName}/${row.name}`)
    return log ? { onEvent: (record: JournalRecord) => log.record(record) } : {}
  }

  #log(config: ExecutionRow['logging'], arn: string, name: string): ExecutionLog | undefined {
    if (!ExecutionLog.wanted(config)) return undefined
    const day = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '-')
    const log = new ExecutionLog(
      this.#cloud,
      config,
      arn,
      `states/${name.replace(/[:*]/g, '_')}/${day}/${hashOf(arn).slice(0, 8)}`,
    )
    this.#logs.add(log)
    return log
  }
}
