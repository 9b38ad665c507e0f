/** Runs one state alone, with or without a mock of what it calls, and shows the values on its way (the TestState API). */
import { Activities } from './activities.ts'
import { Callbacks } from './callbacks.ts'
import { VirtualClock } from './clock.ts'
import { compileState, type Language } from './definition.ts'
import { StatesError, TaskFailure } from './errors.ts'
import { Execution } from './execution.ts'
import { Frame } from './frame.ts'
import { MemoryJournals } from './journal.ts'
import { type Json, type JsonObject, textOf } from './json.ts'
import type { ExecutionInfo, TaskRunner } from './ports.ts'
import { caught, delay, failureOf, matches, work } from './run-state.ts'
import { type Outcome, Thread } from './thread.ts'

export interface Mock {
  readonly result?: Json
  readonly error?: { readonly error?: string; readonly cause?: string }
}

export interface SingleStateRequest {
  readonly state: any
  readonly language: Language
  readonly info: ExecutionInfo
  readonly input: Json
  readonly variables: Record<string, Json>
  readonly region: string
  /** Calls real resources where there is no mock. */
  readonly tasks: TaskRunner
  readonly mock?: Mock
  /** Takes the place of the context object, or of members of it. */
  readonly context?: JsonObject
  readonly retryCount?: number
  /** How many iterations of a Map failed. */
  readonly failedIterations?: number
}

export interface SingleStateResult {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'RETRIABLE' | 'CAUGHT_ERROR'
  readonly output?: string
  readonly nextState?: string
  readonly error?: string
  readonly cause?: string
  readonly inspection: JsonObject
}

/** The name of a state that is tested alone. */
export const singleStateName = 'StateName'

export async function runSingleState(request: SingleStateRequest): Promise<SingleStateResult> {
  const inspection: JsonObject = { input: request.input }
  const { mock } = request
  const tasks: TaskRunner = mock
    ? {
        run: async () => ({ output: answer(mock) }),
        rejoin: async () => answer(mock),
      }
    : request.tasks
  const state = compileState(singleStateName, request.state, request.language)
  const program = { startAt: singleStateName, states: new Map([[singleStateName, state]]), timeoutSeconds: undefined }
  const journals = new MemoryJournals()
  const ports = { clock: new VirtualClock(), tasks, journals, region: request.region, hasActivity: () => true }
  const desks = { callbacks: new Callbacks(), activities: new Activities() }
  const execution = new Execution(request.info, program, ports, desks)
  const thread = new Thread(execution, '', execution.cancellation, request.variables)
  const frame = new Frame(thread, state, request.input, [])
  frame.retryCount = request.retryCount ?? 0
  frame.replaceContext(contextOf(frame, request))
  frame.inspect = (stage, value) => {
    inspection[stage] = value
  }
  if (mock && (state.type === 'Map' || state.type === 'Parallel'))
    frame.mock = (items) => {
      checkTolerance(inspection, request.failedIterations ?? 0, items)
      return answer(mock)
    }
  if (state.type === 'Fail' && state.language === 'JSONPath') inspection.afterInputPath = request.input
  try {
    const outcome: Outcome = await work(frame)
    return {
      status: 'SUCCEEDED',
      output: textOf(outcome.output),
      ...(outcome.next !== undefined && { nextState: outcome.next }),
      inspection,
    }
  } catch (thrown) {
    return await failed(frame, failureOf(frame, thrown), inspection, request.retryCount ?? 0)
  }
}

function answer(mock: Mock): Json {
  if (mock.error) throw new TaskFailure(mock.error.error ?? '', mock.error.cause)
  return mock.result ?? null
}

/** More failed iterations than a Map tolerates make it fail. */
function checkTolerance(inspection: JsonObject, failures: number, items: number): void {
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = inspection
  const exceeds =
    (typeof count === 'number' && failures > count) ||
    (typeof percentage === 'number' && items > 0 && (failures / items) * 100 > percentage)
  if (exceeds)
    throw new StatesError(
      'States.ExceedToleratedFailureThreshold',
      'The specified tolerated failure threshold was exceeded',
    )
}

/** The context object of a test: without what only a running execution has. */
function contextOf(frame: Frame, request: SingleStateRequest): JsonObject {
  if (request.context) return request.context
  const context = structuredClone(frame.context())
  const execution = context.Execution as JsonObject
  delete execution.RedriveCount
  if (execution.RoleArn === '') execution.RoleArn = null
  return context
}

async function failed(
  frame: Frame,
  failure: StatesError,
  inspection: JsonObject,
  retries: number,
): Promise<SingleStateResult> {
  const { state } = frame
  const error = {
    ...(failure.name !== '' && { error: failure.name }),
    ...(failure.causeText !== undefined && { cause: failure.causeText }),
    inspection,
  }
  const retryIndex = state.retry.findIndex((retrier) => matches(retrier.errors, failure))
  const retrier = state.retry[retryIndex]
  if (retrier && retries < retrier.maxAttempts) {
    const retryBackoffIntervalSeconds = delay({ ...retrier, fullJitter: false }, retries, () => 1) / 1000
    inspection.errorDetails = { retryIndex, retryBackoffIntervalSeconds }
    return { status: 'RETRIABLE', ...error }
  }
  const catchIndex = state.catch.findIndex((catcher) => matches(catcher.errors, failure))
  const catcher = state.catch[catchIndex]
  if (!catcher) return { status: 'FAILED', ...error }
  inspection.errorDetails = { catchIndex }
  const { output, next } = await caught(frame, catcher, failure)
  return { status: 'CAUGHT_ERROR', ...error, output: textOf(output), ...(next !== undefined && { nextState: next }) }
}
