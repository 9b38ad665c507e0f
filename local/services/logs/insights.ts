/**
 * Logs Insights: queries of piped commands over the events of log groups. Served are fields, display, filter, stats, sort and limit; fields
 * are those of JSON messages, with dots, and @timestamp, @message, @ingestionTime, @logStream, @log.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
 */
import { type Condition, parseCondition } from './insights-filter.ts'
import { compare, listOf, malformed, type Row } from './insights-rows.ts'
import { parseStats, type Stats } from './insights-stats.ts'

type Columns = [name: string, as: string][]
type Keys = [name: string, sign: 1 | -1][]
type Step =
  | { is: 'filter'; holds: Condition }
  | { is: 'fields'; columns: Columns }
  | { is: 'stats'; stats: Stats }
  | { is: 'sort'; keys: Keys }
  | { is: 'limit'; count: number }

export interface Query {
  /** Looks at one row at a time: filters, and fields under other names. */
  rowSteps: Step[]
  stats?: Stats
  /** Work on all rows together, in order. */
  lastSteps: Step[]
  /** What is shown of a row, where no stats say it. */
  columns?: Columns
}

/** What a query gives at most, and without a limit of its own. */
const MAX_ROWS = 10_000
const NEWEST_FIRST: Keys = [['@timestamp', -1]]
const DEFAULT_COLUMNS: Columns = ['@timestamp', '@message'].map((name) => [name, name])

/** @throws AwsError MalformedQueryException for a query that is none, or has commands that are not served */
export function parseQuery(text: string): Query {
  const steps = commandsOf(text).map(stepOf)
  if (steps.length === 0) throw malformed('it is empty')
  const statsAt = steps.findIndex(({ is }) => is === 'stats')
  if (statsAt >= 0) {
    const [rowSteps, lastSteps] = [steps.slice(0, statsAt), steps.slice(statsAt + 1)]
    const early = rowSteps.find(({ is }) => is === 'sort' || is === 'limit')
    if (early) throw malformed(`${early.is} before stats is not served locally`)
    if (lastSteps.some(({ is }) => is === 'stats')) throw malformed('a second stats is not served locally')
    const { stats } = steps[statsAt] as Extract<Step, { is: 'stats' }>
    return { rowSteps, stats, lastSteps }
  }
  const ofRow = ({ is }: Step) => is === 'filter' || is === 'fields'
  const lastSteps = steps.filter((step) => !ofRow(step))
  const shown = steps.filter((step) => step.is === 'fields').flatMap(({ columns }) => columns)
  return {
    rowSteps: steps.filter(ofRow),
    lastSteps: lastSteps.some(({ is }) => is === 'sort')
      ? lastSteps
      : [{ is: 'sort', keys: NEWEST_FIRST }, ...lastSteps],
    columns: shown.length > 0 ? shown : DEFAULT_COLUMNS,
  }
}

/** Runs a query over rows. Without stats no more than twice the rows that it may give are in memory at once. */
export function runQuery(query: Query, rows: Iterable<Row>): { rows: Row[]; matched: number } {
  const { rowSteps, stats, lastSteps, columns } = query
  const groups = stats?.begin()
  const first = lastSteps[0]
  let kept: Row[] = []
  let matched = 0
  for (const given of rows) {
    const row = lookAt(given, rowSteps)
    if (!row) continue
    matched++
    if (groups) groups.add(row)
    else kept.push(row)
    if (kept.length >= 2 * MAX_ROWS && first?.is === 'sort') kept = sorted(kept, first.keys)
  }
  let result = groups?.rows() ?? kept
  for (const step of lastSteps) {
    if (step.is === 'filter') result = result.filter(step.holds)
    if (step.is === 'sort') result = sorted(result, step.keys)
    if (step.is === 'limit') result = result.slice(0, step.count)
    if (step.is === 'fields') result = result.map((row) => pick(row, step.columns))
  }
  result = result.slice(0, MAX_ROWS)
  return { rows: columns ? result.map((row) => pick(row, columns)) : result, matched }
}

/** The row with what `fields` names otherwise, or undefined where a filter leaves it out. */
function lookAt(given: Row, steps: Step[]): Row | undefined {
  let row = given
  for (const step of steps) {
    if (step.is === 'filter' && !step.holds(row)) return undefined
    if (step.is === 'fields') row = { ...row, ...Object.fromEntries(step.columns.map(([name, as]) => [as, row[name]])) }
  }
  return row
}

const pick = (row: Row, columns: Columns): Row =>
  Object.fromEntries(columns.map(([name, as]) => [as, row[as] ?? row[name]]))

function sorted(rows: Row[], keys: Keys): Row[] {
  const order = (a: Row, b: Row) => {
    for (const [name, sign] of keys) {
      const found = sign * compare(a[name] ?? '', b[name] ?? '')
      if (found !== 0) return found
    }
    return 0
  }
  return [...rows].sort(order).slice(0, MAX_ROWS)
}

const part = /(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:like|=~)\s*\/(?:[^/\\]|\\.)+\/|[^|"'])+/gi

/** Parts between pipes that stand in no quotes and no regular expression; lines that begin with # are comments. */
function commandsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.trim().startsWith('#'))
  const parts = lines.join('\n').match(part) ?? []
  return parts.map((command) => command.trim()).filter((command) => command !== '')
}

function stepOf(command: string): Step {
  const [, word = '', rest = ''] = /^(\w+)\s*(.*)$/s.exec(command) ?? []
  switch (word.toLowerCase()) {
    case 'filter':
      return { is: 'filter', holds: parseCondition(rest) }
    case 'fields':
    case 'display':
      return { is: 'fields', columns: listOf(rest).map(columnOf) }
    case 'stats':
      return { is: 'stats', stats: parseStats(rest) }
    case 'sort':
      return { is: 'sort', keys: listOf(rest).map(sortKey) }
    case 'limit':
    case 'head':
      if (!/^\d+$/.test(rest.trim())) throw malformed(`limit ${rest} is no number`)
      return { is: 'limit', count: Math.min(Number(rest), MAX_ROWS) }
  }
  throw malformed(`the command ${word} is not served locally`)
}

function columnOf(text: string): [name: string, as: string] {
  const [, name, as] = /^`?([@\w.-]+)`?(?:\s+as\s+`?([@\w.-]+)`?)?$/i.exec(text) ?? []
  if (name === undefined) throw malformed(`${text} is no field: expressions in fields are not served locally`)
  return [name, as ?? name]
}

function sortKey(text: string): [name: string, sign: 1 | -1] {
  const [, name, order] = /^`?(.+?)`?(?:\s+(asc|desc))?$/i.exec(text) ?? []
  if (name === undefined) throw malformed('sort has no field')
  return [name, order?.toLowerCase() === 'asc' ? 1 : -1]
}
