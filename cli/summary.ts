/** How the runs of `start` went: one object for programs, a table and links for people. */
import type { RunResult } from './execution.ts'
import type { Failure } from './failure.ts'
import { table, words } from './format.ts'
import { classifierUrl, consoleUrl, executionUrl, objectUrl } from './links.ts'
import { type ModelSummary, modelRows, modelSummary } from './model-summary.ts'
import type { Output } from './output.ts'
import { type ArchiveCounts, type QuarterCounts, tellQuarters, tellRejected } from './quarters.ts'
import { type StreamSummary, streamRows, streamSummary } from './stream/summary.ts'

export interface Summary extends Record<string, unknown> {
  type: 'summary'
  workflows: Record<
    string,
    {
      status: string
      executionArn: string
      seconds: number
      counts?: unknown
      quarters?: QuarterCounts[]
      archives?: ArchiveCounts
      failure?: Failure
    }
  >
  stream?: StreamSummary
  model?: ModelSummary
  urls: Record<string, string>
}

/** @param places what only the process that holds the cloud knows of: addresses by name */
export function summaryOf(endpoint: string, places: Record<string, string>, results: readonly RunResult[]): Summary {
  const workflows = results.map(({ workflow, status, executionArn, seconds, counts, quarters, archives, failure }) => [
    workflow,
    {
      status,
      executionArn,
      seconds,
      ...(counts !== undefined && { counts }),
      ...(quarters && { quarters }),
      ...(archives && { archives }),
      ...(failure && { failure }),
    },
  ])
  const urls: Record<string, string> = { endpoint, console: consoleUrl(endpoint), ...places }
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
  for (const { counts, quarters, archives } of Object.values(summary.workflows)) {
    if (counts === undefined) continue
    output.line()
    tellQuarters(output, quarters ?? [], counts)
    if (archives) tellRejected(output, archives)
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
