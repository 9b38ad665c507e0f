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
}

/** Lines over one pair of axes, with a legend while it stays readable. */
export function lines(series: Series[], { label, x: xTitle, unit, fromZero = true }: Axes): string {
  const points = series.flatMap((one) => one.points)
  if (points.length === 0) return ''
  const horizontal = ticks(Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x)), 6, true)
  const lowest = fromZero ? 0 : Math.min(...points.map(([, y]) => y))
  const vertical = ticks(lowest, Math.max(...points.map(([, y]) => y)), 4, false)
  const [x0, x1] = [horizontal[0]!, Math.max(horizontal.at(-1)!, ...points.map(([x]) => x))]
  const [y0, y1] = [vertical[0]!, vertical.at(-1)!]
  const px = (x: number) => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT)
  const py = (y: number) => HEIGHT - BOTTOM - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - TOP - BOTTOM)

  const grid = vertical.map(
    (y) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(py(y))}" y2="${round(py(y))}"/>${text(LEFT - 6, py(y) + 4, `${short(y)}${unit}`, 'end')}`,
  )
  const below = horizontal.map((x) => text(px(x), HEIGHT - BOTTOM + 15, short(x, true), 'middle'))
  const drawn = series.map(({ name, points }, i) => {
    const path = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${round(px(x))} ${round(py(y))}`).join('')
    const [lastX = 0, lastY = 0] = points.at(-1) ?? []
    return `<g style="--c:${colour(i, series.length)}"><title>${escapeHtml(name)}: ${lastY.toFixed(2)}${unit} at ${short(lastX, true)}</title><path class="line" d="${path}"/>${points.length < 9 ? points.map(([x, y]) => `<circle class="dot" cx="${round(px(x))}" cy="${round(py(y))}" r="2.5"/>`).join('') : ''}</g>`
  })
  const title = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 3, xTitle, 'middle')
  return `<figure>${svg(WIDTH, HEIGHT, label, [...grid, ...below, title, ...drawn])}${legend(series)}</figure>`
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

function legend(series: Series[]): string {
  if (series.length > MAX_LEGEND)
    return '<figcaption class="soft">older vintages blue, younger ones orange</figcaption>'
  const names = series.map(
    ({ name }, i) => `<span><i style="background:${colour(i, series.length)}"></i>${escapeHtml(name)}</span>`,
  )
  return `<figcaption class="soft legend">${names.join('')}</figcaption>`
}

/** Told apart by people who see few colours too. */
const PALETTE = ['#3b6fb5', '#d98a3d', '#2f9d8f', '#b0527c', '#7a68b3', '#8a8f3c']

/** Many vintages are a scale from blue to orange, so that their order is seen. */
function colour(index: number, of: number): string {
  if (of <= PALETTE.length) return PALETTE[index] ?? 'currentColor'
  return `color-mix(in oklab, #d98a3d ${Math.round((index / (of - 1)) * 100)}%, #3b6fb5)`
}

/** Round numbers from at or below `low` to at or above `high`. */
export function ticks(low: number, high: number, about: number, inside: boolean): number[] {
  const span = high - low || Math.abs(high) || 1
  const rough = span / about
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  const first = Math.floor(low / step + 1e-9)
  const last = inside ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9)
  return Array.from({ length: Math.max(last - first, 1) + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

function short(value: number, plain = false): string {
  if (plain || Math.abs(value) < 1000) return String(Number(value.toPrecision(6)))
  return value < 1e6 ? `${value / 1e3}k` : `${value / 1e6}M`
}
