/** Files that lie where archives are offered, and that nobody will ever take for one. */
import { readdir } from 'node:fs/promises'
import { quarterOf } from '../tasks/batch/archive/archive.ts'
import type { Output } from './output.ts'

const SHOWN = 5

/** Says which files of the source site's folder are left alone because of their names; nothing when there is no such folder. */
export async function tellStrayFiles(folder: string, output: Output): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const stray = names.filter((name) => !quarterOf(name) && !/^\.|\.truth\.json$|\.partial$/.test(name))
  if (stray.length === 0) return
  const more = stray.length > SHOWN ? ` and ${stray.length - SHOWN} more` : ''
  const message = `No archives by their names, so they are left alone: ${stray.slice(0, SHOWN).join(', ')}${more}. Archives are called historical_data_1999Q1.zip or historical_data1_Q11999.zip.`
  output.object({ type: 'notice', message })
  output.line(output.colors.yellow(message))
}
