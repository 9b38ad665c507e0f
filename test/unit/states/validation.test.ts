import { describe, expect, it } from 'vitest'
import { validateDefinition } from '../../../local/engines/states/validation.ts'

const problems = (definition: unknown, type: 'STANDARD' | 'EXPRESS' = 'STANDARD') =>
  validateDefinition(typeof definition === 'string' ? definition : JSON.stringify(definition), type).map(
    (problem) => problem.text,
  )

const one = (state: object, more: object = {}) => ({ StartAt: 'A', States: { A: { End: true, ...state } }, ...more })

describe('A definition', () => {
  it('must be JSON, told in the words of its parser', () => {
    expect(problems('{"StartAt": x}')).toEqual([
      `INVALID_JSON_DESCRIPTION: Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)"{"StartAt": x}"; line: 1, column: 14]`,
    ])
    expect(problems('{"a":1,}')[0]).toContain('was expecting double-quote to start field name')
    expect(problems('{"a":1')[0]).toContain('Unexpected end-of-input: expected close marker for Object')
  })

  it('needs its fields', () => {
    expect(problems({})).toEqual(['SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'])
    expect(problems(one({ Type: 'Task' }))).toEqual([
      'SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/A',
    ])
    expect(problems(one({ Type: 'Nothing' }))[0]).toContain(
      "The field 'Type' should have one of these values: [Task, Wait,",
    )
  })

  it('must lead from state to state', () => {
    expect(problems({ StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } })).toEqual([
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next",
      'MISSING_END_STATE: Workflow has no terminal state',
    ])
    expect(problems({ StartAt: 'A', States: { A: { Type: 'Succeed' }, B: { Type: 'Succeed' } } })).toEqual([
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ])
  })

  it('may use only the fields of its query language, and of the type of state', () => {
    expect(problems(one({ Type: 'Pass', Output: 1 }))).toEqual([
      "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A",
    ])
    expect(problems(one({ Type: 'Pass', Catch: [] }))).toEqual([
      "SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/A",
    ])
    expect(problems(one({ Type: 'Pass', QueryLanguage: 'JSONPath' }, { QueryLanguage: 'JSONata' }))).toEqual([
      "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A",
    ])
  })

  it('must come to an end', () => {
    const loop = { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } }
    expect(problems({ StartAt: 'A', States: loop })).toEqual(['MISSING_END_STATE: Workflow has no terminal state'])
  })

  it('has expressions that parse and begin with a variable', () => {
    const output = (expression: string) =>
      problems(one({ Type: 'Pass', Output: `{% ${expression} %}` }, { QueryLanguage: 'JSONata' }))
    expect(output('1 +')).toEqual(['INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output'])
    for (const expression of [
      'phone',
      'phone[0].number',
      '-phone',
      '$sum(phone)',
      '[phone].other',
      '{phone: 1}',
      '($x := phone; $x)',
      '$map($states.input.a, function($x){ phone })',
    ])
      expect(output(expression), expression).toEqual([
        "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output",
      ])
    for (const expression of [
      '$states.input.a.b',
      '$states.input.list[price > 1].name',
      "{'a': 1}.a",
      '$states.input.list^(price)',
      '$states.input.list{name: $sum(price)}',
      '$x.y ~> $string()',
    ])
      expect(output(expression), expression).toEqual([])
  })

  it('names resources that there are', () => {
    expect(problems(one({ Type: 'Task', Resource: 'arn:aws:states:::dynamodb:query' }))[0]).toContain(
      'is not recognized',
    )
    expect(problems(one({ Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:emr:runJobFlow' }))).toEqual([])
    expect(
      problems(one({ Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }), 'EXPRESS'),
    ).toEqual([
      "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/A/Resource",
    ])
  })

  it('puts States.ALL alone and last', () => {
    const caught = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke' }
    expect(problems(one({ ...caught, Retry: [{ ErrorEquals: ['States.ALL', 'X'] }] }))[0]).toContain(
      'must appear alone',
    )
    expect(problems(one({ ...caught, Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['X'] }] }))[0]).toContain(
      'must be in the last element',
    )
  })

  it('of 2,000 states is validated within a tenth of a second of processor time', () => {
    // Prepare
    const States: Record<string, object> = {}
    for (let i = 0; i < 2000; i++)
      States[`S${i}`] = {
        Type: 'Pass',
        Parameters: { 'a.$': `$.x${i}` },
        ...(i < 1999 ? { Next: `S${i + 1}` } : { End: true }),
      }
    const text = JSON.stringify({ StartAt: 'S0', States })
    validateDefinition(text, 'STANDARD')

    // Act
    const began = process.cpuUsage()
    const found = validateDefinition(text, 'STANDARD')

    // Assess
    expect(found).toEqual([])
    expect(process.cpuUsage(began).user).toBeLessThan(100_000)
  })
})
