/** Charts as inline SVG: lines over one pair of axes, and bars with their names. */
import { round, svg, text } from './svg.ts'
import { escapeHtml } from './text.ts'

/** A line of a plot: a vintage by age in months, a count by time. */
export interface Series {
  name: string
  /** Where on the axis, and how high. */
  points: [x: number, y: number][]
}

const WIDTH = 440
const HEIGHT = 250
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 14, 14, 34]

export interface Axes {
  label: string
  x: string
  /** What stands behind a number on the vertical axis. */
  unit: string
  /** Rates are read better from where they begin. */
  fromZero?: boolean
  /** The horizontal axis counts months since the year 0, and is written as dates. */
  dates?: boolean
  /** One legend may stand for several plots. */
  withLegend?: boolean
}

/** Lines over one pair of axes, with a legend while it stays readable. */
export function lines(series: Series[], axes: Axes): string {
  const { label, x: xTitle, unit, fromZero = true, dates = false, withLegend = true } = axes
  const points = series.flatMap((one) => one.points)
  if (points.length === 0) return ''
  const [x0, x1] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))]
  const horizontal = dates ? monthTicks(x0, x1, 6) : ticks(x0, x1, 6, true)
  const lowest = fromZero ? 0 : Math.min(...points.map(([, y]) => y))
  const vertical = ticks(lowest, Math.max(...points.map(([, y]) => y)), 4, false)
  const [y0, y1] = [vertical[0]!, vertical.at(-1)!]
  const px = (x: number) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT)
  const py = (y: number) => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - TOP - BOTTOM)
  const at = (x: number) => (dates ? date(x) : short(x, true))

  const grid = vertical.map(
    (y) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(py(y))}" y2="${round(py(y))}"/>${text(LEFT - 6, py(y) + 4, `${short(y)}${unit}`, 'end')}`,
  )
  const years = dates && horizontal.every((x) => x % 12 === 0)
  const below = horizontal.map((x) => text(px(x), HEIGHT - BOTTOM + 15, years ? date(x).slice(0, 4) : at(x), 'middle'))
  const drawn = series.map(({ name, points }, i) => {
    const [lastX, lastY] = points.at(-1) ?? []
    if (lastX === undefined || lastY === undefined) return ''
    const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${round(px(x))} ${round(py(y))}`).join('')
    return `<g style="--c:${colour(i, series.length)}"${series.length > MAX_LEGEND ? ' class="thin"' : ''}><title>${escapeHtml(name)}: ${lastY.toFixed(2)}${unit} at ${at(lastX)}</title><path class="line" d="${path}"/>${points.length < 9 ? points.map(([x, y]) => `<circle class="dot" cx="${round(px(x))}" cy="${round(py(y))}" r="2.5"/>`).join('') : ''}</g>`
  })
  const title = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, xTitle, 'middle')
  const names = withLegend ? legend(series) : ''
  return `<figure>${svg(WIDTH, HEIGHT, label, [...grid, ...below, title, ...drawn])}${names}</figure>`
}

/** Bars from the left, longest wherever it stands. @param left the room for names @param kind the class of the bars */
export function bars(
  rows: { name: string; value: number; says: string }[],
  label: string,
  left = LEFT,
  kind = 'bar',
): string {
  if (rows.length === 0) return ''
  const row = 20
  const most = Math.max(...rows.map(({ value }) => value), Number.MIN_VALUE)
  // What a bar says stands behind it.
  const right = 12 + 7 * Math.max(...rows.map(({ says }) => says.length))
  const drawn = rows.map(({ name, value, says }, i) => {
    const width = Math.max(1, (Math.max(value, 0) / most) * (WIDTH - left - right))
    const y = i * row + 3
    return `${text(left - 6, y + 12, name, 'end')}<rect class="${kind}" x="${left}" y="${y}" width="${round(width)}" height="${row - 5}" rx="2"/>${text(left + width + 5, y + 12, says, 'start')}`
  })
  return `<figure>${svg(WIDTH, rows.length * row + 6, label, drawn)}</figure>`
}

/** More names than this are no legend any more; the lines still tell theirs when pointed at. */
const MAX_LEGEND = 12

/** Which colour is whose; of many series in order, the scale from the first to the last. */
export function legend(series: { name: string }[]): string {
  if (series.length > MAX_LEGEND) {
    const [first, last] = [series[0]!, series.at(-1)!].map(({ name }) => escapeHtml(name))
    return `<p class="soft legend">${first} <i class="scale" style="background:linear-gradient(90deg in oklab, ${SCALE.join(', ')})"></i> ${last}</p>`
  }
  const names = series.map(
    ({ name }, i) => `<span><i style="background:${colour(i, series.length)}"></i>${escapeHtml(name)}</span>`,
  )
  return `<p class="soft legend">${names.join('')}</p>`
}

/** Told apart by people who see few colours too. */
const PALETTE = ['#3b6fb5', '#d98a3d', '#2f9d8f', '#b0527c', '#7a68b3', '#8a8f3c']

const SCALE = ['#3b6fb5', '#2f9d8f', '#a9a83a', '#e07a2f']

/** Many vintages are a scale from blue to orange, so that their order is seen. */
function colour(index: number, of: number): string {
  if (of <= PALETTE.length) return PALETTE[index] ?? 'currentColor'
  const at = (index / (of - 1)) * (SCALE.length - 1)
  const from = Math.min(Math.floor(at), SCALE.length - 2)
  return `color-mix(in oklab, ${SCALE[from + 1]} ${Math.round((at - from) * 100)}%, ${SCALE[from]})`
}

/** Round numbers from at or below `low` to at or above `high`; or those between the two. */
export function ticks(low: number, high: number, about: number, inside: boolean): number[] {
  const span = high - low || Math.abs(high) || 1
  const rough = span / about
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  const first = inside ? Math.ceil(low / step - 1e-9) : Math.floor(low / step + 1e-9)
  const last = inside ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9)
  const steps = inside ? last - first : Math.max(last - first, 1)
  return Array.from({ length: steps + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** Months between the two, a year's parts or whole years apart. */
export function monthTicks(low: number, high: number, about: number): number[] {
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((months) => (high - low) / months <= about) ?? 240
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step)
}

/** `1999-03`, of months since the year 0. */
const date = (month: number) => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`

function short(value: number, plain = false): string {
  if (plain || Math.abs(value) < 1000) return String(Number(value.toPrecision(6)))
  return value < 1e6 ? `${value / 1e3}k` : `${value / 1e6}M`
}
