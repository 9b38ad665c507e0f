/** The Task state: one attempt to have its resource do the work. */
import type { TaskState } from './definition.ts'
import { Cancelled, RuntimeFailure, StatesError, TaskFailure, TimeoutFailure } from './errors.ts'
import type { Frame } from './frame.ts'
import { tooLarge } from './frame.ts'
import type { JournalRecord } from './journal.ts'
import { exceedsPayload, isObject, type Json, parseJson, textOf } from './json.ts'
import type { TaskCall } from './ports.ts'
import { lastOf } from './recovery.ts'
import { readInteger } from './setting.ts'
import { newToken } from './token.ts'

/** What events of the three kinds of tasks are called. */
const families = { lambda: 'LambdaFunction', activity: 'Activity', service: 'Task' } as const

interface Attempt {
  readonly frame: Frame<TaskState>
  readonly family: string
  /** Members that every event of a service integration has. */
  readonly resource: Record<string, Json>
  readonly payload: Json
  readonly roleArn: string | undefined
  readonly scheduledTime: number
  /** The id of its Scheduled event. */
  readonly scheduledId: number
  readonly timeoutSeconds: number | undefined
  readonly heartbeatSeconds: number | undefined
  /** What is recorded of this very attempt from before a restart. */
  readonly recorded: readonly JournalRecord[]
}

/** Runs one attempt. @returns the task's result @throws TaskFailure when it fails or takes too long */
export async function runTask(frame: Frame<TaskState>): Promise<Json> {
  const { state, execution, thread } = frame
  const { integration } = state
  const family = families[integration.kind]
  let recorded = frame.takeRecorded()
  const retry = lastOf(recorded, 'Retry')
  if (retry) {
    frame.retryCount = (retry[6]!.counts as number[]).reduce((sum, count) => sum + count, 0)
    recorded = recorded.slice(recorded.indexOf(retry) + 1)
    if (recorded.length === 0) await thread.cancellation.sleep(execution.ports.clock, retry[6]!.until as number)
  }
  const scheduled = lastOf(recorded, `${family}Scheduled`)
  const callback =
    integration.kind === 'activity' || (integration.kind === 'service' && integration.pattern === 'waitForTaskToken')
  if (callback) {
    frame.token =
      (scheduled?.[6]?.token as string | undefined) ??
      newToken(integration.kind === 'activity' ? integration.arn : execution.info.stateMachineArn)
    frame.renewContext()
  }
  if (integration.kind === 'activity' && !(execution.ports.hasActivity?.(integration.arn) ?? false))
    throw new RuntimeFailure(`The activity ${integration.arn} does not exist.`)
  const payload = await frame.payload()
  const timeoutSeconds = state.timeout && (await readInteger(frame, state.timeout, 1))
  const heartbeatSeconds = state.heartbeat && (await readInteger(frame, state.heartbeat, 1))
  const credentials = state.credentials && (await state.credentials.fill(frame.scope(frame.effectiveInput())))
  const roleArn = isObject(credentials) ? (credentials.RoleArn as string) : undefined
  const resource: Record<string, Json> =
    integration.kind === 'service' ? { resourceType: integration.resourceType, resource: integration.resource } : {}

  if (!scheduled) {
    const details: Record<string, Json> =
      integration.kind === 'service'
        ? { ...resource, region: execution.ports.region, parameters: textOf(payload) }
        : { resource: integration.arn, input: textOf(payload) }
    if (timeoutSeconds !== undefined) details.timeoutInSeconds = timeoutSeconds
    if (heartbeatSeconds !== undefined) details.heartbeatInSeconds = heartbeatSeconds
    if (roleArn !== undefined) details.taskCredentials = { roleArn }
    execution.emit(
      thread,
      `${family}Scheduled`,
      details,
      frame.token === undefined ? undefined : { token: frame.token },
    )
  }
  const attempt: Attempt = {
    frame,
    family,
    resource,
    payload,
    roleArn,
    scheduledTime: scheduled?.[2] ?? execution.ports.clock.now(),
    scheduledId: scheduled?.[0] ?? thread.last,
    timeoutSeconds,
    heartbeatSeconds,
    recorded,
  }
  const succeeded = lastOf(recorded, `${family}Succeeded`)
  if (succeeded) return parseJson(succeeded[4]!.output as string)
  const failed = lastOf(recorded, `${family}Failed`)
  if (failed) throw new TaskFailure((failed[4]!.error as string) ?? '', failed[4]!.cause as string | undefined)
  if (lastOf(recorded, `${family}TimedOut`)) throw new TimeoutFailure()
  const result = await (integration.kind === 'activity' ? performActivity(attempt) : perform(attempt))
  frame.inspect?.('result', result)
  return result
}

/** Waits for the first of: an answer, a callback, the time-out, no heartbeat, the end of the execution. */
class Ending {
  readonly result: Promise<Json>
  readonly signal: AbortSignal
  readonly #attempt: Attempt
  readonly #abort = new AbortController()
  readonly #releases: (() => void)[] = []
  #over = false
  #stopHeartbeat: (() => void) | undefined
  #resolve!: (output: Json) => void
  #reject!: (error: unknown) => void

  constructor(attempt: Attempt) {
    this.#attempt = attempt
    this.signal = this.#abort.signal
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.result.catch(() => {})
    const { thread, execution } = attempt.frame
    this.#releases.push(thread.cancellation.onCancel(() => this.#stop(new Cancelled())))
    if (attempt.timeoutSeconds !== undefined)
      this.#releases.push(
        execution.ports.clock.at(attempt.scheduledTime + attempt.timeoutSeconds * 1000, () =>
          this.fail(new TimeoutFailure()),
        ),
      )
  }

  get over(): boolean {
    return this.#over
  }

  /** Runs `release` when the attempt is over. */
  onEnd(release: () => void): void {
    if (this.#over) release()
    else this.#releases.push(release)
  }

  /** Starts to expect heartbeats, or notes that one came. */
  heartbeat(): void {
    const { heartbeatSeconds, frame } = this.#attempt
    if (heartbeatSeconds === undefined || this.#over) return
    this.#stopHeartbeat?.()
    const { clock } = frame.execution.ports
    this.#stopHeartbeat = clock.at(clock.now() + heartbeatSeconds * 1000, () => this.fail(new TimeoutFailure(true)))
  }

  succeed(output: Json): void {
    if (this.#over) return
    const { family, resource, frame } = this.#attempt
    const text = textOf(output)
    if (exceedsPayload(text)) {
      this.fail(tooLong(frame))
      return
    }
    this.#event(`${family}Succeeded`, { ...resource, output: text })
    this.#stop()
    this.#resolve(output)
  }

  fail(failure: unknown): void {
    if (this.#over) return
    const { family, resource } = this.#attempt
    if (failure instanceof StatesError) {
      const details: Record<string, Json> = { ...resource }
      if (failure.name !== '') details.error = failure.name
      if (failure.causeText !== undefined) details.cause = failure.causeText
      this.#event(failure instanceof TimeoutFailure ? `${family}TimedOut` : `${family}Failed`, details)
    }
    this.#stop(failure)
  }

  #event(type: string, details: Record<string, Json>): void {
    const { thread, execution } = this.#attempt.frame
    try {
      execution.emit(thread, type, details)
      execution.flush()
    } catch (error) {
      this.#stop(error)
    }
  }

  #stop(error?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#stopHeartbeat?.()
    for (const release of this.#releases) release()
    if (error === undefined) return
    this.#abort.abort()
    this.#reject(error)
  }
}

function tooLong(frame: Frame<TaskState>): TaskFailure {
  const { integration } = frame.state
  const limit = tooLarge(integration.kind === 'service' ? integration.service : integration.arn)
  return new TaskFailure(limit.name, limit.causeText)
}

async function perform(attempt: Attempt): Promise<Json> {
  const { frame, family, recorded, resource } = attempt
  const { execution, thread, state } = frame
  const integration = state.integration as TaskCall['integration']
  if (!lastOf(recorded, `${family}Started`))
    execution.emit(thread, `${family}Started`, integration.kind === 'service' ? resource : null)
  execution.flush()
  const ending = new Ending(attempt)
  const call: TaskCall = {
    integration,
    arguments: attempt.payload,
    execution: execution.info,
    state: state.name,
    id: `${execution.info.arn}#${attempt.scheduledId}`,
    roleArn: attempt.roleArn,
    token: frame.token,
    signal: ending.signal,
  }
  const submitted = lastOf(recorded, 'TaskSubmitted')
  const pattern = integration.kind === 'service' ? integration.pattern : 'request'
  let calling = submitted === undefined
  let early: (() => void) | undefined
  if (frame.token !== undefined) {
    /** A callback may come before the call that hands out the token has answered: it counts when that has. */
    const inOrder = (settle: () => void, note: Record<string, Json>) => {
      if (!calling) return settle()
      if (early) return
      early = settle
      execution.note(thread, 'Callback', note)
      execution.flush()
    }
    ending.onEnd(
      execution.callbacks.wait(frame.token, {
        succeed: (output) => inOrder(() => ending.succeed(output), { output }),
        fail: (error, cause) =>
          inOrder(() => ending.fail(new TaskFailure(error ?? '', cause)), {
            error: error ?? null,
            cause: cause ?? null,
          }),
        heartbeat: () => ending.heartbeat(),
      }),
    )
    ending.heartbeat()
  }
  const noted = lastOf(recorded, 'Callback')?.[6]
  if (noted && submitted === undefined) {
    if (noted.output !== undefined) ending.succeed(noted.output)
    else ending.fail(new TaskFailure((noted.error as string) ?? '', (noted.cause as string | null) ?? undefined))
    return ending.result
  }
  if (frame.token !== undefined) ending.onEnd(execution.ports.clock.busy('callback'))
  const idle = execution.ports.clock.busy('call')
  const answering = async () => {
    try {
      if (submitted) {
        if (pattern === 'waitForTaskToken') return
        return ending.succeed(await execution.ports.tasks.rejoin(call, parseJson(submitted[4]!.output as string)))
      }
      const answer = await execution.ports.tasks.run(call)
      calling = false
      // The end of a job that nobody waits for any more is nobody's failure.
      answer.end?.catch(() => {})
      if (ending.over) return
      if (pattern === 'request') return ending.succeed(answer.output)
      execution.emit(thread, 'TaskSubmitted', { ...resource, output: textOf(answer.output) })
      execution.flush()
      if (early) return early()
      if (answer.end) ending.succeed(await answer.end)
    } catch (error) {
      ending.fail(error)
    } finally {
      idle()
    }
  }
  void answering()
  return ending.result
}

async function performActivity(attempt: Attempt): Promise<Json> {
  const { frame, recorded } = attempt
  const { execution, thread, state } = frame
  const ending = new Ending(attempt)
  execution.flush()
  ending.onEnd(
    execution.callbacks.wait(frame.token!, {
      succeed: (output) => ending.succeed(output),
      fail: (error, cause) => ending.fail(new TaskFailure(error ?? '', cause)),
      heartbeat: () => ending.heartbeat(),
    }),
  )
  if (lastOf(recorded, 'ActivityStarted')) ending.heartbeat()
  else
    ending.onEnd(
      execution.activities.schedule((state.integration as { arn: string }).arn, {
        token: frame.token!,
        input: textOf(attempt.payload),
        started(workerName) {
          execution.emit(thread, 'ActivityStarted', workerName === undefined ? {} : { workerName })
          execution.flush()
          ending.heartbeat()
        },
      }),
    )
  return ending.result
}
