import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSageMaker } from '../../../local/services/sagemaker/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

const IMAGE = '811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1'
const ROLE = 'arn:aws:iam::000000000000:role/SageMaker'

let cloud: TestCloud
/** What the runtime was told, in order: endpoint → key and share of each container. */
let routed: [key: string, weight: number][][]
let events: { type: string; detail: any }[]
let broken: string | undefined
let ringing: string[]

beforeEach(() => {
  cloud = testCloud()
  routed = []
  events = []
  broken = undefined
  ringing = []
  cloud.fake('sagemaker-runtime', {
    Route({ routes }) {
      if (routes.some(({ variant }: any) => variant === broken))
        throw new Error('The container did not pass the ping health check.')
      routed.push(routes.map(({ key, weight }: any) => [key, weight]))
      return {}
    },
    Unroute: () => ({}),
  })
  cloud.fake('s3', { HeadObject: () => ({}) })
  cloud.fake('monitoring', {
    DescribeAlarms: ({ AlarmNames }) => ({
      MetricAlarms: AlarmNames.map((AlarmName: string) => ({
        AlarmName,
        StateValue: ringing.includes(AlarmName) ? 'ALARM' : 'OK',
      })),
    }),
  })
  cloud.fake('events', {
    PutEvents({ Entries }) {
      events.push(...Entries.map((entry: any) => ({ type: entry.DetailType, detail: JSON.parse(entry.Detail) })))
      return {}
    },
  })
  cloud.add(createSageMaker(cloud, { second: 0.1 }))
})
afterEach(() => cloud.dispose())

const call = (operation: string, input: object = {}) => cloud.as('sagemaker', operation, input)

async function config(name: string, instances = 1) {
  await call('CreateModel', {
    ModelName: name,
    ExecutionRoleArn: ROLE,
    PrimaryContainer: { Image: IMAGE, ModelDataUrl: `s3://models/${name}.tar.gz` },
  })
  await call('CreateEndpointConfig', {
    EndpointConfigName: name,
    ProductionVariants: [
      { VariantName: name, ModelName: name, InstanceType: 'ml.c5.large', InitialInstanceCount: instances },
    ],
  })
}

async function ended(name = 'birds') {
  for (;;) {
    const endpoint = await call('DescribeEndpoint', { EndpointName: name })
    if (!['Creating', 'Updating', 'RollingBack'].includes(endpoint.EndpointStatus)) return endpoint
    await sleep(2)
  }
}

const canary = { Type: 'CANARY', CanarySize: { Type: 'INSTANCE_COUNT', Value: 1 }, WaitIntervalInSeconds: 10 }

describe('an endpoint', () => {
  it('is created, and tells EventBridge so', async () => {
    await config('one')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    const endpoint = await ended()
    expect(endpoint).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'one' })
    expect(routed).toEqual([[['birds/1/one', 1]]])
    await sleep(5)
    expect(events.map(({ type, detail }) => [type, detail.EndpointStatus])).toEqual([
      ['SageMaker Endpoint State Change', 'CREATING'],
      ['SageMaker Endpoint State Change', 'IN_SERVICE'],
    ])
  })

  it('has failed, with the reason, when its container does not start', async () => {
    broken = 'one'
    await config('one')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    expect(await ended()).toMatchObject({
      EndpointStatus: 'Failed',
      FailureReason: expect.stringContaining('ping health check'),
    })
  })

  it('is updated blue/green, all at once', async () => {
    await config('one')
    await config('two')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    await ended()
    await call('UpdateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'two' })
    expect(await ended()).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'two' })
    expect(routed.at(-1)).toEqual([['birds/2/two', 1]])
  })

  it('sends a canary its share first', async () => {
    await config('one', 2)
    await config('two', 2)
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    await ended()
    await call('UpdateEndpoint', {
      EndpointName: 'birds',
      EndpointConfigName: 'two',
      DeploymentConfig: { BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: canary } },
    })
    await ended()
    expect(routed.slice(1)).toEqual([
      [
        ['birds/2/two', 0.5],
        ['birds/1/one', 0.5],
      ],
      [['birds/2/two', 1]],
    ])
  })

  it('refuses a canary of one instance', async () => {
    await config('one')
    await config('two')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    await ended()
    const update = {
      EndpointName: 'birds',
      EndpointConfigName: 'two',
      DeploymentConfig: { BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: canary } },
    }
    expect(await failure(() => call('UpdateEndpoint', update))).toMatchObject({ name: 'ValidationException' })
  })

  it.each([
    ['an alarm rings', () => ringing.push('errors'), 'errors'],
    ['the new container does not start', () => (broken = 'two'), 'ping health check'],
  ])('goes back to what served before when %s', async (_, happen, reason) => {
    await config('one')
    await config('two')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    await ended()
    happen()
    const AutoRollbackConfiguration = { Alarms: [{ AlarmName: 'errors' }] }
    const BlueGreenUpdatePolicy = { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' }, TerminationWaitInSeconds: 5 }
    await call('UpdateEndpoint', {
      EndpointName: 'birds',
      EndpointConfigName: 'two',
      DeploymentConfig: { BlueGreenUpdatePolicy, AutoRollbackConfiguration },
    })
    expect(await ended()).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'one',
      FailureReason: expect.stringContaining(reason),
    })
    expect(routed.at(-1)).toEqual([['birds/1/one', 1]])
  })

  it('serves again after a restart, when somebody asks', async () => {
    await config('one')
    await call('CreateEndpoint', { EndpointName: 'birds', EndpointConfigName: 'one' })
    await ended()
    const service = createSageMaker(cloud)
    await service.start?.()
    expect(routed.at(-1)).toEqual([['birds/1/one', 1]])
    await service.close?.()
  })
})

describe('what SageMaker refuses', () => {
  it.each([
    [
      'a name with an underscore',
      'CreateEndpoint',
      { EndpointName: 'my_birds', EndpointConfigName: 'one' },
      /endpointName.*regular expression/,
    ],
    [
      'an unknown configuration',
      'CreateEndpoint',
      { EndpointName: 'birds', EndpointConfigName: 'none' },
      /Could not find endpoint configuration/,
    ],
    ['an unknown endpoint', 'DescribeEndpoint', { EndpointName: 'none' }, /Could not find endpoint ".*endpoint\/none"/],
    [
      'a model that exists',
      'CreateModel',
      { ModelName: 'one', ExecutionRoleArn: ROLE, PrimaryContainer: { Image: IMAGE } },
      /already existing model/,
    ],
    ['an unknown training job', 'DescribeTrainingJob', { TrainingJobName: 'none' }, /Requested resource not found/],
    [
      'another algorithm',
      'CreateTrainingJob',
      { TrainingJobName: 'x', AlgorithmSpecification: { TrainingImage: 'xgboost:1' } },
      /only the built-in image-classification/,
    ],
  ])('%s', async (_, operation, input, message) => {
    await config('one')
    const error = await failure(() => call(operation, input))
    expect(error.name).toBe('ValidationException')
    expect(error.message).toMatch(message)
  })
})

describe('permissions', () => {
  it('are asked on ARNs in lower case, with the role passed on to SageMaker', async () => {
    const asked: [string, string][] = []
    cloud.decide = (_, { action, resource }) => {
      asked.push([action, resource])
      return true
    }
    const role = cloud.role('Starter')
    await cloud.as(
      'sagemaker',
      'CreateModel',
      {
        ModelName: 'My-Birds',
        ExecutionRoleArn: ROLE,
        PrimaryContainer: { Image: IMAGE },
        Tags: [{ Key: 'a', Value: 'b' }],
      },
      role,
    )
    expect(asked).toEqual([
      ['sagemaker:CreateModel', 'arn:aws:sagemaker:us-east-1:000000000000:model/my-birds'],
      ['sagemaker:AddTags', 'arn:aws:sagemaker:us-east-1:000000000000:model/my-birds'],
      ['iam:PassRole', ROLE],
    ])
  })
})
