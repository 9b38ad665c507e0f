/**
 * Windows over event time. A row belongs to each window that covers its time and has not fired; a window fires when the watermark reaches
 * its last millisecond, end - 1, and its late rows are dropped and counted (flink-table-runtime
 * …/operators/window/tvf/common/WindowTimerService, …/slicing/SliceAssigners.java, AbstractWindowAggProcessor.isWindowFired).
 */
import type { Row, Value } from '../types.ts'
import type { Aggregate } from './aggregates.ts'

export interface WindowShape {
  slideMs: number
  sizeMs: number
}

/** The ends of the windows that cover a time, latest first. */
export function windowEnds(time: number, { slideMs, sizeMs }: WindowShape): number[] {
  const ends: number[] = []
  for (let start = Math.floor(time / slideMs) * slideMs; start > time - sizeMs; start -= slideMs)
    ends.push(start + sizeMs)
  return ends
}

interface Group {
  keys: Value[]
  kept: unknown[]
}

export interface WindowAggregation {
  shape: WindowShape
  /** Where the row's time is. */
  timeIndex: number
  /** Computes the row that the query sees of a window: the source's columns, then start, end and time of the window. */
  matches(row: Row): boolean
  keys(row: Row): Value[]
  aggregates: { fold: Aggregate; argument?: (row: Row) => Value }[]
  /** Takes the keys, then the aggregates' results. */
  emit(row: Row): void
}

type GroupState = [keys: Value[], kept: unknown[]]
export interface WindowState {
  watermark: number | null
  lateRows: number
  windows: [end: number, groups: GroupState[]][]
}

export class WindowOperator {
  readonly #job: WindowAggregation
  readonly #windows = new Map<number, Map<string, Group>>()
  #watermark = -Infinity
  /** Rows that came after all of their windows had fired. */
  lateRows = 0

  constructor(job: WindowAggregation) {
    this.#job = job
  }

  process(row: Row): void {
    const { shape, timeIndex } = this.#job
    const time = row[timeIndex] as number
    let isLate = true
    for (const end of windowEnds(time, shape)) {
      if (end - 1 <= this.#watermark) continue
      isLate = false
      this.#add([...row, end - shape.sizeMs, end, end - 1], end)
    }
    if (isLate) this.lateRows++
  }

  advance(watermark: number): void {
    if (watermark <= this.#watermark) return
    this.#watermark = watermark
    const due = [...this.#windows.keys()].filter((end) => end - 1 <= watermark).sort((a, b) => a - b)
    for (const end of due) {
      const groups = this.#windows.get(end)!
      this.#windows.delete(end)
      for (const { keys, kept } of groups.values())
        this.#job.emit([...keys, ...this.#job.aggregates.map(({ fold }, i) => fold.result(kept[i]))])
    }
  }

  snapshot(): WindowState {
    const windows = [...this.#windows].map(([end, groups]): WindowState['windows'][number] => [
      end,
      [...groups.values()].map(
        ({ keys, kept }): GroupState => [keys, kept.map((value) => (value instanceof Set ? [...value] : value))],
      ),
    ])
    return { watermark: Number.isFinite(this.#watermark) ? this.#watermark : null, lateRows: this.lateRows, windows }
  }

  restore({ watermark, lateRows, windows }: WindowState): void {
    this.#watermark = watermark ?? -Infinity
    this.lateRows = lateRows
    this.#windows.clear()
    for (const [end, groups] of windows) {
      const restored = groups.map(([keys, kept]): [string, Group] => [
        keyText(keys),
        {
          keys,
          kept: kept.map((value, i) =>
            this.#job.aggregates[i]!.fold.start() instanceof Set ? new Set(value as Value[]) : value,
          ),
        },
      ])
      this.#windows.set(end, new Map(restored))
    }
  }

  #add(row: Row, end: number): void {
    const { matches, keys, aggregates } = this.#job
    if (!matches(row)) return
    let groups = this.#windows.get(end)
    if (!groups) {
      groups = new Map()
      this.#windows.set(end, groups)
    }
    const values = keys(row)
    const text = keyText(values)
    let group = groups.get(text)
    if (!group) {
      group = { keys: values, kept: aggregates.map(({ fold }) => fold.start()) }
      groups.set(text, group)
    }
    for (let i = 0; i < aggregates.length; i++) {
      const { fold, argument } = aggregates[i]!
      // COUNT(*) has no argument and counts every row.
      group.kept[i] = fold.add(group.kept[i], argument ? argument(row) : true)
    }
  }
}

/** Different values give different texts, also across types and with any characters in them. */
function keyText(values: Value[]): string {
  let text = ''
  for (const value of values) {
    if (typeof value === 'string') text += `s${value.length}:${value}`
    else text += `${value === null ? '' : (typeof value)[0]}${String(value)};`
  }
  return text
}
