/** Files that lie where archives are offered, and that nobody will ever take for one. */
import { readdir } from 'node:fs/promises'
import { ARCHIVE_NAMES, quarterOf } from '../tasks/batch/archive/archive.ts'
import type { Output } from './output.ts'

const SHOWN = 5
const NAMES = `Archives are called ${ARCHIVE_NAMES}, each with the two files of its quarter.`

/** Says which files of the source site's folder are left alone because of their names, and what to do; nothing when there is no such folder. */
export async function tellStrayFiles(folder: string, output: Output): Promise<void> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const stray = found.filter(
    (file) => !/^\.|\.truth\.json$|\.partial$/.test(file.name) && (file.isDirectory() || !quarterOf(file.name)),
  )
  if (stray.length === 0) return
  const said = stray
    .slice(0, SHOWN)
    .map(
      (file) =>
        `${file.name} (${file.isDirectory() ? 'a folder: only files directly in here are offered' : advice(file.name)})`,
    )
  const more = stray.length > SHOWN ? ` and ${stray.length - SHOWN} more` : ''
  const message = `Left alone in ${folder}, as no archives by their names: ${said.join('; ')}${more}. ${NAMES}`
  output.object({ type: 'notice', message })
  output.line(output.colors.yellow(message))
}

/** What the owner of a file of that name probably has, and what to do with it. */
export function advice(name: string): string {
  if (/^sample_/i.test(name)) return 'a sample of a year, not of a quarter: a store takes whole quarters'
  if (/^historical_data1?_\d{4}\.zip$/i.test(name)) return 'a year: unzip it, and put the archives of its quarters here'
  if (quarterOf(name.toLowerCase().replace(/q(?=[1-4])/, 'Q'))) return 'upper and lower case count: rename it'
  if (/\.txt$/i.test(name)) return 'put it into the zip of its quarter, with the other file'
  return 'not of that form'
}
