import { describe, expect, it } from 'vitest'
import { lintDefinition } from '../../../local/engines/states/lint/rules.ts'

const lint = (definition: object, substitutions?: string[], type: 'STANDARD' | 'EXPRESS' = 'STANDARD') =>
  lintDefinition(JSON.stringify(definition), {
    type,
    ...(substitutions && { substitutions: new Set(substitutions) }),
  }).map(({ message, location }) => `${location} ${message}`)

const task = (more: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  TimeoutSeconds: 60,
  Retry: [{ ErrorEquals: ['TransientError'] }],
  Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }],
  Next: 'Done',
  ...more,
})

const machine = (states: object) => ({
  QueryLanguage: 'JSONata',
  StartAt: 'Work',
  States: { ...states, Done: { Type: 'Succeed' }, Failed: { Type: 'Fail' } },
})

describe('lint:asl', () => {
  it('has nothing to say about a task with a time-out, retries and a catch', () => {
    expect(lint(machine({ Work: task() }))).toEqual([])
  })

  it('asks for what a task lacks', () => {
    const { TimeoutSeconds, Retry, Catch, ...bare } = task()
    void [TimeoutSeconds, Retry, Catch]
    const findings = lint({
      QueryLanguage: 'JSONata',
      StartAt: 'Work',
      States: { Work: bare, Done: { Type: 'Succeed' } },
    })
    expect(findings).toHaveLength(3)
    expect(findings.every((finding) => finding.startsWith('/States/Work A Task needs'))).toBe(true)
  })

  it('takes the catch of a Map or Parallel around a task', () => {
    const { Catch, Next, ...inner } = task()
    void Next
    const each = {
      Type: 'Map',
      ItemProcessor: { StartAt: 'In', States: { In: { ...inner, End: true } } },
      Catch,
      Next: 'Done',
    }
    expect(lint(machine({ Work: each }))).toEqual([])
  })

  it('finds placeholders that nothing substitutes', () => {
    const work = task({ Arguments: { FunctionName: '${WorkArn}' } })
    expect(lint(machine({ Work: work }), ['WorkArn'])).toEqual([])
    expect(lint(machine({ Work: work }), [])[0]).toContain('${WorkArn} stays unresolved')
  })

  it('finds operators that AWS does not run, unreachable states, and tokens in express machines', () => {
    expect(lint(machine({ Work: task({ Arguments: { a: '{% $states.input.a ?? 1 %}' } }) }))[0]).toContain(
      '/Arguments/a',
    )
    expect(lint(machine({ Work: task(), Lost: { Type: 'Succeed' } }))[0]).toContain('State "Lost" is not reachable.')
    const waiting = task({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' })
    expect(lint(machine({ Work: waiting }), undefined, 'EXPRESS')[0]).toContain('waitForTaskToken')
  })
})
