/** What the engine needs from outside, and what it is told about an execution. */
import type { Clock } from './clock.ts'
import type { Program } from './definition.ts'
import type { Execution } from './execution.ts'
import type { JournalStore } from './journal.ts'
import type { Json } from './json.ts'
import type { Integration } from './resource.ts'

/** Who and what an execution is. */
export interface ExecutionInfo {
  readonly arn: string
  readonly name: string
  /** The machine's ARN as the context object gives it, without version or alias. */
  readonly stateMachineArn: string
  readonly stateMachineName: string
  readonly roleArn: string
  readonly express: boolean
  /** The input's JSON text, as it was given. */
  readonly input: string
  /** Milliseconds since 1970. */
  readonly startTime: number
  /** The child execution of a distributed Map: its item, for the context object. */
  readonly item?: { readonly Index: number; readonly Value: Json }
  readonly mapRunArn?: string
}

/** One call of a task's resource. */
export interface TaskCall {
  readonly integration: Exclude<Integration, { kind: 'activity' }>
  readonly arguments: Json
  readonly execution: ExecutionInfo
  readonly state: string
  /** The same for every call of one attempt, also for the call that is made again after the process died. */
  readonly id: string
  /** The role of the Credentials field, if it has one. */
  readonly roleArn: string | undefined
  /** The token that ends a `.waitForTaskToken` task. */
  readonly token: string | undefined
  /** Tells that nobody waits any more: the task timed out, or its execution was stopped. */
  readonly signal: AbortSignal
}

export interface TaskAnswer {
  readonly output: Json
  /** For `.sync`: settles when the job that the call started has ended. */
  readonly end?: Promise<Json>
}

/** Calls the resources of tasks. Rejects with TaskFailure. */
export interface TaskRunner {
  run(call: TaskCall): Promise<TaskAnswer>
  /** Waits for a job that was started before the process died; `submitted` is what starting it answered. */
  rejoin(call: TaskCall, submitted: Json): Promise<Json>
}

/** Reads the items of a distributed Map and writes its results. */
export interface Datasets {
  /** @throws StatesError States.ItemReaderFailed */
  read(request: DatasetRequest): AsyncIterable<Json>
  /** @throws StatesError States.ResultWriterFailed @returns the state's result */
  write(request: DatasetRequest & { mapRunArn: string; results: readonly ChildResult[] }): Promise<Json>
}

export interface DatasetRequest {
  readonly resource: string
  readonly config: Json | undefined
  readonly arguments: Json
  readonly execution: ExecutionInfo
}

export interface ChildResult {
  readonly arn: string
  readonly name: string
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED'
  readonly input: string
  readonly output: string | undefined
  readonly error: string | undefined
  readonly cause: string | undefined
  readonly startTime: number
  readonly stopTime: number
}

export interface Ports {
  readonly clock: Clock
  readonly tasks: TaskRunner
  readonly journals: JournalStore
  /** What distributed Maps read and write; without it, those with a reader or a writer fail. */
  readonly datasets?: Datasets
  /** Whether there is an activity of this ARN. */
  readonly hasActivity?: (arn: string) => boolean
  /** Region of TaskScheduled events. */
  readonly region: string
  readonly random?: () => number
  /** AWS's quota is 25,000 (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
  readonly maxEvents?: number
  /** Starts the child execution of a distributed Map, or goes on with a `known` one. By default it is kept like its parent. */
  readonly startChild?: StartChild
  /** Told about map runs, so that the API can describe them. */
  readonly mapRuns?: MapRunObserver
}

export type StartChild = (
  info: ExecutionInfo,
  program: Program,
  options: { known: boolean; items: number },
) => Execution

export interface MapRunObserver {
  started(run: MapRunInfo): void
  changed(run: MapRunInfo): void
}

export interface MapRunInfo {
  readonly arn: string
  readonly executionArn: string
  readonly startTime: number
  stopTime: number | undefined
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED'
  /** These three can be changed while it runs (UpdateMapRun). */
  maxConcurrency: number
  toleratedFailureCount: number
  toleratedFailurePercentage: number
  total: number
  readonly counts: Record<'pending' | 'running' | 'succeeded' | 'failed' | 'timedOut' | 'aborted', number>
  readonly itemCounts: Record<'pending' | 'running' | 'succeeded' | 'failed' | 'timedOut' | 'aborted', number>
  resultsWritten: number
  /** How often it was redriven with its execution. */
  redriveCount: number
}
