import type { FirehoseTransformationEvent } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { handler } from '../../../tasks/stream/transform-records.ts'

const event = (...texts: string[]): FirehoseTransformationEvent => ({
  invocationId: 'i',
  deliveryStreamArn: 'arn',
  region: 'us-east-1',
  records: texts.map((text, i) => ({
    recordId: String(i),
    approximateArrivalTimestamp: 1,
    data: Buffer.from(text).toString('base64'),
  })),
})
const text = (data = '') => Buffer.from(data, 'base64').toString()

describe('transform-records', () => {
  it('puts one line end behind each record, drops blank ones and fails what is no JSON object', async () => {
    const { records } = await handler(event('{"a":"ü"}', '{"b":1}\n', ' \n', '[1]', 'x', 'null'))

    expect(records.map((one) => one.result)).toEqual([
      'Ok',
      'Ok',
      'Dropped',
      'ProcessingFailed',
      'ProcessingFailed',
      'ProcessingFailed',
    ])
    expect(records.slice(0, 2).map((one) => text(one.data))).toEqual(['{"a":"ü"}\n', '{"b":1}\n'])
    expect(records.map((one) => one.recordId)).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(text(records[4]!.data)).toBe('x')
  })

  it('never answers with more than a function may', async () => {
    const large = JSON.stringify({ a: 'x'.repeat(700_000) })
    const answer = await handler(event(...Array.from({ length: 10 }, () => large)))

    expect(JSON.stringify(answer).length).toBeLessThan(6 * 1024 * 1024)
    expect(answer.records).toHaveLength(10)
    expect(new Set(answer.records.map((one) => one.result))).toEqual(new Set(['Ok', 'ProcessingFailed']))
  })
})
