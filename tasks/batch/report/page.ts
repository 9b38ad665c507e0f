/** The report as one self-contained HTML page. */
import { bars, lines } from '../../report/charts.ts'
import { document } from '../../report/document.ts'
import { escapeHtml, number, seconds } from '../../report/text.ts'
import { timeline } from '../../report/timeline.ts'
import type { Analysis } from './analysis.ts'
import type { BatchReport, Counts, QuarterReport } from './model.ts'
import { quarterBars } from './plots.ts'
import { reasonBars } from './reasons.ts'

const STYLE = `
.tile.rejected b { color: var(--bad) } .processed { fill: var(--good) }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px } .key .p { background: var(--good); margin-left: 0 } .key .r { background: var(--bad) }
`

const TABLES = ['origination', 'performance'] as const

/** Stages in the order of the pipeline. */
const STAGES = ['raw', 'rejected', 'processed', 'mysql', 'redshift'] as const
const TITLES = { raw: 'raw', rejected: 'rejected', processed: 'processed', mysql: 'in MySQL', redshift: 'in Redshift' }

export function page(report: BatchReport): string {
  const { execution, quarters, loadedNow, durations } = report
  const last = Math.max(0, ...durations.map(({ start, seconds }) => start + seconds))
  const loaded = loadedNow.length === 0 ? 'Nothing was new.' : `Loaded ${loadedNow.join(', ')}.`
  return document(
    `Loans: ${execution.name}`,
    STYLE,
    `<h1>Loans, batch by batch</h1>
<p class="soft">Execution <code>${escapeHtml(execution.name)}</code>, started ${escapeHtml(execution.startedAt)}, ${seconds(last)} to this report. ${loaded}</p>
${quarters.length === 0 ? '<p>No quarter is loaded yet.</p>' : TABLES.map((table) => section(report, table)).join('\n')}
${report.analysis ? loans(report.analysis) : ''}
<h2>Where the time went</h2>
${timeline(durations)}`,
  )
}

function section({ counts, quarters }: BatchReport, table: (typeof TABLES)[number]): string {
  const stages = STAGES.filter((stage) => amount(counts, table, stage) !== undefined)
  const tiles = stages.map(
    (stage) =>
      `<div class="tile ${stage}"><b>${number(amount(counts, table, stage) ?? 0)}</b><span class="soft">${TITLES[stage]}</span></div>`,
  )
  return `<h2>${table === 'origination' ? 'Originations' : 'Monthly performance'}</h2>
<div class="tiles">${tiles.join('')}</div>
<p class="key soft"><i class="p"></i>processed<i class="r"></i>rejected</p>
${quarterBars(quarters, table)}
${rejections(counts[table].reasons)}
<div class="wide"><table>
<thead><tr><th>quarter</th><th>layout</th>${stages.map((stage) => `<th>${TITLES[stage]}</th>`).join('')}</tr></thead>
<tbody>${quarters.map((quarter) => row(quarter, table, stages)).join('\n')}</tbody>
</table></div>`
}

/** The states that make most of the loans; the others would be a page of their own. */
const MOST_STATES = 12

function loans({ years, states, rates, behind, prepaid, losses }: Analysis): string {
  const all = states.reduce((sum, { loans }) => sum + loans, 0)
  const share = (loans: number) => `${number(loans)} (${((loans / all) * 100).toFixed(0)} %)`
  return `<h2>The loans</h2>
<p class="soft">Asked of the warehouse, over all quarters that it holds.</p>
<div class="pair">
<section><h3>Loans by year of the first payment</h3>${bars(
    years.map(({ year, loans }) => ({ name: String(year), value: loans, says: number(loans) })),
    'loans by year',
  )}
<h3>Average rate of new loans</h3>${lines(rates, { label: 'rates over time', x: 'first payment', unit: ' %', fromZero: false })}</section>
<section><h3>Loans by state${states.length > MOST_STATES ? `, the ${MOST_STATES} with most of ${states.length}` : ''}</h3>${bars(
    states.slice(0, MOST_STATES).map(({ state, loans }) => ({ name: state, value: loans, says: share(loans) })),
    'loans by state',
  )}</section>
<section><h3>60 days or more behind, of the loans that report</h3>${lines(behind, { label: 'delinquency by vintage', x: 'age in months', unit: ' %' })}</section>
<section><h3>Prepaid so far, of all loans</h3>${lines(prepaid, { label: 'prepayment by vintage', x: 'age in months', unit: ' %' })}</section>
<section><h3>Losses, in basis points of the first balance</h3>${bars(
    losses.map(({ quarter, basisPoints }) => ({ name: quarter, value: basisPoints, says: basisPoints.toFixed(2) })),
    'loss by vintage',
  )}</section>
</div>`
}

function rejections(reasons: Record<string, number> | undefined): string {
  return reasons === undefined ? '' : `<h3>Why records were rejected</h3>\n${reasonBars(reasons)}`
}

function row(quarter: QuarterReport, table: (typeof TABLES)[number], stages: (typeof STAGES)[number][]): string {
  const cells = stages.map((stage) => {
    const value = amount(quarter, table, stage)
    return `<td>${value === undefined ? '' : number(value)}</td>`
  })
  return `<tr><td>${quarter.quarter}</td><td>${escapeHtml(quarter.layout)}</td>${cells.join('')}</tr>`
}

function amount(counts: Counts, table: (typeof TABLES)[number], stage: (typeof STAGES)[number]): number | undefined {
  return (counts[table] as Partial<Record<typeof stage, number>>)[stage]
}
