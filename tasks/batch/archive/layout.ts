/**
 * The file layouts of the dataset, and how one is recognised: by the entry's name and by the number of its fields, which must agree.
 * Layouts of file_layout.xlsx, https://www.freddiemac.com/research/datasets/sf-loanlevel-dataset
 */
import { ArchiveCorrupt, LayoutConflict } from '../../errors.ts'
import { GET_AGAIN } from './archive.ts'

export type Table = 'origination' | 'performance'

export const LAYOUTS = ['r47', 'legacy32', 'release2018'] as const
export type Layout = (typeof LAYOUTS)[number]

interface FileKind {
  layout: Layout
  table: Table
  /** The file's name. */
  name(year: string, quarter: string): string
  fields: number
}

const KINDS: readonly FileKind[] = [
  { layout: 'r47', table: 'origination', name: (year, quarter) => `orig_${year}Q${quarter}.txt`, fields: 31 },
  { layout: 'r47', table: 'performance', name: (year, quarter) => `perf_${year}Q${quarter}.txt`, fields: 35 },
  {
    layout: 'legacy32',
    table: 'origination',
    name: (year, quarter) => `historical_data_${year}Q${quarter}.txt`,
    fields: 32,
  },
  {
    layout: 'legacy32',
    table: 'performance',
    name: (year, quarter) => `historical_data_time_${year}Q${quarter}.txt`,
    fields: 32,
  },
  {
    layout: 'release2018',
    table: 'origination',
    name: (year, quarter) => `historical_data1_Q${quarter}${year}.txt`,
    fields: 26,
  },
  {
    layout: 'release2018',
    table: 'performance',
    name: (year, quarter) => `historical_data1_time_Q${quarter}${year}.txt`,
    fields: 23,
  },
]

const PATTERNS = KINDS.map((kind) => ({
  ...kind,
  pattern: new RegExp(`^${kind.name('(?<year>\\d{4})', '(?<quarter>[1-4])').replace('.txt', '\\.txt')}$`),
}))

/** What a quarter's two files may be called, for messages. */
export function fileNames(quarter: string): string {
  const [year = '', digit = ''] = quarter.split('Q')
  return LAYOUTS.map((layout) => {
    const names = KINDS.filter((kind) => kind.layout === layout).map((kind) => kind.name(year, digit))
    return names.join(' and ')
  }).join(', or ')
}

/** What an entry's name says it is; undefined for files of no layout. */
export function layoutByName(entry: string): { layout: Layout; table: Table; quarter: string } | undefined {
  for (const { layout, table, pattern } of PATTERNS) {
    const groups = pattern.exec(entry)?.groups
    if (groups) return { layout, table, quarter: `${groups.year}Q${groups.quarter}` }
  }
  return undefined
}

/**
 * The number of fields of most lines. One line would do if no line were dirty; the commonest count of the first ones is what the
 * file is made of even when its first record is broken.
 *
 * @param head the beginning of a file, which may end in the middle of a line
 * @throws ArchiveCorrupt when there is no line at all
 */
export function fieldCount(archive: string, entry: string, head: string): number {
  const lines = head.split(/\r\n|\n|\r/)
  if (lines.length > 1) lines.pop()
  const votes = new Map<number, number>()
  for (const line of lines)
    if (line !== '') votes.set(line.split('|').length, (votes.get(line.split('|').length) ?? 0) + 1)
  const [winner] = [...votes].sort(([, a], [, b]) => b - a)
  if (!winner) throw new ArchiveCorrupt(`${entry} of ${archive} has no line. ${GET_AGAIN}`)
  return winner[0]
}

/** @throws LayoutConflict when the entry's name and its lines tell different layouts */
export function checkLayout(archive: string, entry: string, layout: Layout, table: Table, fields: number): void {
  const named = KINDS.find((kind) => kind.layout === layout && kind.table === table)
  if (named?.fields === fields) return
  const counted = KINDS.filter((kind) => kind.fields === fields).map((kind) => `in the ${kind.table} of ${kind.layout}`)
  throw new LayoutConflict(
    `${entry} of ${archive} is named as ${table} of layout ${layout} (${named?.fields} fields), but its lines have ${fields} fields` +
      `${counted.length > 0 ? `, as ${counted.join(' and ')}` : ', as in no known layout'}. Nothing of it was loaded; compare the file with its release's layout.`,
  )
}
