/**
 * Evaluates the local engine's table of expressions (test/unit/hive/expressions.ts) on Apache Hive 3.1.3 and shows where the table says
 * something else.
 *
 *     npm run verify:hive-expressions
 */
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { TABLE } from '../unit/hive/expressions.ts'
import { fetchHive, runScript } from './cluster.ts'

/**
 * A decimal without the zeros at its end: Hive gives a constant the narrowest type that holds it, decimal(2,1) to cast('6.1' AS
 * decimal(6,3)), so it prints 6.1. A column keeps its type and prints 6.100, in Apache Hive too.
 */
const plain = (value: string) => (/^-?\d+[.]\d+$/.test(value) ? value.replace(/[.]?0+$/, '') : value)

const cases = Object.values(TABLE).flat()
const root = await mkdtemp(join(tmpdir(), 'stepwell-apache-hive-'))
try {
  const script = join(root, 'expressions.hql')
  const settings = 'SET hive.cli.errors.ignore=true;\nSET hive.fetch.task.conversion=more;\n'
  // A mark before each result finds it among what else Hive prints, and an expression that fails has none.
  await writeFile(script, settings + cases.map(([expression], i) => `SELECT '@${i}@', ${expression};\n`).join(''))
  const hive = fileURLToPath(new URL('../../.build/apache-hive', import.meta.url))
  await fetchHive(hive)
  await runScript(hive, root, script, {})
  const printed = new Map<number, string>()
  for await (const line of createInterface({ input: createReadStream(join(root, 'expressions.hql.log')) })) {
    const [, index, value] = /^@(\d+)@\t(.*)$/.exec(line) ?? []
    if (index !== undefined) printed.set(Number(index), value!)
  }
  let other = 0
  for (const [i, [expression, expected]] of cases.entries()) {
    const value = printed.get(i)
    if (value !== undefined && plain(value) === plain(expected ?? 'NULL')) continue
    other++
    console.log(`${expression}\n  the table   ${expected ?? 'NULL'}\n  Apache Hive ${value ?? 'an error'}`)
  }
  console.log(`${cases.length - other} of ${cases.length} expressions give what the table says`)
  process.exitCode = other === 0 ? 0 : 1
} finally {
  await rm(root, { recursive: true, force: true })
}
