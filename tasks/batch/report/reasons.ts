/** Records that were turned away, by the rule that they break, as inline SVG: the commonest first. */
import { rect, text, wideSvg } from '../../report/svg.ts'
import { escapeHtml, number } from '../../report/text.ts'

const WIDTH = 880

/** The rules of hql/, in short. */
const MEANINGS: Record<string, string> = {
  field_count: 'not as many fields as the layout has',
  loan_identifier: 'no identifier, or one of another quarter',
  date: 'no month of the form YYYYMM',
  number: 'not a number, or out of range',
  code: 'no value that the field may have',
  duplicate: 'the loan, or its month, is there already',
  unknown_loan: 'its origination is missing or rejected',
}

export function reasonBars(reasons: Record<string, number>): string {
  const [left, right, row] = [180, 80, 22]
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  const most = Math.max(1, ...sorted.map(([, records]) => records))
  const lines = sorted.map(([reason, records], i) => {
    const y = i * row + 4
    const width = Math.max(2, (records / most) * (WIDTH - left - right))
    return `${text(left - 8, y + 13, reason.replaceAll('_', ' '), 'end')}${rect(left, y, width, row - 6, 'rejected')}${text(left + width + 6, y + 13, number(records), 'start')}`
  })
  const meanings = sorted.map(([reason]) => `${reason.replaceAll('_', ' ')}: ${MEANINGS[reason] ?? 'see hql/'}`)
  return `${wideSvg(WIDTH, sorted.length * row + 8, 'rejected records by reason', lines)}
<p class="soft small">${escapeHtml(meanings.join('; '))}. A record is counted once, by the first rule that it breaks. Each lies with its reason below quarantine/ of the
processed bucket.</p>`
}
