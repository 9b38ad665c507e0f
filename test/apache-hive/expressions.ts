/**
 * Evaluates the tests' tables of expressions and of queries (test/unit/hive/expressions/, queries.ts) on Apache Hive 3.1.3 and shows
 * where they say something else.
 *
 *     npm run verify:hive-expressions
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TABLE } from '../unit/hive/expressions/index.ts'
import { QUERIES } from '../unit/hive/queries.ts'
import { fetchHive, runScript } from './cluster.ts'

/** What is known to differ, and why. Hive folds constants; over columns it was seen to print what the tables say. */
const KNOWN: readonly (readonly [query: RegExp, why: string])[] = [
  [/ \/ cast\('3' as decimal/, 'the type of a folded constant is narrower'],
  [/GROUPING SETS|WITH ROLLUP|GROUP BY CUBE/, 'a grouping column that is a constant stays one'],
  [/percent_rank/, 'ORDER BY a position, over constants'],
  [/percentile_approx/, 'exact here, an estimate there'],
  [/corr\(/, 'the last digit of a double'],
  [/cast\(null AS array/, 'casts to arrays are refused there'],
  [/LIMIT 1, 1$/, 'Hive on Tez leaves the offset out here; on MapReduce it does not'],
]
const knownOf = (query: string) => KNOWN.find(([pattern]) => pattern.test(query))?.[1]

/**
 * A decimal without the zeros at its end: Hive gives a constant the narrowest type that holds it, decimal(2,1) to cast('6.1' AS
 * decimal(6,3)), so it prints 6.1. A column keeps its type and prints 6.100, in Apache Hive too.
 */
const plain = (value: string) => (/^-?\d+[.]\d+$/.test(value) ? value.replace(/[.]?0+$/, '') : value)
const printed = (rows: readonly (readonly (string | null)[])[]) =>
  rows.map((row) => row.map((value) => plain(value ?? 'NULL')).join('\t'))

const cases = [
  ...Object.values(TABLE)
    .flat()
    .map(([expression, value]) => ({ query: `SELECT ${expression}`, rows: printed([[value]]) })),
  ...QUERIES.map(([query, rows]) => ({ query, rows: printed(rows) })),
]
const root = await mkdtemp(join(tmpdir(), 'stepwell-apache-hive-'))
try {
  const script = join(root, 'expressions.hql')
  const settings =
    'SET hive.execution.engine=tez;\nSET hive.cli.errors.ignore=true;\nSET hive.fetch.task.conversion=more;\n'
  // Marks around each result tell it from what else Hive prints.
  await writeFile(
    script,
    settings + cases.map(({ query }, i) => `SELECT '@${i}@';\n${query};\nSELECT '@@';\n`).join(''),
  )
  const hive = fileURLToPath(new URL('../../.build/apache-hive', import.meta.url))
  await fetchHive(hive)
  await runScript(hive, root, script, {})
  const answers = (await readFile(join(root, 'expressions.hql.out'), 'utf8'))
    .split('\n')
    // Tez tells of its progress between the rows.
    .filter((line) => !/^[-\d]+ [:\d]+ (?:Running Dag|Completed Dag|Starting to run|Completed running)/.test(line))
  let other = 0
  for (const [i, { query, rows }] of cases.entries()) {
    const from = answers.indexOf(`@${i}@`)
    const answer = answers
      .slice(from + 1, answers.indexOf('@@', from))
      .map((row) => row.split('\t').map(plain).join('\t'))
    if (answer.join('\n') === rows.join('\n')) continue
    const known = knownOf(query)
    if (!known) other++
    const show = (lines: readonly string[]) => lines.join('\n              ') || 'nothing'
    console.log(`${query}\n  the table   ${show(rows)}\n  Apache Hive ${show(answer)}`)
    if (known) console.log(`  known: ${known}`)
  }
  console.log(`${cases.length - other} of ${cases.length} give what the tables say, or differ in a known way`)
  process.exitCode = other === 0 ? 0 : 1
} finally {
  await rm(root, { recursive: true, force: true })
}
