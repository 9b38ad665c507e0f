/** The command stats of Logs Insights (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html). */
import { compare, listOf, malformed, type Row, timeText, type Value } from './insights-rows.ts'

export interface Stats {
  /** A new set of groups, to which rows are added one by one. */
  begin(): { add(row: Row): void; rows(): Row[] }
}

interface Aggregate {
  as: string
  begin(): { add(row: Row): void; value(): Value | undefined }
}

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
/** As many groups as a query can give. */
const MAX_GROUPS = 10_000

/** `count(*) as pictures, avg(duration) by class, bin(5m)` @throws AwsError MalformedQueryException */
export function parseStats(text: string): Stats {
  const [what = '', by] = text.split(/\s+by\s+/i)
  const aggregates = listOf(what).map(aggregateOf)
  const keys = by === undefined ? [] : listOf(by).map(keyOf)
  return {
    begin() {
      const groups = new Map<string, { row: Row; values: ReturnType<Aggregate['begin']>[] }>()
      return {
        add(row) {
          const named = keys.map(({ as, of }) => [as, of(row)] as const)
          const id = JSON.stringify(named)
          let group = groups.get(id)
          if (!group) {
            if (groups.size >= MAX_GROUPS) throw malformed(`it makes more than ${MAX_GROUPS} groups`)
            group = { row: Object.fromEntries(named), values: aggregates.map((aggregate) => aggregate.begin()) }
            groups.set(id, group)
          }
          for (const value of group.values) value.add(row)
        },
        rows: () =>
          [...groups.values()].map(({ row, values }) => ({
            ...row,
            ...Object.fromEntries(values.map((value, i) => [aggregates[i]!.as, value.value()])),
          })),
      }
    },
  }
}

function keyOf(text: string): { as: string; of(row: Row): Value | undefined } {
  const [, expression = '', alias] = /^(.+?)(?:\s+as\s+(\S+))?$/i.exec(text) ?? []
  const [, count, unit] = /^bin\(\s*(\d+)\s*(ms|s|m|h|d|w)\w*\s*\)$/i.exec(expression) ?? []
  const as = alias ?? expression
  if (count === undefined || unit === undefined) {
    if (/[()]/.test(expression)) throw malformed(`${expression} is not served locally`)
    const name = expression.replaceAll('`', '')
    return { as, of: (row) => row[name] }
  }
  const length = Number(count) * SECONDS[unit.toLowerCase()]! * 1000
  return { as, of: (row) => timeText(Math.floor(Date.parse(`${row['@timestamp']}Z`) / length) * length) }
}

function aggregateOf(text: string): Aggregate {
  const [, name = '', field = '', percent, alias] =
    /^(\w+)\(\s*([^,)]*?)\s*(?:,\s*(\d+(?:\.\d+)?)\s*)?\)(?:\s+as\s+(\S+))?$/i.exec(text) ?? []
  const as = alias ?? text
  const of = (row: Row) => row[field.replaceAll('`', '')]
  const numbers = (fold: (values: number[]) => number): Aggregate => ({
    as,
    begin() {
      const values: number[] = []
      return {
        add: (row) => {
          const value = Number(of(row) ?? Number.NaN)
          if (!Number.isNaN(value)) values.push(value)
        },
        value: () => (values.length > 0 ? fold(values) : undefined),
      }
    },
  })
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0)
  switch (name.toLowerCase()) {
    case 'count':
      return counting(as, field === '' || field === '*' ? () => true : (row) => of(row) !== undefined)
    case 'count_distinct':
      return distinct(as, of)
    case 'sum':
      return numbers(total)
    case 'avg':
      return numbers((values) => total(values) / values.length)
    case 'min':
      return numbers((values) => values.reduce((a, b) => Math.min(a, b)))
    case 'max':
      return numbers((values) => values.reduce((a, b) => Math.max(a, b)))
    case 'pct':
    case 'percentile':
      return numbers((values) => {
        const ordered = values.sort((a, b) => compare(a, b))
        return ordered[Math.min(ordered.length - 1, Math.floor((Number(percent ?? 50) / 100) * ordered.length))]!
      })
  }
  throw malformed(`${text} is not served locally`)
}

function counting(as: string, counts: (row: Row) => boolean): Aggregate {
  return {
    as,
    begin() {
      let count = 0
      return { add: (row) => void (counts(row) && count++), value: () => count }
    },
  }
}

function distinct(as: string, of: (row: Row) => Value | undefined): Aggregate {
  return {
    as,
    begin() {
      const seen = new Set<Value | undefined>()
      return { add: (row) => void (of(row) !== undefined && seen.add(of(row))), value: () => seen.size }
    },
  }
}
