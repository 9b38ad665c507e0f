/** What each type of state does, and what happens when it fails: Retry, then Catch, then the thread fails. */
import type { Catcher, ChoiceState, FailState, PassState, Retrier, State, TaskState, WaitState } from './definition.ts'
import {
  Cancelled,
  EvaluationFailure,
  Fatal,
  inState,
  LimitFailure,
  RuntimeFailure,
  StatesError,
  TaskFailure,
  TimeoutFailure,
} from './errors.ts'
import type { Frame } from './frame.ts'
import type { Json, JsonObject } from './json.ts'
import { wrongType } from './jsonata.ts'
import { runMap } from './map.ts'
import { runParallel } from './parallel.ts'
import { lastOf } from './recovery.ts'
import { readText } from './setting.ts'
import { runTask } from './task.ts'
import type { Outcome } from './thread.ts'
import { waitUntil } from './wait.ts'

/** Runs a state to its output and the name of the next one. Emits its events, without Exited. */
export function runState(frame: Frame): Outcome | Promise<Outcome> {
  const { state } = frame
  try {
    const running = work(frame)
    return running instanceof Promise ? settle(frame, running) : running
  } catch (error) {
    if (state.retry.length === 0 && state.catch.length === 0) throw failureOf(frame, error)
    return settle(frame, Promise.reject(error))
  }
}

/** Waits for the outcome of a state, with its retries. */
async function settle(frame: Frame, running: Promise<Outcome>): Promise<Outcome> {
  const { state, execution, thread } = frame
  const noted = lastOf(frame.recorded, 'Retry')?.[6]
  const counts: number[] = (noted?.counts as number[] | undefined) ?? state.retry.map(() => 0)
  for (;;) {
    let failure: StatesError
    try {
      return await running
    } catch (error) {
      failure = failureOf(frame, error)
    }
    if (failure instanceof Fatal) throw failure
    const index = state.retry.findIndex((retrier) => matches(retrier.errors, failure))
    const retrier = state.retry[index]
    if (retrier && counts[index]! < retrier.maxAttempts) {
      const until = execution.ports.clock.now() + delay(retrier, counts[index]!, execution.ports.random ?? Math.random)
      counts[index]!++
      execution.note(thread, 'Retry', { counts: [...counts], until })
      await thread.cancellation.sleep(execution.ports.clock, until)
      frame.retryCount++
      frame.renewContext()
      running = retryWork(frame)
      continue
    }
    ended(frame)
    const catcher = state.catch.find((candidate) => matches(candidate.errors, failure))
    if (!catcher) throw failure
    try {
      return await caught(frame, catcher, failure)
    } catch (error) {
      throw failureOf(frame, error)
    }
  }
}

async function retryWork(frame: Frame): Promise<Outcome> {
  return work(frame)
}

/** The failure of a state that was made of several threads is an event of its own. */
function ended(frame: Frame): void {
  const { type } = frame.state
  if (type === 'Map' || type === 'Parallel') frame.execution.emit(frame.thread, `${type}StateFailed`, null)
}

/** Milliseconds before an attempt (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). */
export function delay(retrier: Retrier, retries: number, random: () => number): number {
  const seconds = Math.min(
    retrier.intervalSeconds * retrier.backoffRate ** retries,
    retrier.maxDelaySeconds ?? Number.POSITIVE_INFINITY,
  )
  return seconds * 1000 * (retrier.fullJitter ? random() : 1)
}

/** Whether ErrorEquals names a failure, as itself or by one of the names that stand for many. */
export function matches(errors: readonly string[], failure: StatesError): boolean {
  for (const name of errors) {
    if (name === failure.name) return true
    if (name === 'States.ALL' && failure.name !== 'States.Runtime' && !(failure instanceof LimitFailure)) return true
    if (name === 'States.TaskFailed' && failure instanceof TaskFailure && !(failure instanceof TimeoutFailure))
      return true
    if (name === 'States.HeartbeatTimeout' && failure instanceof TimeoutFailure && failure.heartbeat) return true
  }
  return false
}

/** Turns what was thrown into a failure of the state, with the events that AWS writes for it. */
export function failureOf(frame: Frame, error: unknown): StatesError {
  if (error instanceof Cancelled) throw error
  if (error instanceof Fatal) return error
  const { state, enteredId, thread } = frame
  if (error instanceof EvaluationFailure) {
    const cause = inState(state.name, enteredId, error.causeText!)
    const details: Record<string, Json> = { error: error.name, cause, state: state.name }
    if (error.location !== undefined) details.location = error.location
    const previous = thread.last === enteredId && !error.late ? frame.before : thread.last
    frame.execution.emit(thread, 'EvaluationFailed', details, undefined, previous)
    return new StatesError(error.name, cause)
  }
  if (error instanceof RuntimeFailure) return new Fatal(error.name, inState(state.name, enteredId, error.causeText!))
  if (error instanceof LimitFailure && error.name === 'States.Runtime') return new Fatal(error.name, error.causeText)
  if (error instanceof StatesError) return error
  return new Fatal('States.Runtime', inState(state.name, enteredId, (error as Error)?.message ?? String(error)))
}

export async function caught(frame: Frame, catcher: Catcher, failure: StatesError): Promise<Outcome> {
  const errorOutput: JsonObject = { Error: failure.name, Cause: failure.causeText ?? '' }
  if (frame.state.language === 'JSONPath') {
    const assigned = (await catcher.assign?.fill(frame.scope(errorOutput))) as JsonObject | undefined
    const output = frame.checked(frame.placed(catcher.resultPath, errorOutput))
    return assigned ? { output, next: catcher.next, assigned } : { output, next: catcher.next }
  }
  const source = {
    ...(catcher.output && { output: catcher.output }),
    ...(catcher.assign && { assign: catcher.assign }),
  }
  const { output, assigned } = await frame.finish(errorOutput, source, { errorOutput })
  return assigned ? { output, next: catcher.next, assigned } : { output, next: catcher.next }
}

type Finished = ReturnType<Frame['finish']>

function outcome(finished: Finished, next: string | undefined): Outcome | Promise<Outcome> {
  if (finished instanceof Promise) return finished.then((value) => outcome(value, next))
  return finished.assigned
    ? { output: finished.output, next, assigned: finished.assigned }
    : { output: finished.output, next }
}

/** Runs a state once. */
export function work(frame: Frame): Outcome | Promise<Outcome> {
  const { state } = frame
  switch (state.type) {
    case 'Pass':
      return pass(frame as Frame<PassState>)
    case 'Succeed':
      return outcome(frame.finish(frame.effectiveInput()), undefined)
    case 'Fail':
      return fail(frame as Frame<FailState>)
    case 'Choice':
      return choose(frame as Frame<ChoiceState>)
    case 'Wait':
      return waitUntil(frame as Frame<WaitState>).then(() => outcome(frame.finish(frame.effectiveInput()), state.next))
    case 'Task':
      return finishWith(frame, runTask(frame as Frame<TaskState>))
    case 'Parallel':
      if (frame.mock) return finishWith(frame, Promise.resolve(frame.mock(0)))
      return finishWith(frame, runParallel(frame as Frame<Extract<State, { type: 'Parallel' }>>))
    case 'Map':
      return finishWith(frame, runMap(frame as Frame<Extract<State, { type: 'Map' }>>))
  }
}

async function finishWith(frame: Frame, result: Promise<Json>): Promise<Outcome> {
  const value = await result
  return outcome(frame.finish(value, frame.state as never, { result: value }), frame.state.next)
}

function pass(frame: Frame<PassState>): Outcome | Promise<Outcome> {
  const { state } = frame
  if (state.result !== undefined) frame.inspect?.('result', state.result)
  if (state.result !== undefined) return outcome(frame.finish(state.result), state.next)
  const payload = frame.payload()
  if (payload instanceof Promise) return payload.then((value) => outcome(frame.finish(value), state.next))
  return outcome(frame.finish(payload), state.next)
}

async function fail(frame: Frame<FailState>): Promise<Outcome> {
  const { state } = frame
  const error = state.error && (await readText(frame, state.error))
  const cause = state.cause && (await readText(frame, state.cause))
  throw new StatesError(error ?? '', cause)
}

function choose(frame: Frame<ChoiceState>): Outcome | Promise<Outcome> {
  const { state } = frame
  if (state.language === 'JSONata') return chooseJsonata(frame)
  const input = frame.effectiveInput()
  const scope = frame.scope(input)
  const rule = state.rules.find((candidate) => candidate.test!(scope))
  const next = rule?.next ?? state.otherwise
  if (next === undefined) throw noChoice(frame)
  const source = rule ?? state
  return outcome(frame.finish(input, source as never), next)
}

async function chooseJsonata(frame: Frame<ChoiceState>): Promise<Outcome> {
  const { state } = frame
  const scope = frame.scope()
  for (const rule of state.rules) {
    const holds = await rule.condition!.fill(scope)
    if (typeof holds !== 'boolean') throw wrongType(rule.condition!.expression, rule.field, 'boolean', holds)
    if (!holds) continue
    const source = { output: rule.output, assign: rule.assign }
    return outcome(frame.finish(frame.input, source as never), rule.next)
  }
  if (state.otherwise === undefined) throw noChoice(frame)
  return outcome(frame.finish(frame.input), state.otherwise)
}

function noChoice(frame: Frame): StatesError {
  return new StatesError(
    'States.NoChoiceMatched',
    inState(
      frame.state.name,
      frame.enteredId,
      'Failed to transition out of the state. The state does not point to a next state.',
    ),
  )
}
