/** Random definitions and inputs: what holds for every history. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HistoryEvent } from '../../../local/engines/states/history.ts'
import { validateDefinition } from '../../../local/engines/states/validation.ts'
import { bench, eventsOf, infoOf, invoke, programOf, taskFailure } from './support.ts'

type Step = (next: string | undefined, name: string) => Record<string, unknown>

const link = (next: string | undefined) => (next === undefined ? { End: true } : { Next: next })

const simple: fc.Arbitrary<Step> = fc.oneof(
  fc.integer().map(
    (value): Step =>
      (next) => ({ Type: 'Pass', Output: { value, was: '{% $states.input %}' }, ...link(next) }),
  ),
  fc.integer().map(
    (value): Step =>
      (next) => ({ Type: 'Pass', Assign: { v: value }, ...link(next) }),
  ),
  fc.constant<Step>((next) => ({ Type: 'Wait', Seconds: 1, ...link(next) })),
  fc
    .record({ fails: fc.integer({ min: 0, max: 3 }), retries: fc.integer({ min: 0, max: 3 }), caught: fc.boolean() })
    .map(
      ({ fails, retries, caught }): Step =>
        (next, name) => ({
          Type: 'Task',
          Resource: invoke,
          Arguments: { key: name, fails },
          ...(retries > 0 && { Retry: [{ ErrorEquals: ['Busy'], MaxAttempts: retries }] }),
          ...(caught && next !== undefined && { Catch: [{ ErrorEquals: ['States.ALL'], Next: next }] }),
          ...link(next),
        }),
    ),
  fc.constant<Step>((next) =>
    next === undefined
      ? { Type: 'Succeed' }
      : { Type: 'Choice', Choices: [{ Condition: '{% false %}', Next: next }], Default: next },
  ),
)

const program = (step: fc.Arbitrary<Step>) =>
  fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => (prefix: string) => {
    const name = (i: number) => `${prefix}${i}`
    const States = Object.fromEntries(
      steps.map((make, i) => [name(i), make(i + 1 < steps.length ? name(i + 1) : undefined, name(i))]),
    )
    return { StartAt: name(0), States }
  })

const inner = program(simple)
const nested: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: simple },
  {
    weight: 1,
    arbitrary: fc.array(inner, { minLength: 1, maxLength: 3 }).map(
      (branches): Step =>
        (next, name) => ({
          Type: 'Parallel',
          Branches: branches.map((make, i) => make(`${name}b${i}s`)),
          ...link(next),
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(inner, fc.array(fc.integer(), { maxLength: 4 }), fc.integer({ min: 0, max: 3 })).map(
      ([make, Items, MaxConcurrency]): Step =>
        (next, name) => ({ Type: 'Map', Items, MaxConcurrency, ItemProcessor: make(`${name}i`), ...link(next) }),
    ),
  },
)
const definitions = program(nested).map((make) => ({ QueryLanguage: 'JSONata', ...make('s') }))

/** A worker that fails as often as its arguments say, by what is recorded, so that a restart changes nothing. */
function worker() {
  const failures = new Map<string, number>()
  return ({ arguments: given }: { arguments: any }) => {
    const count = failures.get(given.key) ?? 0
    if (count < given.fails) {
      failures.set(given.key, count + 1)
      throw taskFailure('Busy')
    }
    return { key: given.key }
  }
}

function check(events: readonly HistoryEvent[]): void {
  events.forEach((event, index) => {
    expect(event.id).toBe(index + 1)
    expect(event.previousEventId).toBeLessThan(event.id)
  })
  const ended = events.at(-1)!.type
  expect(['ExecutionSucceeded', 'ExecutionFailed']).toContain(ended)
  // In a run that succeeded every state that was entered was left, unless it failed within a branch that was caught.
  const count = (suffix: string) => events.filter((event) => event.type.endsWith(suffix)).length
  if (ended === 'ExecutionSucceeded' && count('StateAborted') === 0 && count('IterationFailed') === 0)
    expect(count('StateExited')).toBe(count('StateEntered'))
  else expect(count('StateExited')).toBeLessThanOrEqual(count('StateEntered'))
  for (const type of ['LambdaFunction', 'Task'])
    expect(count(`${type}Scheduled`)).toBeGreaterThanOrEqual(count(`${type}Succeeded`) + count(`${type}Failed`))
}

describe('Any definition', () => {
  it('is valid, and its history is in order and complete', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fc.jsonValue(), async (definition, input) => {
        expect(validateDefinition(JSON.stringify(definition), 'STANDARD')).toEqual([])
        const { run } = bench(worker())
        const { events } = await run(definition, input as never)
        check(events)
      }),
      { numRuns: 150 },
    )
  })

  it('ends the same when it goes on from half of its journal', async () => {
    await fc.assert(
      fc.asyncProperty(definitions, fc.double({ min: 0, max: 1, noNaN: true }), async (definition, part) => {
        // Prepare
        const first = bench(({ arguments: given }) => given)
        const whole = await first.start(definition, {}, 'run').ended
        const records = first.journals.read(infoOf('run').arn)
        const second = bench(({ arguments: given }) => given)
        const journal = second.journals.open(infoOf('run').arn)
        const cut = Math.max(1, Math.floor(records.length * part))
        for (const record of records.slice(0, cut)) journal.append(record)

        // Act
        const result = await second.engine.resume(infoOf('run'), programOf(definition)).ended

        // Assess
        expect(result.status).toBe(whole.status)
        expect(result.output).toBe(whole.output)
        check(eventsOf(second.journals.read(infoOf('run').arn)))
      }),
      { numRuns: 150 },
    )
  })
})
