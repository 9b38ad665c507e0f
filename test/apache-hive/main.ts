/**
 * Runs the scripts of hql/ on Apache Hive 3.1.3 and on the local engine, over the same raw files in all three layouts, a seventh of the
 * lines dirty, and compares everything that they write.
 *
 *     npm run verify:hive [-- --loans 500 --keep FOLDER]
 *
 * Needs a JDK (17) and Maven, which fetches Hive (230 MB) into .build/apache-hive. Exits with 1 when a row differs, and shows it.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generateArchive } from '../../data/loans/generate-archive.ts'
import { createHive } from '../../local/engines/hive/index.ts'
import { unzip } from '../unit/loans/read-archive.ts'
import { fetchHive, runScript } from './cluster.ts'
import { compareFolders } from './compare.ts'

const SCRIPTS = ['create-tables', 'process-origination', 'process-performance', 'count-records']
const ARCHIVES = [
  { quarter: '2007Q2', layout: 'r47', through: '2012-12' },
  { quarter: '2008Q1', layout: 'legacy32', through: '2011-12' },
  { quarter: '1999Q4', layout: 'release2018', through: '2003-06' },
] as const

const { values } = parseArgs({ options: { loans: { type: 'string', default: '500' }, keep: { type: 'string' } } })
const root = values.keep ? resolve(values.keep) : await mkdtemp(join(tmpdir(), 'stepwell-apache-hive-'))
const hql = (name: string) => fileURLToPath(new URL(`../../hql/${name}.hql`, import.meta.url))
const quarters = ARCHIVES.map(({ quarter }) => `'${quarter}'`).join(',')

async function prepare(): Promise<void> {
  for (const options of ARCHIVES) {
    const folder = join(root, 'archives', options.layout)
    const archive = await generateArchive({ ...options, loans: Number(values.loans), seed: 3, dirty: 0.15, folder })
    const texts = await unzip(archive.path)
    for (const [i, table] of ['origination', 'performance'].entries()) {
      const to = join(root, 'raw', table, `layout=${options.layout}`, `quarter=${options.quarter}`)
      await mkdir(to, { recursive: true })
      await writeFile(join(to, `${table}.txt`), texts[i]!)
    }
  }
}

async function here(): Promise<void> {
  const locate = async (uri: string) => join(root, uri.replace('s3://', ''))
  const session = await createHive({ locate, hdfs: join(root, 'engine/hdfs'), temp: join(root, 'engine/temp') })
  for (const name of SCRIPTS) {
    const variables = { RAW: 's3://raw', PROCESSED: 's3://stepwell', QUARTERS: quarters, RUN: 'verify' }
    await session.run({ name: `${name}.hql`, text: await readFile(hql(name), 'utf8'), variables })
  }
  await session.close()
}

async function there(): Promise<void> {
  const hive = fileURLToPath(new URL('../../.build/apache-hive', import.meta.url))
  await fetchHive(hive)
  for (const name of SCRIPTS) {
    console.log(`Apache Hive: ${name}.hql`)
    const variables = {
      RAW: `file://${root}/raw`,
      PROCESSED: `file://${root}/apache`,
      QUARTERS: quarters,
      RUN: 'verify',
    }
    await runScript(hive, join(root, 'cluster'), hql(name), variables)
  }
}

try {
  await prepare()
  await here()
  await there()
  const differences = await compareFolders(join(root, 'stepwell'), join(root, 'apache'), (line) => console.log(line))
  if (differences > 0) process.exitCode = 1
} finally {
  if (!values.keep) await rm(root, { recursive: true, force: true })
}
