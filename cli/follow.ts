/** Watches an execution until it ends. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn'
import { type StateRun, Timeline } from './timeline.ts'

export interface Followed {
  description: DescribeExecutionCommandOutput
  timeline: Timeline
}

export interface FollowOptions {
  /** Called with the visits of states that changed since the last call, and at least at every poll. */
  onChange?: (timeline: Timeline, changed: StateRun[]) => void
  signal?: AbortSignal
  pollMs?: number
}

/** Polls an execution's history until it ends. @throws AbortError when `signal` says so: the execution itself goes on */
export async function follow(states: SFNClient, executionArn: string, options: FollowOptions = {}): Promise<Followed> {
  const { onChange, signal, pollMs = 200 } = options
  const timeline = new Timeline()
  const history = new HistoryReader(states, executionArn)
  for (;;) {
    signal?.throwIfAborted()
    // Asked first: a history read after the end is a whole one.
    const description = await states.send(new DescribeExecutionCommand({ executionArn }))
    onChange?.(timeline, timeline.add(await history.read()))
    if (description.status !== 'RUNNING' && description.status !== 'PENDING_REDRIVE') return { description, timeline }
    await sleep(pollMs, undefined, { signal })
  }
}

/** The whole history of an execution. */
export async function readTimeline(states: SFNClient, executionArn: string): Promise<Timeline> {
  const timeline = new Timeline()
  timeline.add(await new HistoryReader(states, executionArn).read())
  return timeline
}

/** Reads a history again from its last page on, so that a long one is not read whole at every poll. */
class HistoryReader {
  readonly #states: SFNClient
  readonly #executionArn: string
  #lastPage: string | undefined

  constructor(states: SFNClient, executionArn: string) {
    this.#states = states
    this.#executionArn = executionArn
  }

  async read() {
    const events = []
    for (;;) {
      const page = await this.#states.send(
        new GetExecutionHistoryCommand({
          executionArn: this.#executionArn,
          maxResults: 1000,
          nextToken: this.#lastPage,
        }),
      )
      events.push(...(page.events ?? []))
      if (!page.nextToken) return events
      this.#lastPage = page.nextToken
    }
  }
}
