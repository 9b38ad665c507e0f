import { describe, expect, it } from 'vitest'
import { searchMetrics } from '../../../local/services/monitoring/search.ts'
import { failure } from '../../support/cloud.ts'

const metric = (MetricName: string, dimensions: Record<string, string>, Namespace = 'AWS/SageMaker') => ({
  Namespace,
  MetricName,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
})
const one = metric('Invocations', { EndpointName: 'classifier', VariantName: 'a' })
const two = metric('Invocations', { VariantName: 'b', EndpointName: 'classifier' })
const others = [
  metric('ModelLatency', { EndpointName: 'classifier', VariantName: 'a' }),
  metric('Invocations', { EndpointName: 'other', VariantName: 'a' }),
  metric('Invocations', { EndpointName: 'classifier' }),
  metric('Invocations', { EndpointName: 'classifier', VariantName: 'a' }, 'AWS/Other'),
]
const found = (expression: string) => searchMetrics([one, two, ...others], expression)

describe('a search expression', () => {
  it('finds the metrics that have exactly its dimensions and all of its values', () => {
    const schema = '{AWS/SageMaker,EndpointName,VariantName}'
    expect(found(`${schema} EndpointName="classifier" MetricName="Invocations"`)).toEqual([one, two])
    expect(found(`${schema} EndpointName="classifier" AND MetricName="Invocations"`)).toEqual([one, two])
    expect(found(`${schema} MetricName="Invocations" "VariantName"="b"`)).toEqual([two])
    expect(found('{AWS/SageMaker, VariantName} MetricName="Invocations"')).toEqual([])
  })

  it.each(['EndpointName="x"', '{AWS/SageMaker} Latency', '{AWS/SageMaker} NOT MetricName="x"'])(
    'refuses %s',
    async (expression) => {
      expect((await failure(() => found(expression))).name).toBe('ValidationError')
    },
  )
})
