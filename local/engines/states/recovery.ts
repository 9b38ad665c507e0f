/** Where the threads of an execution stood when its process died, read from the journal. */

import type { JournalRecord } from './journal.ts'
import type { Json } from './json.ts'
import { parseJson } from './json.ts'

/** The state of one branch or iteration (or, under the key '', of the execution itself). */
export interface ThreadRecovery {
  /** The event that the next one follows. */
  last: number
  /** Where it goes on: the next state and its input; `next` is undefined when the thread has ended with this output. */
  position: { next: string | undefined; output: Json } | undefined
  variables: Record<string, Json>
  /** What is recorded of the state that was running. */
  current: JournalRecord[]
  /** For an iteration of a Map: the last event about it as a whole. */
  iteration: string | undefined
  iterationEnd: number
}

/** Sums up a journal by thread. */
export function recoverThreads(records: readonly JournalRecord[]): Map<string, ThreadRecovery> {
  const threads = new Map<string, ThreadRecovery>()
  for (const record of records) {
    const [id, , , type, details, key, note] = record
    let thread = threads.get(key)
    if (!thread) {
      thread = { last: 0, position: undefined, variables: {}, current: [], iteration: undefined, iterationEnd: 0 }
      threads.set(key, thread)
    }
    if (type.startsWith('MapIteration')) {
      thread.iteration = type
      if (type === 'MapIterationStarted') thread.last = id
      else thread.iterationEnd = id
      continue
    }
    if (type === 'ExecutionRedriven') for (const stopped of threads.values()) rewind(stopped)
    if (type.startsWith('Execution')) continue
    if (type.endsWith('StateExited')) {
      thread.last = id
      thread.position = {
        next: (note?.next as string | null | undefined) ?? undefined,
        output: parseJson(details!.output as string),
      }
      for (const [name, text] of Object.entries((details!.assignedVariables as Record<string, string>) ?? {}))
        thread.variables[name] = JSON.parse(text) as Json
      thread.current = []
      continue
    }
    if (id > 0 && !chainless.has(type)) thread.last = id
    thread.current.push(record)
  }
  return threads
}

const starts = /^(Map|Parallel)StateStarted$|^MapRun(Started|Redriven)$/

/**
 * A redrive goes on at the states that did not succeed: they are not entered again, their retries count from 0, and of a Map
 * or Parallel the threads that succeeded stay (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html).
 */
function rewind(thread: ThreadRecovery): void {
  const kept: JournalRecord[] = []
  for (const record of thread.current) {
    const [, , , type, , , note] = record
    const succeeded = (note?.result as { status?: string } | undefined)?.status === 'SUCCEEDED'
    if (type.endsWith('StateEntered') || starts.test(type) || type === 'Child' || (type === 'ChildEnd' && succeeded))
      kept.push(record)
  }
  thread.current = kept
  const last = kept.findLast((record) => record[0] > 0)
  if (last) thread.last = last[0]
}

/** Events that no later one follows: the state's Exited event shares their predecessor. */
const chainless = new Set(['MapStateSucceeded', 'ParallelStateSucceeded'])

/** The last record of a type among those of the running state. */
export function lastOf(records: readonly JournalRecord[], ...types: string[]): JournalRecord | undefined {
  for (let i = records.length - 1; i >= 0; i--) if (types.includes(records[i]![3])) return records[i]
  return undefined
}
