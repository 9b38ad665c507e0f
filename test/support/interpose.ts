/** Stands between the workflow and the services of its cloud: something happens before a function runs, events go astray. */
import type { RunningCloud } from '../../local/boot.ts'
import type { Operation } from '../../local/gateway/service.ts'

/** Puts something in an operation's place. @returns what puts it back */
function replace({ cloud }: RunningCloud, service: string, operation: string, by: (real: Operation) => Operation) {
  const { operations } = cloud.services.get(service)!
  const real = operations[operation]!
  operations[operation] = by(real)
  return () => {
    operations[operation] = real
  }
}

/** Acts when a function is invoked the next time, before it runs. @returns what takes it back */
export function beforeInvoking(cloud: RunningCloud, functionName: string, act: () => Promise<void>): () => void {
  let done = false
  return replace(cloud, 'lambda', 'Invoke', (invoke) => async (input, call) => {
    if (!done && input.FunctionName.endsWith(functionName)) {
      done = true
      await act()
    }
    return invoke(input, call)
  })
}

export interface Event {
  /** The detail-type. */
  type: string
  detail: any
  /** Hands the event to EventBridge, as often as it is called. */
  deliver(): void
}

/** What a service puts on the bus goes to `handle` in place of EventBridge. @returns what lets it through again */
export function divertEvents(cloud: RunningCloud, source: string, handle: (event: Event) => void): () => void {
  return replace(cloud, 'events', 'PutEvents', (put) => (input, call) => {
    const kept = input.Entries.filter((entry: any) => entry.Source !== source)
    for (const entry of input.Entries) {
      if (entry.Source !== source) continue
      const deliver = () => void put({ Entries: [entry] }, call)
      handle({ type: entry.DetailType, detail: JSON.parse(entry.Detail), deliver })
    }
    return kept.length > 0 ? put({ ...input, Entries: kept }, call) : { FailedEntryCount: 0, Entries: [] }
  })
}
