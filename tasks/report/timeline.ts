/** When each state ran, from the start of the execution, as inline SVG. */
import type { StateDuration } from './durations.ts'
import { rect, text, wideSvg } from './svg.ts'
import { escapeHtml, seconds } from './text.ts'

const WIDTH = 880

export function timeline(durations: StateDuration[]): string {
  const [left, right, row] = [180, 80, 22]
  const end = Math.max(0.001, ...durations.map(({ start, seconds }) => start + seconds))
  const scale = (value: number) => (value / end) * (WIDTH - left - right)
  const lines = durations.map(({ state, start, seconds: took }, i) => {
    const y = i * row + 4
    const x = left + scale(start)
    const width = Math.max(2, scale(took))
    return `<g><title>${escapeHtml(state)}: ${seconds(took)} from second ${start.toFixed(1)}</title>${text(left - 8, y + 13, state, 'end')}${rect(x, y, width, row - 6, 'state')}${text(x + width + 6, y + 13, seconds(took), 'start')}</g>`
  })
  return wideSvg(WIDTH, durations.length * row + 8, 'states by time', lines)
}
