/**
 * Runs the scripts of hql/ on Apache Hive 3.1.3 and on the local engine, over the same raw files in all three layouts, a seventh of the
 * lines dirty, and compares everything that they write.
 *
 *     npm run verify:hive [-- --loans 500 --keep FOLDER]
 *
 * Needs a JDK (17) and Maven, which fetches Hive (230 MB) into .build/apache-hive. Exits with 1 when a row differs, and shows it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { quoted, runScripts, SCRIPTS, scriptFile, writeRaw } from '../unit/loans/hive-scripts.ts'
import { fetchHive, runScript } from './cluster.ts'
import { compareFolders } from './compare.ts'

const ARCHIVES = [
  { quarter: '2007Q2', layout: 'r47', through: '2012-12' },
  { quarter: '2008Q1', layout: 'legacy32', through: '2011-12' },
  { quarter: '1999Q4', layout: 'release2018', through: '2003-06' },
] as const

const { values } = parseArgs({ options: { loans: { type: 'string', default: '500' }, keep: { type: 'string' } } })
const root = values.keep ? resolve(values.keep) : await mkdtemp(join(tmpdir(), 'stepwell-apache-hive-'))

async function runOnApacheHive(): Promise<void> {
  const hive = fileURLToPath(new URL('../../.build/apache-hive', import.meta.url))
  await fetchHive(hive)
  for (const name of SCRIPTS) {
    console.log(`Apache Hive: ${name}.hql`)
    const variables = {
      RAW: `file://${root}/raw`,
      PROCESSED: `file://${root}/apache`,
      QUARTERS: quoted(ARCHIVES),
      RUN: 'verify',
    }
    await runScript(hive, join(root, 'cluster'), scriptFile(name), variables)
  }
}

try {
  await writeRaw(root, ARCHIVES, Number(values.loans))
  await runScripts(root, ARCHIVES, 'stepwell')
  await runOnApacheHive()
  const differences = await compareFolders(join(root, 'stepwell'), join(root, 'apache'), (line) => console.log(line))
  if (differences > 0) process.exitCode = 1
} finally {
  if (!values.keep) await rm(root, { recursive: true, force: true })
}
