/** The Map state: one run of its processor for every item. */
import type { MapState } from './definition.ts'
import { runDistributedMap } from './distributed-map.ts'
import { Cancelled, EvaluationFailure, Fatal, RuntimeFailure } from './errors.ts'
import type { Frame } from './frame.ts'
import type { Json, JsonObject } from './json.ts'
import { textOf } from './json.ts'
import { wrongType } from './jsonata.ts'
import { abortStates, beginAttempt, threadKey } from './parallel.ts'
import { readInteger, readPercentage } from './setting.ts'
import { readFrom } from './template.ts'
import { Thread } from './thread.ts'

/** An inline Map runs at most so many iterations at once (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html). */
const inlineConcurrency = 40

export async function runMap(frame: Frame<MapState>): Promise<Json> {
  const { state, execution, thread } = frame
  if (frame.mock) return mockedMap(frame, frame.mock)
  if (state.distribution) return runDistributedMap(frame, state.distribution)
  const fresh = await beginAttempt(frame, 'MapStateStarted')
  const limit = (state.maxConcurrency && (await readInteger(frame, state.maxConcurrency))) || inlineConcurrency
  const items = await itemsOf(frame)
  if (fresh) execution.emit(thread, 'MapStateStarted', { length: items.length })
  const outputs = await new Iterations(frame, items, Math.min(limit, inlineConcurrency)).run()
  execution.aside(thread, 'MapStateSucceeded', null)
  return outputs
}

/** Reads the settings of a Map whose iterations are mocked. */
async function mockedMap(frame: Frame<MapState>, mock: (items: number) => Json): Promise<Json> {
  const { state } = frame
  const { maxConcurrency, distribution } = state
  const items = state.distribution?.reader ? [] : await itemsOf(frame)
  frame.inspect?.('maxConcurrency', maxConcurrency ? await readInteger(frame, maxConcurrency) : 0)
  const { toleratedCount, toleratedPercentage } = distribution ?? {}
  if (toleratedCount) frame.inspect?.('toleratedFailureCount', await readInteger(frame, toleratedCount))
  if (toleratedPercentage)
    frame.inspect?.('toleratedFailurePercentage', await readPercentage(frame, toleratedPercentage))
  return mock(items.length)
}

/** The array that a Map runs over. */
export async function itemsOf(frame: Frame<MapState>): Promise<Json[]> {
  const { state } = frame
  if (state.language === 'JSONata') {
    const items = state.items ? await state.items.fill(frame.scope()) : frame.input
    if (Array.isArray(items)) return items
    if (state.items) throw wrongType(state.items.expression, 'Items', 'array', items)
    throw new EvaluationFailure(`Map state input must be an array but was: ${textOf(items)}`)
  }
  const input = frame.effectiveInput()
  const items = state.itemsPath ? readFrom(state.itemsPath, frame.scope(input)) : input
  if (!Array.isArray(items))
    throw new RuntimeFailure(`Reference path "${state.itemsPath?.text ?? '$'}" must point to array.`)
  if (state.itemsPath) frame.inspect?.('afterItemsPath', items)
  return items
}

/** The input of an iteration: the item, or what ItemSelector makes of it. */
export async function itemInput(frame: Frame<MapState>, item: { Index: number; Value: Json }): Promise<Json> {
  const { itemSelector, language } = frame.state
  if (!itemSelector) return item.Value
  const context: JsonObject = { ...frame.context(), Map: { Item: item as unknown as JsonObject } }
  const scope = frame.scope(language === 'JSONPath' ? frame.effectiveInput() : frame.input)
  return itemSelector.fill({
    ...scope,
    context: () => context,
    ...(scope.states && { states: { input: frame.input, context } }),
  })
}

class Iterations {
  readonly #frame: Frame<MapState>
  readonly #items: readonly Json[]
  readonly #limit: number
  readonly #outputs: Json[] = []
  readonly #running = new Map<Thread, number>()
  #next = 0
  #done = 0

  constructor(frame: Frame<MapState>, items: readonly Json[], limit: number) {
    this.#frame = frame
    this.#items = items
    this.#limit = limit
  }

  async run(): Promise<Json[]> {
    const { thread: parent } = this.#frame
    if (this.#items.length === 0) return []
    const scope = parent.cancellation.part()
    try {
      return await new Promise<Json[]>((resolve, reject) => {
        const fail = (error: unknown) => {
          scope.cancel()
          reject(error)
        }
        const startNext = (previous: number) => {
          const index = this.#next++
          const item = { Index: index, Value: this.#items[index]! }
          const thread = new Thread(this.#frame.execution, threadKey(this.#frame, index), scope, parent.variables, item)
          this.#running.set(thread, index)
          this.#iterate(thread, item, previous).then(
            (output) => {
              this.#running.delete(thread)
              this.#outputs[index] = output
              this.#done++
              if (this.#next < this.#items.length) startNext(thread.last)
              else if (this.#done === this.#items.length) resolve(this.#outputs)
            },
            (error) => {
              if (scope.cancelled || error instanceof Cancelled) return fail(error)
              try {
                this.#failed(thread, error)
                fail(error)
              } catch (failure) {
                fail(failure)
              }
            },
          )
        }
        const began = parent.last
        for (let i = Math.min(this.#limit, this.#items.length); i > 0; i--) startNext(began)
      })
    } finally {
      scope.release()
    }
  }

  async #iterate(thread: Thread, item: { Index: number; Value: Json }, previous: number): Promise<Json> {
    const { execution, state } = this.#frame
    const details = { name: state.name, index: item.Index }
    const recovered = thread.recovered
    if (recovered?.iteration === 'MapIterationSucceeded' && recovered.position) {
      this.#frame.thread.last = recovered.iterationEnd
      return recovered.position.output
    }
    const input = await itemInput(this.#frame, item)
    if (!recovered?.iteration) {
      thread.last = previous
      execution.emit(thread, 'MapIterationStarted', details)
    }
    const output = await thread.run(state.processor, input)
    this.#frame.thread.last = execution.aside(thread, 'MapIterationSucceeded', details)
    return output
  }

  /** The failure of an iteration is the Map's: the others are stopped. */
  #failed(thread: Thread, error: unknown): void {
    const { execution, state, thread: parent } = this.#frame
    parent.last = thread.last
    if (error instanceof Fatal) return
    abortStates([...this.#running.keys()])
    for (const [other, otherIndex] of this.#running)
      execution.aside(other, other === thread ? 'MapIterationFailed' : 'MapIterationAborted', {
        name: state.name,
        index: otherIndex,
      })
  }
}
