/** Counts what S3 holds, row by row: memory depends on how many seconds, countries and reasons there are, not on how many rows. */
import { z } from 'zod'
import type { Point } from './model.ts'

/** Rows as sql/flink/users.sql writes them; times are UTC and say so nowhere. */
const userRow = z.object({ country: z.string(), gender: z.string().nullish(), age: z.number(), event_time: z.string() })
const errorRow = z.object({ reason: z.string(), record: z.string() })
const windowRow = z.object({ window_start: z.string(), country_code: z.string(), users: z.number() })

/** How long the records of one object took to S3, by the time that they carry. */
export interface Delivery {
  /** When the object was there: milliseconds since the epoch; S3 gives whole seconds. */
  at: number
  records: number
  /** Milliseconds. */
  fastest: number
  median: number
  slowest: number
}

export interface UserTally {
  rows: number
  countries: Record<string, number>
  genders: Record<string, number>
  /** By the first year of the decade: `30` is 30 to 39. */
  ages: Record<string, number>
  /** Users by the second that they carry. */
  bySecond: Point[]
  deliveries: Delivery[]
}

export interface ErrorTally {
  rows: number
  reasons: Record<string, { records: number; samples: string[] }>
  /** Errors by the second in which their object was there; the late ones apart. */
  bySecond: Point[]
  lateBySecond: Point[]
}

export interface WindowTally {
  rows: number
  countries: Record<string, number>
  /** Users by the window's start and the country. */
  windows: { start: number; users: Record<string, number> }[]
}

/** Something that rows are counted into, object by object. */
export interface Tally<Result> {
  /** A line of an object that was there at `at`. Lines that are no such row are let pass: the prefix is open to others. */
  add(line: string, at: number): void
  /** The object's last line was added. */
  objectEnds(at: number): void
  result(): Result
}

const SECOND = 1000
const SAMPLES = 2
const MAX_SAMPLE = 1500

export function tallyUsers(): Tally<UserTally> {
  let rows = 0
  let times: number[] = []
  const [countries, genders, ages] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  const bySecond = new Map<number, number>()
  const deliveries: Delivery[] = []
  return {
    add(line) {
      const row = parsed(userRow, line)
      if (!row) return
      rows++
      increase(countries, row.country)
      increase(genders, row.gender ?? 'not told')
      increase(ages, String(Math.floor(row.age / 10) * 10))
      const time = Date.parse(`${row.event_time}Z`)
      increase(bySecond, Math.floor(time / SECOND) * SECOND)
      times.push(time)
    },
    objectEnds(at) {
      times.sort((a, b) => a - b)
      const [first, middle, last] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)]
      if (first !== undefined && middle !== undefined && last !== undefined) {
        // S3's whole seconds can lie before the newest record.
        const [fastest, median, slowest] = [last, middle, first].map((time) => Math.max(0, at - time)) as [
          number,
          number,
          number,
        ]
        deliveries.push({ at, records: times.length, fastest, median, slowest })
      }
      times = []
    },
    result: () => ({
      rows,
      countries: sorted(countries),
      genders: sorted(genders),
      ages: Object.fromEntries([...ages].sort(([a], [b]) => Number(a) - Number(b))),
      bySecond: inOrder(bySecond),
      deliveries: deliveries.sort((a, b) => a.at - b.at),
    }),
  }
}

export function tallyErrors(): Tally<ErrorTally> {
  let rows = 0
  const reasons = new Map<string, { records: number; samples: string[] }>()
  const bySecond = new Map<number, number>()
  const lateBySecond = new Map<number, number>()
  return {
    add(line, at) {
      const row = parsed(errorRow, line)
      if (!row) return
      rows++
      const known = reasons.get(row.reason) ?? { records: 0, samples: [] }
      reasons.set(row.reason, known)
      known.records++
      if (known.samples.length < SAMPLES) known.samples.push(shortened(row.record))
      increase(row.reason === 'late' ? lateBySecond : bySecond, at)
    },
    objectEnds() {},
    result: () => ({
      rows,
      reasons: Object.fromEntries([...reasons].sort(([, a], [, b]) => b.records - a.records)),
      bySecond: inOrder(bySecond),
      lateBySecond: inOrder(lateBySecond),
    }),
  }
}

export function tallyWindows(): Tally<WindowTally> {
  let rows = 0
  const countries = new Map<string, number>()
  const windows = new Map<number, Map<string, number>>()
  return {
    add(line) {
      const row = parsed(windowRow, line)
      if (!row) return
      rows++
      const start = Date.parse(`${row.window_start}Z`)
      const window = windows.get(start) ?? new Map<string, number>()
      windows.set(start, window)
      increase(window, row.country_code, row.users)
      increase(countries, row.country_code, row.users)
    },
    objectEnds() {},
    result: () => ({
      rows,
      countries: sorted(countries),
      windows: [...windows]
        .sort(([a], [b]) => a - b)
        .map(([start, users]) => ({ start, users: Object.fromEntries(users) })),
    }),
  }
}

/** The rows of an object that nobody looks into. */
export function tallyLines(): Tally<number> {
  let rows = 0
  return {
    add() {
      rows++
    },
    objectEnds() {},
    result: () => rows,
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, line: string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Counts one more, or `by` more. */
export function increase<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

const shortened = (text: string) => (text.length > MAX_SAMPLE ? `${text.slice(0, MAX_SAMPLE)}…` : text)

/** The commonest first. */
const sorted = (counts: Map<string, number>) => Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))

/** By time. */
export const inOrder = (counts: Map<number, number>): Point[] => [...counts].sort(([a], [b]) => a - b)
