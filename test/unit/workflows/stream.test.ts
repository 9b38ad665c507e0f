import { beforeAll, describe, expect, it } from 'vitest'
import { type SynthesizedStack, synthesizedStack } from './stepwell.ts'

let stack: SynthesizedStack
beforeAll(async () => {
  stack = await synthesizedStack()
}, 120_000)

const properties = (type: string, id: RegExp) =>
  stack
    .ofType(type)
    .filter(([logicalId]) => id.test(logicalId))
    .map(([, resource]) => resource.Properties)

describe('the scheduled producer', () => {
  it('is shipped disabled, and is not called again when it fails', () => {
    const [schedule, ...others] = properties('AWS::Scheduler::Schedule', /^StreamProducer/)
    expect(others).toEqual([])
    expect(stack.parameters[schedule.State.Ref]).toMatchObject({ Default: 'DISABLED' })
    expect(schedule.ScheduleExpression).toBe('rate(5 minutes)')
    expect(schedule.Target.RetryPolicy).toMatchObject({ MaximumRetryAttempts: 0 })
  })

  it('ends before its time-out, whatever the parameter says', () => {
    const [{ Timeout, Environment }] = properties('AWS::Lambda::Function', /^StreamProducer/) as any
    const seconds = stack.parameters[Environment.Variables.SECONDS.Ref] as any
    expect(seconds.Default).toBeLessThan(5 * 60)
    expect(seconds.MaxValue).toBeLessThanOrEqual(Timeout - 60)
  })
})

describe('an execution that was stopped', () => {
  it('has the teardown started for what it has made, by a role that may do nothing else', () => {
    const [rule] = properties('AWS::Events::Rule', /^StreamTeardown/) as any
    expect(rule.EventPattern.detail.status).toEqual(['ABORTED', 'TIMED_OUT', 'FAILED'])
    const [target] = rule.Targets
    expect(target.Arn.Ref).toMatch(/^StreamTeardownMachine/)
    expect(target.InputTransformer).toEqual({
      InputPathsMap: { 'detail-executionArn': '$.detail.executionArn' },
      InputTemplate: '{"madeBy":<detail-executionArn>}',
    })
    const [policy] = properties('AWS::IAM::Policy', /^StreamTeardownStoppedRole/) as any
    expect(policy.PolicyDocument.Statement).toMatchObject([
      { Action: 'states:StartExecution', Effect: 'Allow', Resource: target.Arn },
    ])
  })
})
