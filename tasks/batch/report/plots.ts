/** Plots of the batch report as inline SVG: records by quarter, and rejected ones by reason. */
import { ticks } from '../../report/charts.ts'
import { rect, round, svg, text } from '../../report/svg.ts'
import { number } from '../../report/text.ts'
import type { QuarterReport } from './model.ts'

const WIDTH = 880

/** Processed and rejected records of each quarter, stacked. */
export function quarterBars(quarters: QuarterReport[], table: 'origination' | 'performance'): string {
  const height = 200
  const [left, bottom, top] = [70, 28, 10]
  const levels = ticks(0, Math.max(1, ...quarters.map((quarter) => quarter[table].raw)), 4, false)
  const scale = (value: number) => (value / (levels.at(-1) ?? 1)) * (height - top - bottom)
  const step = (WIDTH - left) / Math.max(quarters.length, 1)
  const bar = Math.max(1, Math.min(step * 0.7, 80))
  // A label needs about 60 pixels.
  const every = Math.ceil(60 / step)

  const bars = quarters.map((quarter, i) => {
    const { processed, rejected } = quarter[table]
    const x = left + i * step + (step - bar) / 2
    const base = height - bottom
    const label = i % every === 0 ? text(x + bar / 2, height - 8, quarter.quarter, 'middle') : ''
    return `<g><title>${quarter.quarter}: ${number(processed)} processed, ${number(rejected)} rejected</title>
${rect(x, base - scale(processed), bar, scale(processed), 'processed')}${rect(x, base - scale(processed) - scale(rejected), bar, scale(rejected), 'rejected')}</g>${label}`
  })
  const grid = levels.map((level) => {
    const y = height - bottom - scale(level)
    return `<line class="grid" x1="${left}" x2="${WIDTH}" y1="${round(y)}" y2="${round(y)}"/>${text(left - 8, y + 4, number(level), 'end')}`
  })
  return svg(WIDTH, height, `${table} records by quarter`, [...grid, ...bars])
}
