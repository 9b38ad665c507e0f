import { describe, expect, it } from 'vitest'
import { bench, only, start } from './support.ts'

const output = async (expression: string, input = {}) => {
  const { run } = bench()
  const result = await run(only({ Type: 'Pass', Output: expression, End: true }), input)
  return result.status === 'SUCCEEDED' ? result.value : result
}

describe('JSONata', () => {
  it('has the functions that AWS adds', async () => {
    // Assess
    expect(await output('{% $partition([1,2,3,4,5], 2) %}')).toEqual([[1, 2], [3, 4], [5]])
    expect(await output('{% $range(0, 10, 3) %}')).toEqual([0, 3, 6, 9])
    expect(await output("{% $hash('input data', 'SHA-1') %}")).toBe('aaff4a450a104cd177d28d18d74485e8cae074b7')
    expect(await output('{% $parse(\'{"a":[1]}\').a[0] %}')).toBe(1)
    expect(await output('{% $random(7) = $random(7) %}')).toBe(true)
    expect(await output('{% $length($uuid()) %}')).toBe(36)
  })

  it('has no $eval', async () => {
    expect(await output("{% $eval('1+1') %}")).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' })
  })

  it('keeps arrays of one item and empty arrays as they are', async () => {
    expect(await output('{% $states.input.items %}', { items: [1] })).toEqual([1])
    expect(await output('{% $states.input.items %}', { items: [] })).toEqual([])
    expect(await output('{% $states.input.items.a %}', { items: [{ a: 1 }, { a: 2 }] })).toEqual([1, 2])
  })

  it('tells which field gave nothing, with the event that entered the state', async () => {
    // Act
    const result = await bench().run(only({ Type: 'Pass', Output: { a: '{% $missing %}' }, End: true }))

    // Assess
    expect(result.cause).toBe(
      "An error occurred while executing the state 'Only' (entered at the event id #2). The JSONata expression '$missing' specified for the field 'Output/a' returned nothing (undefined).",
    )
  })

  it('stops an expression that calls itself without end', async () => {
    expect(await output('{% ($f := function($n) { 1 + $f($n + 1) }; $f(0)) %}')).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
    })
  })

  it('tells simulated time', async () => {
    // Act
    const { value } = await bench().run({
      QueryLanguage: 'JSONata',
      StartAt: 'Wait',
      States: {
        Wait: { Type: 'Wait', Seconds: 86_400, Next: 'Tell' },
        Tell: { Type: 'Pass', Output: "{% [$now(), $now('[Y0001]-[M01]-[D01]'), $millis()] %}", End: true },
      },
    })

    // Assess
    const day = start + 86_400_000
    expect(value).toEqual([new Date(day).toISOString(), '2026-01-02', day])
  })

  it('does not run the operators of later versions', async () => {
    // AWS runs version 2.0.6, which knows neither ?? nor ?:.
    const { validateDefinition } = await import('../../../local/engines/states/validation.ts')
    const text = JSON.stringify(only({ Type: 'Pass', Output: '{% $states.input.x ?? 1 %}', End: true }))
    expect(validateDefinition(text, 'STANDARD')).toHaveLength(1)
  })
})

describe('Variables', () => {
  it('are seen by the states after the one that assigns them, and Output sees them as they were', async () => {
    // Act
    const { value } = await bench().run({
      QueryLanguage: 'JSONata',
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { x: 1 }, Next: 'B' },
        B: { Type: 'Pass', Assign: { x: '{% $x + 1 %}' }, Output: { before: '{% $x %}' }, Next: 'C' },
        C: { Type: 'Pass', Output: { before: '{% $states.input.before %}', after: '{% $x %}' }, End: true },
      },
    })

    // Assess
    expect(value).toEqual({ before: 1, after: 2 })
  })

  it('of an iteration stay within it', async () => {
    const { value } = await bench().run({
      QueryLanguage: 'JSONata',
      StartAt: 'Set',
      States: {
        Set: { Type: 'Pass', Assign: { x: 0 }, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: [1, 2],
          ItemProcessor: { StartAt: 'In', States: { In: { Type: 'Pass', Assign: { y: '{% $x + 1 %}' }, End: true } } },
          Next: 'After',
        },
        After: { Type: 'Pass', Output: '{% [$x, $exists($y)] %}', End: true },
      },
    })
    expect(value).toEqual([0, false])
  })
})

describe('JSONPath', () => {
  const read = async (path: string, input: any) => {
    const result = await bench().run(
      only({ Type: 'Pass', Parameters: { r: 0, 'v.$': path }, End: true }, 'JSONPath'),
      input,
    )
    return result.status === 'SUCCEEDED' ? (result.value as any).v : result.cause
  }

  it('gives a value for a definite path and an array for others', async () => {
    const store = { books: [{ p: 1, t: ['x'] }, { p: 5 }, { p: 9 }], 'a b': 2 }
    expect(await read('$.books[0].p', store)).toBe(1)
    expect(await read('$.books[-1].p', store)).toBe(9)
    expect(await read("$['a b']", store)).toBe(2)
    expect(await read('$.books[*].p', store)).toEqual([1, 5, 9])
    expect(await read('$.books[:2].p', store)).toEqual([1, 5])
    expect(await read('$.books[0,2].p', store)).toEqual([1, 9])
    expect(await read('$..p', store)).toEqual([1, 5, 9])
    expect(await read('$.books[?(@.p > 1 && @.p < 9)].p', store)).toEqual([5])
    expect(await read("$.books[?(@.t contains 'x')].p", store)).toEqual([1])
    expect(await read('$.books.length()', store)).toBe(3)
    expect(await read('$.nothing[:1]', store)).toEqual([])
  })

  it('fails where a definite path leads nowhere, naming field and input', async () => {
    expect(await read('$.no.such', { a: 1 })).toBe(
      `An error occurred while executing the state 'Only' (entered at the event id #2). The JSONPath '$.no.such' specified for the field 'v.$' could not be found in the input '{"a":1}'`,
    )
  })

  it('puts a result at its ResultPath and takes the output from OutputPath', async () => {
    const { value } = await bench().run(
      only({ Type: 'Pass', Result: 7, ResultPath: '$.a.b', OutputPath: '$.a', End: true }, 'JSONPath'),
      { a: { c: 1 } },
    )
    expect(value).toEqual({ c: 1, b: 7 })
  })

  it('computes intrinsic functions', async () => {
    const input = { n: -1.5, list: [1, 1, 2], s: 'a,b;c' }
    expect(await read('States.MathAdd($.n, 0)', input)).toBe(-1)
    expect(await read('States.ArrayUnique($.list)', input)).toEqual([1, 2])
    expect(await read("States.StringSplit($.s, ',;')", input)).toEqual(['a', 'b', 'c'])
    expect(await read("States.Format('{} \\{\\} {}', $.s, States.ArrayLength($.list))", input)).toBe('a,b;c {} 3')
    expect(
      await read('States.JsonMerge(States.StringToJson(\'{"a":1}\'), States.StringToJson(\'{"b":2}\'), false)', input),
    ).toEqual({ a: 1, b: 2 })
    expect(await read("States.Base64Decode(States.Base64Encode('hé'))", input)).toBe('hé')
  })
})
