/** `stepwell cost`: what a run of the batch workflow of some size costs in AWS. It asks nothing of AWS, and of no local cloud. */
import { type Command, Option } from 'commander'
import { estimate, type RunSize, runSize } from '../cost/estimate.ts'
import type { CostLine, Section } from '../cost/line.ts'
import { CAVEAT, CHECKED } from '../cost/prices.ts'
import { ARTICLE } from '../cost/rates.ts'
import { CliError } from '../errors.ts'
import { count, plural, table } from '../format.ts'
import { addJson, whole } from '../options.ts'
import { Output } from '../output.ts'

const HEADINGS: Record<Section, string> = {
  run: 'the run, once',
  storage: 'what it leaves, a month',
  idle: 'the stack, a month, whatever runs',
}

export function cost(command: Command): Command {
  return addJson(command)
    .addOption(new Option('--loans <number>', 'loans in all quarters').argParser(whole).conflicts('rows'))
    .option('--rows <number>', `performance rows in all quarters (default: ${count(ARTICLE.performance)})`, whole)
    .option('--quarters <number>', 'quarters that they lie in (default: one for each 17 million rows)', whole)
    .action(run)
}

function run({ json, ...asked }: Partial<RunSize> & { json?: boolean }): void {
  const output = new Output({ json })
  const { size, lines, totals, warnings } = estimate(sizeOf(asked))
  const rows = plural(size.rows, 'performance row')
  output.line(`${rows} of ${plural(size.loans, 'loan')} in ${plural(size.quarters, 'quarter')}, in US dollars`)
  for (const line of lines) output.object({ type: 'cost', ...line })
  for (const text of table(tableRows(lines, totals))) output.line(text)
  output.line()
  for (const message of warnings) {
    output.object({ type: 'notice', message })
    output.line(output.colors.yellow(message))
  }
  output.line(`${CAVEAT} Rates are the article's, sizes those of sample loans: real ones take more space.`)
  output.line(
    'Logs, DynamoDB, EventBridge, the stream and the classifier are not in it; see docs/deploy.md. Sources of prices: cli/cost/prices.ts.',
  )
  output.object({ type: 'total', ...size, ...totals, currency: 'USD', pricesOf: CHECKED, caveat: CAVEAT })
}

function sizeOf(asked: Partial<RunSize>): RunSize {
  try {
    return runSize(asked.loans === undefined ? { rows: ARTICLE.performance, ...asked } : asked)
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(error.message)
    throw error
  }
}

function tableRows(lines: CostLine[], totals: Record<Section | 'total', number>): string[][] {
  const text: string[][] = []
  for (const section of ['run', 'storage', 'idle'] as const) {
    text.push([''], [HEADINGS[section]])
    for (const { name, quantity, unit, price, amount, assumption } of lines.filter(
      (line) => line.section === section,
    )) {
      text.push([`  ${name}`, quantityText(quantity), unit, `× ${priceText(price)}`, amount.toFixed(2), assumption])
    }
    text.push(['  together', '', '', '', totals[section].toFixed(2), ''])
  }
  text.push([''], ['one run in a month', '', '', '', totals.total.toFixed(2), ''])
  // Numbers end where numbers end.
  for (const column of [1, 4]) {
    const width = Math.max(...text.map((row) => row[column]?.length ?? 0))
    for (const row of text) if (row.length > column) row[column] = row[column]!.padStart(width)
  }
  return text
}

function quantityText(value: number): string {
  return value >= 1000 ? count(Math.round(value)) : value.toFixed(Number.isInteger(value) ? 0 : 2)
}

/** Prices of a request have many zeros. */
function priceText(value: number): string {
  return value === 0 || value >= 0.001 ? String(value) : value.toFixed(10).replace(/0+$/, '')
}
