/**
 * The file layouts of the dataset, and how one is recognised: by the entry's name and by the number of its fields, which must agree.
 * Layouts of file_layout.xlsx, https://www.freddiemac.com/research/datasets/sf-loanlevel-dataset
 */
import { ArchiveCorrupt, LayoutConflict } from '../../errors.ts'

export type Table = 'origination' | 'performance'

export const LAYOUTS = ['r47', 'legacy32', 'release2018'] as const
export type Layout = (typeof LAYOUTS)[number]

interface FileKind {
  layout: Layout
  table: Table
  /** Its groups are `year` and `quarter`. */
  entry: RegExp
  fields: number
}

const KINDS: readonly FileKind[] = [
  { layout: 'r47', table: 'origination', entry: /^orig_(?<year>\d{4})Q(?<quarter>[1-4])\.txt$/, fields: 31 },
  { layout: 'r47', table: 'performance', entry: /^perf_(?<year>\d{4})Q(?<quarter>[1-4])\.txt$/, fields: 35 },
  {
    layout: 'legacy32',
    table: 'origination',
    entry: /^historical_data_(?<year>\d{4})Q(?<quarter>[1-4])\.txt$/,
    fields: 32,
  },
  {
    layout: 'legacy32',
    table: 'performance',
    entry: /^historical_data_time_(?<year>\d{4})Q(?<quarter>[1-4])\.txt$/,
    fields: 32,
  },
  {
    layout: 'release2018',
    table: 'origination',
    entry: /^historical_data1_Q(?<quarter>[1-4])(?<year>\d{4})\.txt$/,
    fields: 26,
  },
  {
    layout: 'release2018',
    table: 'performance',
    entry: /^historical_data1_time_Q(?<quarter>[1-4])(?<year>\d{4})\.txt$/,
    fields: 23,
  },
]

/** What an entry's name says it is; undefined for files of no layout. */
export function layoutByName(entry: string): { layout: Layout; table: Table; quarter: string } | undefined {
  for (const { layout, table, entry: pattern } of KINDS) {
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
export function fieldCount(entry: string, head: string): number {
  const lines = head.split(/\r\n|\n|\r/)
  if (lines.length > 1) lines.pop()
  const votes = new Map<number, number>()
  for (const line of lines)
    if (line !== '') votes.set(line.split('|').length, (votes.get(line.split('|').length) ?? 0) + 1)
  const [winner] = [...votes].sort(([, a], [, b]) => b - a)
  if (!winner) throw new ArchiveCorrupt(`${entry} has no line. Ask the source for the archive again.`)
  return winner[0]
}

/** @throws LayoutConflict when the entry's name and its lines tell different layouts */
export function checkLayout(archive: string, entry: string, layout: Layout, table: Table, fields: number): void {
  const named = KINDS.find((kind) => kind.layout === layout && kind.table === table)
  if (named?.fields === fields) return
  const counted = KINDS.filter((kind) => kind.table === table && kind.fields === fields).map((kind) => kind.layout)
  throw new LayoutConflict(
    `${entry} of ${archive} is named as ${table} of layout ${layout} (${named?.fields} fields), but its lines have ${fields} fields` +
      `${counted.length > 0 ? `, as in layout ${counted.join(', ')}` : ', as in no known layout'}. Nothing of it was loaded; compare the file with its release's layout.`,
  )
}
