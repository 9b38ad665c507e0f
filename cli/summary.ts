/** How the runs of `start` went: one object for programs, a table and links for people. */
import type { RunResult } from './execution.ts'
import type { Failure } from './failure.ts'
import { count, table } from './format.ts'
import { classifierUrl, consoleUrl, executionUrl, objectUrl } from './links.ts'
import { type ModelSummary, modelRows, modelSummary } from './model-summary.ts'
import type { Output } from './output.ts'
import { type StreamSummary, streamRows, streamSummary } from './stream/summary.ts'

export interface Summary extends Record<string, unknown> {
  type: 'summary'
  workflows: Record<
    string,
    { status: string; executionArn: string; seconds: number; counts?: unknown; failure?: Failure }
  >
  stream?: StreamSummary
  model?: ModelSummary
  urls: Record<string, string>
}

export function summaryOf(endpoint: string, source: string | undefined, results: readonly RunResult[]): Summary {
  const workflows = results.map(({ workflow, status, executionArn, seconds, counts, failure }) => [
    workflow,
    { status, executionArn, seconds, ...(counts !== undefined && { counts }), ...(failure && { failure }) },
  ])
  const urls: Record<string, string> = { endpoint, console: consoleUrl(endpoint), ...(source && { source }) }
  for (const { workflow, executionArn, output } of results) {
    urls[`${workflow}Execution`] = executionUrl(endpoint, executionArn)
    const { html } = (output?.report ?? {}) as { html?: unknown }
    const report = typeof html === 'string' ? objectUrl(endpoint, html) : undefined
    if (report) urls[`${workflow}Report`] = report
  }
  const model = modelSummary(results, classifierUrl(endpoint))
  if (model?.endpoint) urls.classifier = model.page
  const stream = streamSummary(results)
  return {
    type: 'summary',
    workflows: Object.fromEntries(workflows),
    ...(stream && { stream }),
    ...(model && { model }),
    urls,
  }
}

export function tellSummary(output: Output, summary: Summary): void {
  const { colors } = output
  for (const { counts } of Object.values(summary.workflows)) {
    const rows = countRows(counts)
    if (rows.length === 0) continue
    output.line()
    for (const line of table(rows)) output.line(`  ${line}`)
  }
  const stream = summary.stream ? streamRows(summary.stream) : []
  if (stream.length > 0) output.line()
  for (const line of table(stream)) output.line(`  ${line}`)
  if (summary.model) {
    output.line()
    for (const line of table(modelRows(summary.model))) output.line(`  ${line}`)
  }
  output.line()
  for (const line of table(Object.entries(summary.urls).map(([name, url]) => [words(name), url])))
    output.line(`  ${colors.dim(line)}`)
  tellFailed(output, summary)
  output.object(summary)
}

/** What failed was told long before the others ended. */
function tellFailed(output: Output, { workflows }: Summary): void {
  if (Object.keys(workflows).length < 2) return
  for (const [name, { failure }] of Object.entries(workflows)) {
    if (!failure) continue
    const { colors } = output
    output.line()
    output.line(`${colors.red('✗')} ${colors.bold(name)} failed in ${failure.state}: ${colors.red(failure.error)}`)
    output.line(`  log    ${failure.log}`)
    output.line(`  next   ${failure.next}`)
  }
}

/** `{"origination": {"raw": 10, …}}` as a table with its header. */
function countRows(counts: unknown): string[][] {
  if (typeof counts !== 'object' || counts === null) return []
  const tables = Object.entries(counts as Record<string, Record<string, unknown>>)
  const columns = [...new Set(tables.flatMap(([, stages]) => Object.keys(stages)))]
  const cell = (value: unknown) => (typeof value === 'number' ? count(value) : '-')
  const rows = tables.map(([name, stages]) => [name, ...columns.map((column) => cell(stages[column]))])
  return alignRight([['', ...columns], ...rows])
}

/** Numbers below each other. */
function alignRight(rows: string[][]): string[][] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell : cell.padStart(widths[i]!))))
}

function words(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}
