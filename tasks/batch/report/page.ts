/** The report as one self-contained HTML page. */
import { document } from '../../report/document.ts'
import { escapeHtml, number, seconds } from '../../report/text.ts'
import { timeline } from '../../report/timeline.ts'
import { archivesSection } from './archives.ts'
import { loans } from './loans.ts'
import type { BatchReport, Counts, QuarterReport, TableCounts } from './model.ts'
import { quarterBars } from './plots.ts'
import { reasonBars } from './reasons.ts'

const STYLE = `
.tile.rejected b, .bad { color: var(--bad) } .processed { fill: var(--good) }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px } .key .p { background: var(--good); margin-left: 0 } .key .r { background: var(--bad) }
`

const TABLES = ['origination', 'performance'] as const

/** Stages in the order of the pipeline. */
const STAGES = ['raw', 'rejected', 'processed', 'mysql', 'redshift'] as const
const TITLES = { raw: 'raw', rejected: 'rejected', processed: 'processed', mysql: 'in MySQL', redshift: 'in Redshift' }

export function page(report: BatchReport): string {
  const { execution, quarters, loadedNow, archives, durations } = report
  const last = Math.max(0, ...durations.map(({ start, seconds }) => start + seconds))
  const loaded = loadedNow.length === 0 ? 'Nothing was new.' : `Loaded ${loadedNow.join(', ')}.`
  return document(
    `Loans: ${execution.name}`,
    STYLE,
    `<h1>Loans, batch by batch</h1>
<p class="soft">Execution <code>${escapeHtml(execution.name)}</code>, started ${escapeHtml(execution.startedAt)}, ${seconds(last)} to this report. ${loaded}</p>
${archivesSection(archives)}
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
      `<div class="tile ${stage}"><b>${number(amount(counts, table, stage) ?? 0)}</b><span class="soft">${TITLES[stage]}${stage === 'rejected' ? share(counts[table]) : ''}</span></div>`,
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

/** `, 1.4 %` of the raw records. */
const share = ({ raw, rejected }: TableCounts) => (raw === 0 ? '' : `, ${((100 * rejected) / raw).toFixed(1)} %`)

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
