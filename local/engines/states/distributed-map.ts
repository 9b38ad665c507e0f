/**
 * The distributed Map: every item, or batch of items, is an execution of its own, and a map run counts them
 * (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html).
 */
import { createHash, randomUUID } from 'node:crypto'
import type { Distribution, MapState } from './definition.ts'
import { Cancelled, StatesError } from './errors.ts'
import type { Execution } from './execution.ts'
import type { Frame } from './frame.ts'
import { itemBatches } from './item-batches.ts'
import type { JournalRecord } from './journal.ts'
import { type Json, type JsonObject, parseJson, textOf } from './json.ts'
import { itemsOf } from './map.ts'
import { beginAttempt } from './parallel.ts'
import type { ChildResult, DatasetRequest, ExecutionInfo, MapRunInfo } from './ports.ts'
import { lastOf } from './recovery.ts'
import { readInteger, readPercentage } from './setting.ts'

/** Children that run at once when MaxConcurrency does not say; AWS allows 10,000. */
const usualConcurrency = 1000

export async function runDistributedMap(frame: Frame<MapState>, distribution: Distribution): Promise<Json> {
  const { state, execution, thread } = frame
  const recorded = frame.recorded
  const fresh = await beginAttempt(frame, 'MapStateStarted')
  const maxConcurrency = state.maxConcurrency ? await readInteger(frame, state.maxConcurrency) : 0
  let items: Json[] = []
  let failure: unknown
  try {
    items = distribution.reader ? await readItems(frame, distribution) : await itemsOf(frame)
  } catch (error) {
    // What a reader cannot read fails the map run, other failures fail the state before it starts.
    if (!(error instanceof StatesError) || error.name !== 'States.ItemReaderFailed') throw error
    failure = error
  }
  const firstState = frame.before === 0
  if (fresh) execution.emit(thread, 'MapStateStarted', { length: items.length })
  const run = await beginRun(frame, distribution, maxConcurrency, fresh ? [] : recorded)
  const started = thread.last
  try {
    if (failure) throw failure
    const batches = await itemBatches(frame, distribution, items)
    const results = await new Children(frame, distribution, run, batches, fresh ? [] : recorded).run()
    const output = await finish(frame, distribution, run, results)
    endRun(frame, run, 'SUCCEEDED')
    execution.emit(thread, 'MapRunSucceeded', null)
    const succeeded = thread.last
    execution.aside(thread, 'MapStateSucceeded', null)
    // Recordings of a Map that is an execution's first state chain its Exited event to MapRunSucceeded, all others to MapRunStarted.
    thread.last = firstState ? succeeded : started
    return output
  } catch (error) {
    if (error instanceof Cancelled) {
      endRun(frame, run, 'ABORTED')
      throw error
    }
    endRun(frame, run, 'FAILED')
    const { name, causeText } = error as StatesError
    execution.emit(thread, 'MapRunFailed', { error: name, ...(causeText !== undefined && { cause: causeText }) })
    throw error
  }
}

function request(
  frame: Frame<MapState>,
  part: { resource: string; config: Json | undefined },
  args: Json,
): DatasetRequest {
  return { resource: part.resource, config: part.config, arguments: args, execution: frame.execution.info }
}

async function readItems(frame: Frame<MapState>, distribution: Distribution): Promise<Json[]> {
  const reader = distribution.reader!
  const { datasets } = frame.execution.ports
  if (!datasets) throw new StatesError('States.ItemReaderFailed', 'There is nothing that reads items.')
  const args = reader.arguments ? await reader.arguments.fill(frame.scope(frame.effectiveInput())) : {}
  const most = distribution.maxItems ? await readInteger(frame, distribution.maxItems) : 0
  const items: Json[] = []
  for await (const item of datasets.read(request(frame, reader, args))) {
    items.push(item)
    if (most > 0 && items.length === most) break
  }
  return items
}

const noCounts = () => ({ pending: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, aborted: 0 })

/** Reads the tolerances and announces the map run, or finds the one that was running. */
async function beginRun(
  frame: Frame<MapState>,
  distribution: Distribution,
  maxConcurrency: number,
  recorded: readonly JournalRecord[],
): Promise<MapRunInfo> {
  const { execution, thread, state } = frame
  const { toleratedCount, toleratedPercentage } = distribution
  const count = toleratedCount ? await readInteger(frame, toleratedCount) : 0
  const percentage = toleratedPercentage ? await readPercentage(frame, toleratedPercentage) : 0
  const known = lastOf(recorded, 'MapRunStarted')
  const machine = `${execution.info.stateMachineName}/${distribution.label ?? labelOf(execution, state.name)}`
  const arn =
    (known?.[4]?.mapRunArn as string | undefined) ?? `${arnPrefix(execution)}:mapRun:${machine}:${randomUUID()}`
  if (!known) execution.emit(thread, 'MapRunStarted', { mapRunArn: arn })
  const redrives = recorded.filter((record) => record[3] === 'MapRunRedriven').length
  if (known && redrives < execution.redriveCount)
    execution.emit(thread, 'MapRunRedriven', { mapRunArn: arn, redriveCount: redrives + 1 })
  const run: MapRunInfo = {
    arn,
    executionArn: execution.info.arn,
    startTime: known?.[2] ?? execution.ports.clock.now(),
    stopTime: undefined,
    status: 'RUNNING',
    maxConcurrency,
    toleratedFailureCount: count,
    toleratedFailurePercentage: percentage,
    total: 0,
    counts: noCounts(),
    itemCounts: noCounts(),
    resultsWritten: 0,
    redriveCount: known ? execution.redriveCount : 0,
  }
  execution.ports.mapRuns?.started(run)
  return run
}

/** `arn:aws:states:us-east-1:123456789012` */
function arnPrefix(execution: Execution): string {
  return execution.info.arn.split(':').slice(0, 5).join(':')
}

/** A Map without a label gets one that stays the same for its state. */
function labelOf(execution: Execution, state: string): string {
  const hash = createHash('sha256').update(`${execution.info.stateMachineArn}/${state}`).digest('hex')
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-')
}

function endRun(frame: Frame<MapState>, run: MapRunInfo, status: MapRunInfo['status']): void {
  run.status = status
  run.stopTime = frame.execution.ports.clock.now()
  frame.execution.ports.mapRuns?.changed(run)
}

/** The state's result: the outputs, or what the writer answers. */
async function finish(
  frame: Frame<MapState>,
  distribution: Distribution,
  run: MapRunInfo,
  results: readonly ChildResult[],
): Promise<Json> {
  const { writer } = distribution
  const { datasets } = frame.execution.ports
  if (!writer?.arguments)
    return results.map((child) =>
      child.output === undefined ? { Error: child.error ?? '', Cause: child.cause ?? '' } : parseJson(child.output),
    )
  if (!datasets) throw new StatesError('States.ResultWriterFailed', 'There is nothing that writes results.')
  const args = await writer.arguments.fill(frame.scope(frame.effectiveInput()))
  const result = await datasets.write({ ...request(frame, writer, args), mapRunArn: run.arn, results })
  run.resultsWritten = results.length
  return result
}

export interface Batch {
  readonly item: { Index: number; Value: Json }
  readonly input: Json
  /** How many items it holds. */
  readonly size: number
}

class Children {
  readonly #frame: Frame<MapState>
  readonly #distribution: Distribution
  readonly #run: MapRunInfo
  readonly #batches: readonly Batch[]
  readonly #results: ChildResult[] = []
  readonly #names = new Map<number, string>()
  readonly #ended = new Map<number, ChildResult>()
  readonly #running = new Set<Execution>()
  #next = 0
  #done = 0
  #failedItems = 0

  constructor(
    frame: Frame<MapState>,
    distribution: Distribution,
    run: MapRunInfo,
    batches: readonly Batch[],
    recorded: readonly JournalRecord[],
  ) {
    this.#frame = frame
    this.#distribution = distribution
    this.#run = run
    this.#batches = batches
    run.total = batches.length
    const items = batches.reduce((sum, batch) => sum + batch.size, 0)
    run.counts.pending = batches.length
    run.itemCounts.pending = items
    for (const [, , , type, , , note] of recorded) {
      if (type === 'Child') this.#names.set(note!.index as number, note!.name as string)
      if (type === 'ChildEnd') this.#ended.set(note!.index as number, note!.result as unknown as ChildResult)
    }
  }

  async run(): Promise<readonly ChildResult[]> {
    if (this.#batches.length === 0) return []
    const { thread } = this.#frame
    const stop = () => {
      for (const child of this.#running) child.abort()
    }
    const release = thread.cancellation.onCancel(stop)
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: unknown) => {
          if (error !== undefined) {
            this.#next = this.#batches.length
            stop()
            reject(error)
          } else if (this.#done === this.#batches.length) resolve()
          else this.#fill(settle)
        }
        this.#fill(settle)
      })
    } finally {
      release()
    }
    return this.#results
  }

  /** Starts children as far as the concurrency allows. */
  #fill(settle: (error?: unknown) => void): void {
    const limit = this.#run.maxConcurrency || usualConcurrency
    while (this.#running.size < limit && this.#next < this.#batches.length) {
      const index = this.#next++
      const known = this.#ended.get(index)
      if (known) {
        this.#count(index, known, false)
        if (this.#done === this.#batches.length) settle()
        continue
      }
      try {
        this.#frame.thread.cancellation.check()
        this.#start(index, settle)
      } catch (error) {
        settle(error)
        return
      }
    }
  }

  #start(index: number, settle: (error?: unknown) => void): void {
    const { execution, thread, state } = this.#frame
    const batch = this.#batches[index]!
    const path = this.#run.arn.split(':')[6]!
    const knownName = this.#names.get(index)
    const name = knownName ?? randomUUID()
    if (!knownName) execution.note(thread, 'Child', { index, name })
    const express = this.#distribution.executionType === 'EXPRESS'
    const info: ExecutionInfo = {
      arn: `${arnPrefix(execution)}:${express ? 'express' : 'execution'}:${path}:${name}`,
      name,
      stateMachineArn: `${arnPrefix(execution)}:stateMachine:${path}`,
      stateMachineName: path,
      roleArn: execution.info.roleArn,
      express,
      input: textOf(batch.input),
      startTime: execution.ports.clock.now(),
      item: batch.item,
      mapRunArn: this.#run.arn,
    }
    const child = execution.startChild(info, state.processor, { known: knownName !== undefined, items: batch.size })
    this.#running.add(child)
    this.#run.counts.pending--
    this.#run.counts.running++
    this.#run.itemCounts.pending -= batch.size
    this.#run.itemCounts.running += batch.size
    void child.ended.then((result) => {
      this.#running.delete(child)
      if (thread.cancellation.cancelled) return settle(new Cancelled())
      this.#run.counts.running--
      this.#run.itemCounts.running -= batch.size
      const ended: ChildResult = {
        arn: info.arn,
        name,
        status: result.status,
        input: info.input,
        output: result.output,
        error: result.error,
        cause: result.cause,
        startTime: child.info.startTime,
        stopTime: result.stopTime,
      }
      try {
        execution.note(thread, 'ChildEnd', { index, result: JSON.parse(JSON.stringify(ended)) as JsonObject })
        this.#count(index, ended, true)
        settle()
      } catch (error) {
        settle(error)
      }
    })
  }

  /** Counts an ended child. @throws StatesError when more items failed than are tolerated */
  #count(index: number, ended: ChildResult, wasRunning: boolean): void {
    const { size } = this.#batches[index]!
    const key = { SUCCEEDED: 'succeeded', FAILED: 'failed', TIMED_OUT: 'timedOut', ABORTED: 'aborted' }[
      ended.status
    ] as 'succeeded'
    if (!wasRunning) {
      this.#run.counts.pending--
      this.#run.itemCounts.pending -= size
    }
    this.#run.counts[key]++
    this.#run.itemCounts[key] += size
    this.#results[index] = ended
    this.#done++
    if (ended.status === 'SUCCEEDED') return
    this.#failedItems += size
    const total = this.#batches.reduce((sum, batch) => sum + batch.size, 0)
    const { toleratedFailureCount, toleratedFailurePercentage } = this.#run
    const given = this.#distribution.toleratedCount || this.#distribution.toleratedPercentage
    const tolerated =
      given !== undefined &&
      ((this.#distribution.toleratedCount !== undefined && this.#failedItems <= toleratedFailureCount) ||
        (this.#distribution.toleratedPercentage !== undefined &&
          (this.#failedItems / total) * 100 <= toleratedFailurePercentage))
    if (!tolerated)
      throw new StatesError(
        'States.ExceedToleratedFailureThreshold',
        'The specified tolerated failure threshold was exceeded',
      )
  }
}
