/** Tells of an execution while it runs: a line for each task that ended, and on a terminal a live line of what runs. */
import { z } from 'zod'
import { resultText, seconds } from './format.ts'
import type { Output } from './output.ts'
import type { StateRun, Timeline } from './timeline.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
// These do no work of their own, or only hold states that are told of themselves.
const SILENT = new Set(['Choice', 'Pass', 'Map', 'Parallel', 'Succeed', 'Fail'])

/** The result of a task that ended well, and tells of what it did not take. */
const turnedAway = z.object({ error: z.string() })

/** Of the longest name of a state that there is. */
const WIDTH = 23

export class Progress {
  readonly #output: Output
  readonly #workflow: string
  readonly #told = new Map<StateRun, string>()
  readonly #since: number
  #frame = 0

  /** @param since of a redriven execution: what had ended before has been told of */
  constructor(output: Output, workflow: string, since?: Date) {
    this.#output = output
    this.#workflow = workflow
    this.#since = Number(since ?? 0)
  }

  /** To be called at every poll: the live line turns. */
  update(timeline: Timeline, changed: readonly StateRun[]): void {
    for (const visit of changed) this.#tell(visit)
    const running = timeline.states.filter((visit) => visit.status === 'running' && !SILENT.has(visit.type))
    const frame = FRAMES[this.#frame++ % FRAMES.length]
    const names = Map.groupBy(running, (visit) => visit.name)
    const now = Date.now()
    const texts = [...names].map(([name, visits]) => {
      const times = visits.length > 1 ? ` ×${visits.length}` : ''
      return `${name}${times} ${seconds(Math.max(0, now - Number(visits[0]!.enteredAt)))}`
    })
    this.#output.live(texts.length > 0 ? `  ${frame} ${texts.join('   ')}` : '')
  }

  end(): void {
    this.#output.live('')
  }

  #tell(visit: StateRun): void {
    if (SILENT.has(visit.type) || Number(visit.exitedAt ?? Number.POSITIVE_INFINITY) < this.#since) return
    const { colors } = this.#output
    // A retry is told of once an attempt, when it has begun; a visit once it has ended.
    const retry = visit.attempts > 1 && visit.error !== undefined ? `retry ${visit.attempts}` : undefined
    const key = visit.status === 'running' ? (retry ?? 'running') : 'ended'
    const before = this.#told.get(visit)
    if (before === key || before === 'ended') return
    this.#told.set(visit, key)
    const milliseconds = visit.exitedAt ? Number(visit.exitedAt) - Number(visit.enteredAt) : undefined
    this.#output.object({
      type: 'state',
      workflow: this.#workflow,
      state: visit.name,
      status: visit.status,
      attempt: visit.attempts,
      ...(milliseconds !== undefined && { seconds: milliseconds / 1000 }),
      ...(visit.status === 'succeeded' && { result: visit.result }),
      ...(visit.error !== undefined && { error: visit.error }),
    })
    const name = visit.name.padEnd(WIDTH)
    // One that was over before it was seen had a retry all the same.
    if (retry && before !== retry) {
      this.#output.line(`  ${colors.yellow('↻')} ${name} ${colors.yellow(`${visit.error}: tried again`)}`)
    }
    if (key !== 'ended') return
    const time = seconds(milliseconds!).padStart(7)
    if (visit.status === 'succeeded') {
      const result = resultText(visit.result)
      const mark = turnedAway.safeParse(visit.result).success ? colors.yellow('!') : colors.green('✓')
      this.#output.line(`  ${mark} ${name} ${time}${result && `  ${colors.dim(result)}`}`)
    } else this.#output.line(`  ${colors.red('✗')} ${name} ${time}  ${colors.red(visit.error ?? 'stopped')}`)
  }
}
