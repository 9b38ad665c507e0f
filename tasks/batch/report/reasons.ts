/** Records that were turned away, by the rule that they break, as inline SVG: the commonest first. */
import { rect, text, wideSvg } from '../../report/svg.ts'
import { number } from '../../report/text.ts'

const WIDTH = 880

export function reasonBars(reasons: Record<string, number>): string {
  const [left, right, row] = [180, 80, 22]
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  const most = Math.max(1, ...sorted.map(([, records]) => records))
  const lines = sorted.map(([reason, records], i) => {
    const y = i * row + 4
    const width = Math.max(2, (records / most) * (WIDTH - left - right))
    return `${text(left - 8, y + 13, reason.replaceAll('_', ' '), 'end')}${rect(left, y, width, row - 6, 'rejected')}${text(left + width + 6, y + 13, number(records), 'start')}`
  })
  return wideSvg(WIDTH, sorted.length * row + 8, 'rejected records by reason', lines)
}
