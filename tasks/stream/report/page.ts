/** The report as one self-contained HTML page. */
import { bars } from '../../report/charts.ts'
import { document } from '../../report/document.ts'
import { escapeHtml, number, seconds } from '../../report/text.ts'
import { timeline } from '../../report/timeline.ts'
import { balanceBar, balanceTable, verdict } from './balance.ts'
import { FOLDERS, type StreamReport } from './model.ts'
import { ENOUGH_PERIODS, type Plot, plotsOverTime, windowPlots } from './plots.ts'
import { schemaTables } from './schema-table.ts'

const STYLE = `
:root { --late: #c9952b; --way: #8a97a5 } @media (prefers-color-scheme: dark) { :root { --late: #e0b558; --way: #6f7d8a } }
.users { fill: var(--good); background: var(--good) } .errors, .failed { fill: var(--bad); background: var(--bad) } .late { fill: var(--late); background: var(--late) }
.dropped, .way { fill: var(--way); background: var(--way) } .in { background: var(--state) } .tile.errors, .tile.late, .tile.way { background: none } .tile.errors b { color: var(--bad) } .tile.late b { color: var(--late) }
td i { display: inline-block; width: .8em; height: .8em; margin-right: .5em; border-radius: 2px; vertical-align: -.05em } .balance tbody tr:first-child { font-weight: 600 } tfoot td { border: 0; color: var(--soft) } .balance td { white-space: nowrap } .schema td:first-child { white-space: nowrap } h3 { min-height: 1.4em }
.verdict { margin: 1.2rem 0 .5rem } .verdict.good { color: var(--good); font-weight: 600 } .odd { color: var(--bad) }
details { margin: .4rem 0 } summary { cursor: pointer } pre { max-height: 9.5em; overflow-y: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; border-left: 3px solid var(--bad); padding: .1rem 0 .1rem .7rem; margin: .4rem 0 } .schema { font-size: .9rem }
`

/** The countries with most users; the others would be a page of their own. */
const TOP = 12

export function page(report: StreamReport): string {
  const { execution, stream, application, balance, errors, windows, schema, durations } = report
  const reasons = Object.entries(errors.reasons).map(([name, { records }]) => ({
    name,
    value: records,
    says: number(records),
  }))
  return document(
    `Stream: ${execution.name}`,
    STYLE,
    `<h1>Live users</h1>
<p class="soft">Execution <code>${escapeHtml(execution.name)}</code>, started ${clock(execution.startedAt)} UTC. Stream <code>${escapeHtml(stream.name)}</code> is ${escapeHtml(stream.status ?? 'gone')}, application <code>${escapeHtml(application.name)}</code> is ${escapeHtml(application.status ?? 'gone')}. What follows is of ${clock(report.since)} to ${clock(report.generatedAt)} UTC.</p>
<div class="tiles">${tiles(report)
      .map(([value, name, kind]) => `<div class="tile ${kind}"><b>${value}</b><span class="soft">${name}</span></div>`)
      .join('')}</div>
${verdict(balance)}
${balanceBar(balance)}
${balanceTable(report)}
${partlyRead(report)}
<h2>Over time</h2>
<div class="pair">${figures(plotsOverTime(report))}</div>
${report.metrics.in.length < ENOUGH_PERIODS ? `<p class="soft">Records in and the lag are drawn as well once CloudWatch has ${ENOUGH_PERIODS} minutes of them.</p>` : ''}
${errors.rows === 0 ? '' : `<h2>What was wrong</h2>\n<div class="pair"><section><h3>Errors by reason</h3>${bars(reasons, 'errors by reason', 112, 'rejected')}</section><section>${samples(report)}</section></div>`}
${report.users.rows === 0 ? '' : `<h2>Who they are</h2>\n<div class="pair">${people(report)}</div>`}
${windows.rows === 0 ? '' : `<h2>Counted every ten seconds</h2>\n<p class="soft">${number(windows.rows)} counts of a country in a window, in ${number(windows.windows.length)} windows that are over.</p>\n<div class="pair">${figures(windowPlots(windows))}</div>`}
<h2>What records look like</h2>
${schemaTables(schema)}
<p class="soft">${probeText(report)}</p>
<h2>Where the time went</h2>
${timeline(durations)}`,
  )
}

const figures = (plots: Plot[]) =>
  plots.map(({ title, svg }) => `<section><h3>${title}</h3>${svg}</section>`).join('\n')

function tiles({ balance, prefixes, users, metrics }: StreamReport): [value: string, name: string, kind: string][] {
  const { in: taken, transformed, errors, late, onTheWay } = balance
  const objects = FOLDERS.reduce((all, folder) => all + prefixes[folder].objects, 0)
  const delays = users.deliveries.map(({ median }) => median).sort((a, b) => a - b)
  const delay = delays[Math.floor(delays.length / 2)]
  const lag = metrics.lagMs.reduce((most, [, ms]) => Math.max(most, ms), 0)
  const fastest = users.bySecond.reduce((most, [, records]) => Math.max(most, records), 0)
  return [
    [number(taken), 'records in', ''],
    [number(transformed), 'users', ''],
    [number(errors), late === undefined ? 'errors and late' : 'errors', 'errors'],
    ...(late === undefined ? [] : [[number(late), 'late', 'late'] as [string, string, string]]),
    [number(Math.max(0, onTheWay)), 'on the way', ''],
    [number(objects), 'objects in S3', ''],
    [`${number(fastest)}/s`, 'most in a second', ''],
    ...(delay === undefined ? [] : [[seconds(delay / 1000), 'to S3, median', ''] as [string, string, string]]),
    [seconds(lag / 1000), 'lag at most', ''],
  ]
}

/** What was not read is said, so that nobody takes a part for the whole. */
function partlyRead({ prefixes }: StreamReport): string {
  const partly = FOLDERS.filter((folder) => prefixes[folder].read < prefixes[folder].objects)
  if (partly.length === 0) return ''
  const parts = partly.map((folder) => {
    const { read, objects } = prefixes[folder]
    return `${number(read)} of ${number(objects)} objects of ${folder}`
  })
  return `<p class="soft">Plots, people and reasons are of the newest only: ${parts.join(', ')} were read. Their records are counted by CloudWatch.</p>`
}

function samples({ errors }: StreamReport): string {
  const groups = Object.entries(errors.reasons).map(
    ([reason, { records, samples }], i) =>
      `<details${i === 0 ? ' open' : ''}><summary>${escapeHtml(reason)} <span class="soft">${number(records)}</span></summary>${samples.map((sample) => `<pre>${escapeHtml(printable(sample))}</pre>`).join('')}</details>`,
  )
  return `<h3>As they came</h3>\n${groups.join('\n')}`
}

/** Control characters as pictures of themselves, and something to see where there is only space. */
const printable = (text: string) =>
  text.trim() === ''
    ? '(blank)'
    : text.replaceAll(/[\u0000-\u001f]/g, (c) => String.fromCodePoint(0x2400 + c.charCodeAt(0)))

function people({ users }: StreamReport): string {
  const countries = Object.entries(users.countries)
  const share = (of: number) => `${number(of)} (${((of / users.rows) * 100).toFixed(1)} %)`
  const rows = (entries: [string, number][]) => entries.map(([name, value]) => ({ name, value, says: share(value) }))
  const ages = Object.entries(users.ages).sort(([a], [b]) => Number(a) - Number(b))
  const title = countries.length > TOP ? `, the ${TOP} with most of ${countries.length}` : ''
  return `<section><h3>By country${title}</h3>${bars(rows(countries.slice(0, TOP)), 'users by country', 104)}</section>
<section><h3>By age</h3>${bars(rows(ages.map(([from, of]) => [`${from}–${Number(from) + 9}`, of])), 'users by age')}
<h3>By gender</h3>${bars(rows(Object.entries(users.genders)), 'users by gender')}</section>`
}

function probeText({ probes }: StreamReport): string {
  return `The workflow itself sent ${number(probes.of)} probes, marked with the execution’s name: ${number(probes.good)} arrived as users and ${number(probes.bad)} as errors.`
}

const clock = (time: string) => escapeHtml(time.slice(0, 19).replace('T', ' '))
