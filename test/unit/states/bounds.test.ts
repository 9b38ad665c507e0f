/** What a definition may ask for without end must not stop the process that runs it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileRule } from '../../../local/engines/states/choice-rule.ts'
import { compileJsonata } from '../../../local/engines/states/jsonata.ts'
import { bench, only } from './support.ts'

const matches = (pattern: string, x: string) =>
  compileRule({ Variable: '$.x', StringMatches: pattern })({ input: { x }, context: () => ({}), variables: {} })

describe('StringMatches', () => {
  it('finds what a regular expression would', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, (pattern, text) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*')
        return matches(pattern, text) === new RegExp(`^${source}$`).test(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes an escaped star for a star', () => {
    expect([matches('a\\*', 'a*'), matches('a\\*', 'ab'), matches('\\\\*', '\\x')]).toEqual([true, false, true])
  })

  it('ends soon, however many stars there are', () => {
    const began = process.cpuUsage()
    expect(matches(`${'*a'.repeat(50)}*b`, 'a'.repeat(100_000))).toBe(false)
    expect(process.cpuUsage(began).user).toBeLessThan(500_000)
  })
})

describe('JSONata', () => {
  it.each(['$count([1..3000].([1..3000]))', '($f := function($n) { $f($n + 1) }; $f(1))', '$x ~> $sum'])(
    'is watched while it runs: %s',
    (text) => {
      expect(compileJsonata(text).guarded).toBe(true)
    },
  )

  it('gives a regular expression up that would look for ever, as an error of the state', async () => {
    const began = process.cpuUsage()
    const Output = '{% $contains($states.input, /^(a+)+$/) %}'
    const ended = await bench().run(only({ Type: 'Pass', Output, End: true }), `${'a'.repeat(60)}b`)
    expect(ended).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining('The regular expression /^(a+)+$/ takes too long.'),
    })
    expect(process.cpuUsage(began).user).toBeLessThan(4_000_000)
  })

  it('finds, splits and replaces by regular expressions as ever, also in long texts', async () => {
    const Output = `{% {
      'found': $match($states.input, /([a-z]+)-(\\d+)/i).groups,
      'parts': $split($states.input, /, */),
      'other': $replace($states.input, /(\\w+)-(\\d)/, '$2-$1')
    } %}`
    const { output } = await bench().run(only({ Type: 'Pass', Output, End: true }), 'Alpha-1, beta-2,gamma-3')
    expect(JSON.parse(output ?? '')).toEqual({
      found: ['Alpha', '1', 'beta', '2', 'gamma', '3'],
      parts: ['Alpha-1', 'beta-2', 'gamma-3'],
      other: '1-Alpha, 2-beta,3-gamma',
    })
  })

  it.each([
    '{% $states.input ~> |__proto__|{"polluted": true}| %}',
    '{% $states.input ~> |constructor.prototype|{"polluted": true}| %}',
    '{% $merge([$states.input, {"__proto__": {"polluted": true}}]) %}',
    '{% {"__proto__": {"polluted": true}} %}',
  ])('changes no prototype: %s', async (Output) => {
    await bench().run(only({ Type: 'Pass', Output, End: true }), JSON.parse('{"__proto__": {"polluted": true}}'))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
