/** The stream at a glance, for people: what came in, where it is, how fast it moves. */

import { count, seconds } from '../format.ts'
import type { Output } from '../output.ts'
import type { StreamMetrics } from './metrics.ts'

/** What was seen at one time. */
export interface Sighting {
  name: string
  status: string
  metrics: StreamMetrics
  /** Errors in S3 by their reason. */
  reasons: Readonly<Record<string, number>>
  /** Milliseconds since the epoch. */
  at: number
}

type Colors = Output['colors']

const BARS = '▁▂▃▄▅▆▇█'
const SPARKS = 24
const BAR_WIDTH = 46

/** Records that are in the stream, the application or a buffer of Firehose. CloudWatch may tell of deliveries before it tells of their records. */
export const onTheWay = ({ sent, delivered, errors, failed, dropped }: StreamMetrics) =>
  sent - delivered - errors - failed - dropped

/** @param seen oldest first; rates and their bars need two or more */
export function board(seen: readonly Sighting[], colors: Colors): string[] {
  const now = seen.at(-1)
  if (!now) return []
  const { metrics, reasons } = now
  const { late = 0 } = reasons
  const head = [
    `${colors.bold(now.name)} ${now.status === 'ACTIVE' ? colors.green(now.status) : colors.yellow(now.status)}`,
    `lag ${seconds(metrics.lagMs)}`,
    `${count(metrics.objects)} objects in S3`,
    ...(metrics.throttled > 0 ? [colors.yellow(`${count(metrics.throttled)} refused`)] : []),
    new Date(now.at).toTimeString().slice(0, 8),
  ]
  const rows: Row[] = [
    { name: 'in', of: ({ metrics }) => metrics.sent, color: colors.blue },
    { name: 'transformed', of: ({ metrics }) => metrics.delivered, color: colors.green },
    {
      name: 'errors',
      of: ({ metrics, reasons }) => Math.max(0, metrics.errors - (reasons.late ?? 0)),
      color: colors.red,
    },
    { name: 'late', of: ({ reasons }) => reasons.late ?? 0, color: colors.yellow },
    ...(metrics.failed > 0 ? [{ name: 'failed', of: (one: Sighting) => one.metrics.failed, color: colors.red }] : []),
    ...(metrics.dropped > 0
      ? [{ name: 'dropped', of: (one: Sighting) => one.metrics.dropped, color: colors.dim }]
      : []),
    { name: 'on the way', of: ({ metrics }) => Math.max(0, onTheWay(metrics)), color: colors.dim, isLevel: true },
  ]
  const width = Math.max(...rows.map(({ of }) => count(of(now)).length))
  const others = Object.entries(reasons)
    .filter(([reason]) => reason !== 'late')
    // By name: an order that changes is hard to read while it lives.
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([reason, number]) => `${reason} ${count(number)}`)
  return [
    head.join(colors.dim('  ·  ')),
    ...rows.map((row) => line(row, seen, width)),
    `  ${shares(metrics, late, colors)}`,
    ...(others.length > 0 ? wrapped(others, 90).map((text) => colors.dim(`  ${text}`)) : []),
  ]
}

interface Row {
  name: string
  of: (one: Sighting) => number
  color: (text: string) => string
  /** It goes up and down, so there is no rate of it. */
  isLevel?: boolean
}

function line({ name, of, color, isLevel }: Row, seen: readonly Sighting[], width: number): string {
  const text = `  ${name.padEnd(13)}${count(of(seen.at(-1)!)).padStart(width)}`
  if (seen.length < 2) return text
  const history = isLevel ? seen.map(of) : rates(seen, of)
  const rate = isLevel ? '' : `${count(Math.round(history.at(-1) ?? 0))}/s`
  return `${text}  ${rate.padStart(8)}  ${color(sparks(history.slice(-SPARKS)))}`
}

/** A second, between one sighting and the next. */
function rates(seen: readonly Sighting[], of: (one: Sighting) => number): number[] {
  return seen.slice(1).map((one, i) => {
    const before = seen[i]!
    return Math.max(0, ((of(one) - of(before)) * 1000) / Math.max(1, one.at - before.at))
  })
}

function sparks(values: readonly number[]): string {
  const most = Math.max(...values)
  if (most <= 0) return BARS[0]!.repeat(values.length)
  return values.map((value) => BARS[Math.min(BARS.length - 1, Math.round((value / most) * (BARS.length - 1)))]).join('')
}

/** Where the records are, as one bar. What is there is seen, however small. */
function shares(metrics: StreamMetrics, late: number, colors: Colors): string {
  const parts: [number, (text: string) => string][] = [
    [metrics.delivered, colors.green],
    [metrics.errors - late, colors.red],
    [late, colors.yellow],
    [metrics.failed, colors.red],
    [metrics.dropped + Math.max(0, onTheWay(metrics)), colors.dim],
  ]
  const all = parts.reduce((sum, [number]) => sum + Math.max(0, number), 0)
  if (all === 0) return colors.dim('━'.repeat(BAR_WIDTH))
  const widths = parts.map(([number]) => (number > 0 ? Math.max(1, Math.floor((number / all) * BAR_WIDTH)) : 0))
  // What rounding left over, or took too much, belongs to the largest.
  const largest = widths.indexOf(Math.max(...widths))
  widths[largest]! += BAR_WIDTH - widths.reduce((sum, width) => sum + width, 0)
  return parts.map(([, color], i) => (widths[i]! > 0 ? color('━'.repeat(widths[i]!)) : '')).join('')
}

/** Words in lines that are no longer than this. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length + 2 <= width) lines[lines.length - 1] = `${last}, ${word}`
    else lines.push(word)
  }
  return lines
}
