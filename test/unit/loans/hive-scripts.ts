/** The scripts of hql/ over archives of every layout, without the workflow around them: raw tables in a folder, and a session that runs them. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ArchiveOptions, generateArchive, type Truth } from '../../../data/loans/generate-archive.ts'
import { createHive } from '../../../local/engines/hive/index.ts'
import { unzip } from './read-archive.ts'

/** In the order in which the workflow runs them. */
export const SCRIPTS = ['create-tables', 'process-origination', 'process-performance', 'count-records']

export const scriptFile = (name: string) => fileURLToPath(new URL(`../../../hql/${name}.hql`, import.meta.url))

/** A quarter in its layout, with the last month that is reported of it. */
export interface Quarter {
  quarter: string
  layout: NonNullable<ArchiveOptions['layout']>
  through: string
}

/** As the scripts take them: for `IN (...)`. */
export const quoted = (quarters: readonly Quarter[]) => quarters.map(({ quarter }) => `'${quarter}'`).join(',')

/** Makes the archives, a seventh of their lines dirty, and lays their files out below `<root>/raw`. @returns the truth of each layout */
export async function writeRaw(root: string, quarters: readonly Quarter[], loans: number): Promise<Map<string, Truth>> {
  const truths = new Map<string, Truth>()
  for (const { quarter, layout, through } of quarters) {
    const folder = join(root, 'archives', layout)
    const options: ArchiveOptions = { quarter, layout, through, loans, seed: 3, dirty: 0.15, folder }
    const archive = await generateArchive(options)
    truths.set(layout, archive.truth)
    const texts = await unzip(archive.path)
    for (const [i, table] of ['origination', 'performance'].entries()) {
      const to = join(root, 'raw', table, `layout=${layout}`, `quarter=${quarter}`)
      await mkdir(to, { recursive: true })
      await writeFile(join(to, `${table}.txt`), texts[i]!)
    }
  }
  return truths
}

/** Runs all scripts on the local engine, over `<root>/raw`; what they write is in `<root>/<processed>`. */
export async function runScripts(root: string, quarters: readonly Quarter[], processed: string): Promise<void> {
  const locate = async (uri: string) => join(root, uri.replace('s3://', ''))
  const session = await createHive({ locate, hdfs: join(root, 'engine/hdfs'), temp: join(root, 'engine/temp') })
  const variables = { RAW: 's3://raw', PROCESSED: `s3://${processed}`, QUARTERS: quoted(quarters), RUN: 'verify' }
  try {
    for (const name of SCRIPTS)
      await session.run({ name: `${name}.hql`, text: await readFile(scriptFile(name), 'utf8'), variables })
  } finally {
    await session.close()
  }
}
