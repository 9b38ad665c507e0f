/**
 * How fast the Step Functions engine runs: `node bench/states.ts [--memory]`. Every figure is with the full event history in
 * journal files, beside aws-local-stepfunctions, which keeps none. `--memory` watches the heap over 100,000 executions.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { StateMachine } from 'aws-local-stepfunctions'
import { realClock } from '../local/engines/states/clock.ts'
import { compileDefinition } from '../local/engines/states/definition.ts'
import { Engine } from '../local/engines/states/engine.ts'
import { FileJournals } from '../local/engines/states/journal.ts'
import { validateDefinition } from '../local/engines/states/validation.ts'

const LOOPS = 500
const ITEMS = 10_000
const EXECUTIONS = 10_000

const jsonPathLoop = {
  StartAt: 'Add',
  States: {
    Add: { Type: 'Pass', Parameters: { 'i.$': 'States.MathAdd($.i, 1)' }, Next: 'More' },
    More: { Type: 'Choice', Choices: [{ Variable: '$.i', NumericLessThan: LOOPS, Next: 'Add' }], Default: 'Done' },
    Done: { Type: 'Succeed' },
  },
}
const jsonataLoop = {
  QueryLanguage: 'JSONata',
  StartAt: 'Add',
  States: {
    Add: { Type: 'Pass', Output: { i: '{% $states.input.i + 1 %}' }, Next: 'More' },
    More: {
      Type: 'Choice',
      Choices: [{ Condition: `{% $states.input.i < ${LOOPS} %}`, Next: 'Add' }],
      Default: 'Done',
    },
    Done: { Type: 'Succeed' },
  },
}
const map = {
  StartAt: 'Each',
  States: {
    Each: { Type: 'Map', ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Pass', End: true } } }, End: true },
  },
}

const folder = mkdtempSync(join(tmpdir(), 'stepwell-bench-'))
const engine = new Engine({
  clock: realClock,
  region: 'us-east-1',
  journals: new FileJournals(folder),
  tasks: { run: async () => ({ output: {} }), rejoin: async () => ({}) },
  // The quota of 25,000 events would end the Map of 10,000 items.
  maxEvents: Number.POSITIVE_INFINITY,
})
let names = 0

async function run(program: ReturnType<typeof compileDefinition>, input: unknown): Promise<void> {
  const name = `run-${++names}`
  const info = {
    arn: `arn:aws:states:us-east-1:000000000000:execution:Bench:${name}`,
    name,
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:Bench',
    stateMachineName: 'Bench',
    roleArn: 'arn:aws:iam::000000000000:role/bench',
    express: false,
    input: JSON.stringify(input),
    startTime: Date.now(),
  }
  const { status, cause } = await engine.start(info, program).ended
  if (status !== 'SUCCEEDED') throw new Error(`The execution ended ${status}: ${cause}`)
}

/** The best of three rounds, in operations a second. */
async function best(operations: number, work: () => Promise<unknown>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    const started = performance.now()
    await work()
    fastest = Math.min(fastest, performance.now() - started)
  }
  return Math.round((operations / fastest) * 1000)
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await work()
}

const show = (label: string, figure: string) => console.log(`${label.padEnd(58)} ${figure.padStart(16)}`)
const perSecond = (rate: number) => `${rate.toLocaleString('en')} /s`
const items = Array.from({ length: ITEMS }, (_, index) => index)

for (const [label, definition] of [
  ['JSONPath', jsonPathLoop],
  ['JSONata', jsonataLoop],
] as const) {
  const program = compileDefinition(definition)
  show(
    `Choice loop of ${LOOPS}, ${label}: transitions`,
    perSecond(await best(10 * (2 * LOOPS + 1), () => times(10, () => run(program, { i: 0 })))),
  )
}
const other = new StateMachine(jsonPathLoop as never)
show(
  `  aws-local-stepfunctions, JSONPath, without a history`,
  perSecond(await best(10 * (2 * LOOPS + 1), () => times(10, () => other.run({ i: 0 }).result))),
)
const mapProgram = compileDefinition(map)
show(
  `Map of ${ITEMS.toLocaleString('en')} items: transitions`,
  perSecond(await best(ITEMS + 1, () => run(mapProgram, items))),
)
const otherMap = new StateMachine(map as never)
show(`  aws-local-stepfunctions`, perSecond(await best(ITEMS + 1, () => otherMap.run(items as never).result)))

const one = compileDefinition({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } })
async function many(executions: number): Promise<void> {
  for (let done = 0; done < executions; done += 100) await Promise.all(Array.from({ length: 100 }, () => run(one, {})))
}
const started = performance.now()
await many(EXECUTIONS)
show(
  `${EXECUTIONS.toLocaleString('en')} executions, started and finished`,
  `${((performance.now() - started) / 1000).toFixed(1)} s`,
)

const states: Record<string, object> = {}
for (let i = 0; i < 2000; i++)
  states[`S${i}`] = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { 'a.$': '$.x', FunctionName: 'f' },
    ResultPath: '$.r',
    ...(i < 1999 ? { Next: `S${i + 1}` } : { End: true }),
  }
const text = JSON.stringify({ StartAt: 'S0', States: states })
show(
  'A definition of 2,000 states, validated',
  `${(1000 / (await best(1, async () => validateDefinition(text, 'STANDARD')))).toFixed(0)} ms`,
)

if (process.argv.includes('--memory'))
  for (let round = 1; round <= 10; round++) {
    await many(EXECUTIONS)
    globalThis.gc?.()
    const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
    show(`Heap after ${(round * EXECUTIONS).toLocaleString('en')} more executions`, `${heap} MiB`)
  }
rmSync(folder, { recursive: true, force: true })
