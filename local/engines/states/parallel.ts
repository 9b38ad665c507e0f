/** The Parallel state: its branches run at the same time; when one fails, the others are stopped. */
import type { ParallelState, Program } from './definition.ts'
import { Cancelled, Fatal } from './errors.ts'
import type { Frame } from './frame.ts'
import type { Json } from './json.ts'
import { lastOf } from './recovery.ts'
import { Thread } from './thread.ts'

export async function runParallel(frame: Frame<ParallelState>): Promise<Json> {
  const { state, execution, thread } = frame
  const fresh = await beginAttempt(frame, 'ParallelStateStarted')
  const input = await frame.payload()
  if (fresh) execution.emit(thread, 'ParallelStateStarted', null)
  const branches = state.branches.map((program, index) => ({ program, input, key: threadKey(frame, index) }))
  const outputs = await runThreads(frame, branches)
  execution.aside(thread, 'ParallelStateSucceeded', null)
  return outputs
}

/** The key of the thread `index` of a state's present attempt. */
export function threadKey(frame: Frame, index: number): string {
  return `${frame.thread.key}/${frame.enteredId}.${frame.attempts}:${index}`
}

/**
 * Finds out, after a restart, whether the threads of a state were running or a retry was due.
 * @returns whether a new attempt begins, with a new Started event
 */
export async function beginAttempt(frame: Frame, startedType: string): Promise<boolean> {
  const { thread, execution } = frame
  const recorded = frame.takeRecorded()
  const starts = recorded.filter((record) => record[3] === startedType)
  const retry = lastOf(recorded, 'Retry')
  if (retry) frame.retryCount = (retry[6]!.counts as number[]).reduce((sum, count) => sum + count, 0)
  if (starts.length > 0) {
    frame.attempts = starts.length
    if (!retry || recorded.indexOf(retry) < recorded.indexOf(starts.at(-1)!)) return false
    await thread.cancellation.sleep(execution.ports.clock, retry[6]!.until as number)
  }
  frame.attempts++
  return true
}

export interface Branch {
  readonly program: Program
  readonly input: Json
  readonly key: string
}

/**
 * Runs branches side by side. The first failure stops the others and is thrown.
 * The parent's next event follows the last event of its last branch.
 */
export async function runThreads(frame: Frame, branches: readonly Branch[]): Promise<Json[]> {
  const { execution, thread: parent } = frame
  const scope = parent.cancellation.part()
  const began = parent.last
  const threads: Thread[] = []
  try {
    return await new Promise<Json[]>((resolve, reject) => {
      const outputs: Json[] = []
      let left = branches.length
      if (left === 0) resolve(outputs)
      branches.forEach(({ program, input, key }, index) => {
        const branch = new Thread(execution, key, scope, parent.variables)
        if (!branch.recovered) branch.last = began
        threads.push(branch)
        branch.run(program, input).then(
          (output) => {
            outputs[index] = output
            parent.last = branch.last
            if (--left === 0) resolve(outputs)
          },
          (error) => {
            if (!scope.cancelled && !(error instanceof Cancelled)) {
              scope.cancel()
              parent.last = branch.last
              if (!(error instanceof Fatal)) abortStates(threads)
            }
            reject(error)
          },
        )
      })
    })
  } finally {
    scope.release()
  }
}

const abortable = new Set(['Task', 'Wait', 'Parallel', 'Map'])

/** The states that were running when a branch failed get their Aborted events. */
export function abortStates(threads: readonly Thread[]): void {
  for (const thread of threads) {
    if (!thread.state || !abortable.has(thread.state.type)) continue
    thread.execution.emit(thread, `${thread.state.type}StateAborted`, null)
  }
}
