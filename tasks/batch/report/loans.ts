/** The part of the report that tells of the loans themselves: where and when they were made, and how each vintage does. */
import { type Axes, bars, legend, lines, type Series } from '../../report/charts.ts'
import { dollars, number } from '../../report/text.ts'
import type { Analysis, Vintage } from './analysis.ts'

/** The states that make most of the loans; the others would be a page of their own. */
const MOST_STATES = 12

export function loans({ years, states, vintages, series }: Analysis): string {
  const all = states.reduce((sum, { loans }) => sum + loans, 0)
  const share = (loans: number) => `${number(loans)} (${((loans / all) * 100).toFixed(0)} %)`
  return `<h2>The loans</h2>
<p class="soft">Asked of the warehouse, over all quarters that it holds.</p>
<div class="pair">
<section><h3>Loans by year of the first payment</h3>${bars(
    years.map(({ year, loans }) => ({ name: String(year), value: loans, says: number(loans) })),
    'loans by year',
  )}</section>
<section><h3>Loans by state${states.length > MOST_STATES ? `, the ${MOST_STATES} with most of ${states.length}` : ''}</h3>${bars(
    states.slice(0, MOST_STATES).map(({ state, loans }) => ({ name: state, value: loans, says: share(loans) })),
    'loans by state',
  )}</section>
</div>
<h2>Vintages</h2>
<p class="soft">A vintage is the loans of one quarter. Its age is the months since a loan’s first payment was due, also of
loans that were modified since. A curve ends where a tenth of the loans is too young for it.</p>
${legend(vintages.map(({ quarter }) => ({ name: quarter })))}
<div class="pair">
${plot('Rate of new loans', 'Average, weighted by balance.', series.rates, { x: 'month of the first payment', unit: ' %', fromZero: false, dates: true })}
${plot('Seriously delinquent', 'Loans with three or more payments missed (90 days) or taken back (REO), of those active at that age.', series.behind, AGED)}
${plot('Prepayment speed (CPR)', 'Loans paid off before maturity, of those alive at the month’s beginning, made yearly; over three months.', series.speed, AGED)}
${plot('Prepaid', 'Loans paid off before maturity up to that age, of all loans of the vintage.', series.prepaid, AGED)}
${plot('Defaulted', 'Loans that ended in a third-party sale, short sale, charge-off, REO or note sale up to that age, of all loans of the vintage.', series.defaulted, AGED)}
${plot('Net loss', 'Actual losses net of all recoveries up to that age, in basis points of the vintage’s original balance.', series.losses, { ...AGED, unit: ' bp' })}
</div>
${vintageTable(vintages)}`
}

const AGED = { x: 'months since the first payment', unit: ' %' }

function plot(title: string, meaning: string, series: Series[], axes: Omit<Axes, 'label'>): string {
  const drawn = lines(series, { ...axes, label: title, withLegend: false })
  return `<section><h3>${title}</h3><p class="soft small">${meaning}</p>${drawn || '<p class="soft small">Too few loans, or too young.</p>'}</section>`
}

function vintageTable(vintages: Vintage[]): string {
  const fixed = (value: number | null, digits: number) => (value === null ? '' : value.toFixed(digits))
  const percent = (part: number, whole: number) => `${whole === 0 ? '' : ((100 * part) / whole).toFixed(2)} %`
  const rows = vintages.map((one) => {
    const cells = [
      number(one.loans),
      dollars(one.upb),
      `${fixed(one.rate, 3)} %`,
      fixed(one.score, 0),
      fixed(one.ltv, 0),
      one.reportedTo ?? 'never',
      percent(one.prepaid, one.loans),
      percent(one.defaulted, one.loans),
      dollars(one.loss),
      one.upb === 0 ? '' : ((10_000 * one.loss) / one.upb).toFixed(2),
    ]
    return `<tr><td>${one.quarter}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  const heads = ['loans', 'balance', 'rate', 'FICO', 'LTV', 'reported to', 'prepaid', 'defaulted', 'net loss', 'bp']
  return `<div class="wide"><table>
<thead><tr><th>vintage</th>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
<p class="soft small">Balance, rate, score and loan-to-value are those at origination, averages weighted by balance; the other columns add up all that is
reported. bp: net loss in basis points of the balance.</p>`
}
