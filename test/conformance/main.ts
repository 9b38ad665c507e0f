/**
 * Runs recorded cases of Step Functions through the wire of a local cloud: `npm run conformance [-- FOLDER] [--filter TEXT]
 * [--json FILE]`. The folder is the argument or STEPWELL_CONFORMANCE, in the form `<tier>/<suite>/<case>.json`.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import pc from 'picocolors'
import { readCases } from './case.ts'
import { type CaseResult, runCase } from './run-case.ts'
import { startSmallCloud } from './small-cloud.ts'

/** The share of exact cases that each tier must reach. */
const floors: Record<string, number> = { none: 0.97, lambda: 0.9, sfn: 0.8, 'api-sfn-only': 0.85 }
const defaultFolder = '../shared/conformance/states'
/** Cases that run at once: most of them wait. */
const concurrency = 12

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { filter: { type: 'string' }, json: { type: 'string' } },
})
const folder = resolve(positionals[0] ?? process.env.STEPWELL_CONFORMANCE ?? defaultFolder)
if (!existsSync(folder)) {
  console.log(
    `There are no recorded cases at ${folder}. Name their folder as the argument, or in STEPWELL_CONFORMANCE.`,
  )
  process.exit(positionals[0] === undefined ? 0 : 2)
}

const cases = readCases(folder, values.filter)
const cloud = await startSmallCloud()
const results: CaseResult[] = []
let next = 0
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < cases.length) results.push(await runCase(cases[next++]!, cloud.target))
  }),
)
await cloud.close()
results.sort((a, b) => (a.case < b.case ? -1 : 1))

const tiers: Record<string, { cases: number; exact: number; sameEventTypes: number }> = {}
const suites = new Map<string, { cases: number; exact: number }>()
for (const { tier, suite, exact, sameEventTypes } of results) {
  tiers[tier] ??= { cases: 0, exact: 0, sameEventTypes: 0 }
  const sum = suites.get(`${tier}/${suite}`) ?? { cases: 0, exact: 0 }
  suites.set(`${tier}/${suite}`, sum)
  for (const count of [tiers[tier], sum]) {
    count.cases++
    if (exact) count.exact++
  }
  if (sameEventTypes) tiers[tier].sameEventTypes++
}

const failures = results.filter((result) => !result.exact)
for (const { case: name, difference } of failures) console.log(`${pc.red('✗')} ${name}\n    ${difference}`)
for (const [suite, { cases: count, exact }] of suites)
  console.log(
    `${exact === count ? pc.green('✓') : pc.yellow('~')} ${suite.padEnd(70)} ${String(exact).padStart(4)} / ${count}`,
  )

let low = false
for (const [tier, { cases: count, exact, sameEventTypes }] of Object.entries(tiers)) {
  const share = exact / count
  const floor = floors[tier]
  const below = values.filter === undefined && floor !== undefined && share < floor
  low ||= below
  const percent = (part: number) => `${((100 * part) / count).toFixed(1)} %`
  const line = `${tier.padEnd(14)} exact ${percent(exact).padStart(7)} (${exact}/${count}), same event types ${percent(sameEventTypes)}`
  console.log(below ? pc.red(`${line}, below ${floor * 100} %`) : pc.bold(line))
}
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ tiers, failures: failures.map(({ case: name, difference }) => ({ case: name, difference })) }, null, 2)}\n`,
  )
process.exit(low ? 1 : 0)
