/** The report as one self-contained HTML page. */

import type { Analysis } from './analysis.ts'
import { bars, lines } from './charts.ts'
import type { BatchReport, Counts, QuarterReport } from './model.ts'
import { quarterBars, reasonBars, timeline } from './plots.ts'
import { escapeHtml, number, seconds } from './text.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5c6b7a; --line: #dde3e9; --paper: #fff; --good: #2f7f79; --bad: #d1603d; --state: #4a78b5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b5; --line: #33404d; --paper: #161d24; --good: #58b3ab; --bad: #e98a6b; --state: #7fa8dd } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 920px; margin: 2.5rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem } h3 { font-size: .95rem; font-weight: 500; margin: 1rem 0 .3rem }
.soft { color: var(--soft) } code { font-size: .9em }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem } .tile { border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem; min-width: 7.5rem }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums } .tile.rejected b { color: var(--bad) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) } th:first-child, td:first-child { text-align: left } th { color: var(--soft); font-weight: 500 }
svg { width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: var(--soft) }
.grid { stroke: var(--line) } .processed { fill: var(--good) } .rejected { fill: var(--bad) } .state { fill: var(--state) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 0 1.6rem } figure { margin: 0 0 .6rem }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round } .dot { fill: var(--c) } .bar { fill: var(--state) }
.legend span { margin-right: 1rem } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px }
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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loans: ${escapeHtml(execution.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Loans, batch by batch</h1>
<p class="soft">Execution <code>${escapeHtml(execution.name)}</code>, started ${escapeHtml(execution.startedAt)}, ${seconds(last)} to this report. ${loaded}</p>
${quarters.length === 0 ? '<p>No quarter is loaded yet.</p>' : TABLES.map((table) => section(report, table)).join('\n')}
${report.analysis ? loans(report.analysis) : ''}
<h2>Where the time went</h2>
${timeline(durations)}
</body>
</html>
`
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
