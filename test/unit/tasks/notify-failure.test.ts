import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handler } from '../../../tasks/batch/notify-failure.ts'
import { messageOf } from '../../../tasks/failure-notice.ts'
import { execution, invoke, startAws, type TestAws } from './aws.ts'

let aws: TestAws
let published: any[]
beforeEach(async () => {
  aws = await startAws()
  published = []
  aws.cloud.fake('sns', {
    Publish: (input) => {
      published.push(input)
      return { MessageId: 'm' }
    },
  })
})
afterEach(() => aws.close())

describe('NotifyFailure', () => {
  it('tells state, error and what the function said, and gives the execution its cause', async () => {
    const Cause = JSON.stringify({
      errorType: 'QualityError',
      errorMessage: 'origination of 1999Q1 has 10 raw records, but …',
      trace: ['at'],
    })
    const failure = { State: 'CheckQuality', Error: 'QualityError', Cause }
    const topic = 'arn:aws:sns:us-east-1:000000000000:failures'

    const result = await invoke(handler, { execution: execution('läuft'), failure }, { FAILURE_TOPIC_ARN: topic })

    expect(result).toEqual({ cause: 'State CheckQuality: origination of 1999Q1 has 10 raw records, but …' })
    expect(published).toMatchObject([{ TopicArn: topic, Subject: 'l?uft: CheckQuality failed with QualityError' }])
    for (const part of ['läuft', 'CheckQuality', 'QualityError', 'has 10 raw records', 'start a new execution']) {
      expect(published[0].Message).toContain(part)
    }
  })

  it('cuts a subject to what SNS takes', async () => {
    const failure = { State: 'S'.repeat(120), Error: 'E', Cause: 'x'.repeat(40_000) }
    await invoke(handler, { execution: execution(), failure }, { FAILURE_TOPIC_ARN: 'arn' })
    expect(published[0].Subject).toHaveLength(100)
  })
})

describe('messageOf', () => {
  it.each([
    ['{"errorMessage":"said"}', 'said'],
    ['plain words', 'plain words'],
    ['{"other":1}', '{"other":1}'],
    ['', 'no cause was given.'],
  ])('%j', (cause, message) => {
    expect(messageOf(cause)).toBe(message)
  })
})
