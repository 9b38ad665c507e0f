/** Clusters as a workflow and a person with the CLI see them: states, events, lists, permissions. */
import { describe, expect, it } from 'vitest'
import { createElasticMapReduce } from '../../../local/services/elasticmapreduce/index.ts'
import { failure } from '../../support/cloud.ts'
import { cloud, clusterIs, events, furnish, PACE, runJobFlow, SERVICE, script, step } from './furnished.ts'

describe('A cluster', () => {
  it('starts, waits, and ends on request, telling EventBridge of each state', async () => {
    // Act
    const id = await runJobFlow()
    const waiting = await clusterIs(id, 'WAITING')
    await cloud.as(SERVICE, 'TerminateJobFlows', { JobFlowIds: [id] })
    const ended = await clusterIs(id, 'TERMINATED')

    // Assess
    expect(id).toMatch(/^j-[A-Z0-9]{13}$/)
    expect(waiting.Status.StateChangeReason.Message).toBe('Cluster ready to run steps.')
    expect(waiting.Status.Timeline.ReadyDateTime).toBeInstanceOf(Date)
    expect(ended.Status.StateChangeReason).toEqual({ Code: 'USER_REQUEST', Message: 'Terminated by user request' })
    const told = events().filter((event) => event.type === 'EMR Cluster State Change')
    expect(told.map((event) => event.state)).toEqual([
      'STARTING',
      'BOOTSTRAPPING',
      'WAITING',
      'TERMINATING',
      'TERMINATED',
    ])
    expect(told.at(-1)).toMatchObject({
      source: 'aws.emr',
      severity: 'INFO',
      name: 'Loans',
      clusterId: id,
      stateChangeReason: '{"code":"USER_REQUEST","message":"Terminated by user request"}',
    })
  })

  it('runs its first steps and ends by itself when it is not kept alive', async () => {
    // Prepare
    const uri = script('one.hql', 'SELECT 1;')

    // Act
    const id = await runJobFlow({
      Instances: { MasterInstanceType: 'm7g.xlarge', InstanceCount: 1 },
      Steps: [step(uri)],
    })
    const ended = await clusterIs(id, 'TERMINATED')

    // Assess
    expect(ended.Status.StateChangeReason).toEqual({ Code: 'ALL_STEPS_COMPLETED', Message: 'Steps completed' })
    expect((await cloud.as(SERVICE, 'ListSteps', { ClusterId: id })).Steps[0].Status.State).toBe('COMPLETED')
  })

  it('ends after the idle time of its policy', async () => {
    // Act
    const id = await runJobFlow({ AutoTerminationPolicy: { IdleTimeout: 60 } })

    // Assess
    expect((await clusterIs(id, 'TERMINATED')).Status.StateChangeReason.Message).toMatch(/idle/)
  })

  it('cannot be terminated while it is protected', async () => {
    // Prepare
    const id = await runJobFlow()
    await clusterIs(id, 'WAITING')
    await cloud.as(SERVICE, 'SetTerminationProtection', { JobFlowIds: [id], TerminationProtected: true })

    // Act
    const refused = await failure(() => cloud.as(SERVICE, 'TerminateJobFlows', { JobFlowIds: [id] }))

    // Assess
    expect(refused.name).toBe('ValidationException')
    expect((await clusterIs(id, 'WAITING')).TerminationProtected).toBe(true)
  })

  it('ends with a validation error when its service role does not trust EMR', async () => {
    // Prepare
    cloud
      .collection('iam.roles')
      .put('ServiceRole', { trust: { Statement: { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } } } })

    // Act
    const ended = await clusterIs(await runJobFlow(), 'TERMINATED_WITH_ERRORS')

    // Assess
    expect(ended.Status.StateChangeReason.Code).toBe('VALIDATION_ERROR')
    expect(ended.Status.StateChangeReason.Message).toContain('elasticmapreduce.amazonaws.com')
  })

  it('is lost when the local cloud restarts, and so is its running step', async () => {
    // Prepare
    const id = await runJobFlow()
    await clusterIs(id, 'WAITING')

    // Act
    const restarted = furnish(cloud.restart())
    const service = restarted.add(createElasticMapReduce(restarted, PACE))
    await service.start?.()
    await service.close?.()

    // Assess
    const { Cluster } = await restarted.as(SERVICE, 'DescribeCluster', { ClusterId: id })
    expect(Cluster.Status.State).toBe('TERMINATED_WITH_ERRORS')
    expect(
      restarted.calls.some(
        (c) => c.operation === 'PutEvents' && c.input.Entries[0].Detail.includes('TERMINATED_WITH_ERRORS'),
      ),
    ).toBe(true)
  })

  it('is listed newest first, by state and time, in pages', async () => {
    // Prepare
    const ids: string[] = []
    for (let i = 0; i < 52; i++) ids.push(await runJobFlow({ Name: `Loans ${i}` }))

    // Act
    const first = await cloud.as(SERVICE, 'ListClusters')
    const second = await cloud.as(SERVICE, 'ListClusters', { Marker: first.Marker })
    const none = await cloud.as(SERVICE, 'ListClusters', { ClusterStates: ['TERMINATED'] })
    const later = await cloud.as(SERVICE, 'ListClusters', { CreatedAfter: new Date(Date.now() + 60_000) })

    // Assess
    expect([...first.Clusters, ...second.Clusters].map((c) => c.Id)).toEqual(ids.toReversed())
    expect(first.Clusters).toHaveLength(50)
    expect(none.Clusters).toEqual([])
    expect(later.Clusters).toEqual([])
  })

  it('lists the instances that were asked for', async () => {
    // Prepare
    const id = await runJobFlow()
    await clusterIs(id, 'WAITING')

    // Act
    const { InstanceFleets } = await cloud.as(SERVICE, 'ListInstanceFleets', { ClusterId: id })
    const { Instances } = await cloud.as(SERVICE, 'ListInstances', { ClusterId: id })

    // Assess
    expect(InstanceFleets.map((f: any) => [f.InstanceFleetType, f.ProvisionedOnDemandCapacity])).toEqual([
      ['MASTER', 1],
      ['CORE', 2],
    ])
    expect(Instances.map((i: any) => i.InstanceType)).toEqual(['m7g.xlarge', 'r7g.xlarge', 'r7g.xlarge'])
  })

  it.each(['DescribeCluster', 'ListSteps', 'ListInstances'])('%s refuses an id that is none', async (operation) => {
    const refused = await failure(() => cloud.as(SERVICE, operation, { ClusterId: 'j-NONE' }))
    expect(refused.name).toBe('InvalidRequestException')
    expect(refused.message).toBe("Cluster id 'j-NONE' is not valid.")
  })
})

describe('Permissions', () => {
  it('RunJobFlow passes both roles on, tags, and sets its policy', async () => {
    // Prepare
    const asked: [string, string, unknown][] = []
    cloud.decide = (_, { action, resource, context }) => {
      asked.push([action, resource, context?.['iam:PassedToService']])
      return true
    }

    // Act
    const input = {
      Name: 'x',
      ReleaseLabel: 'emr-7.14.0',
      ServiceRole: 'ServiceRole',
      JobFlowRole: 'Nodes',
      Instances: {},
      Tags: [{ Key: 'a', Value: 'b' }],
      AutoTerminationPolicy: { IdleTimeout: 60 },
    }
    await cloud.as(SERVICE, 'RunJobFlow', input, cloud.role('CreateCluster'))

    // Assess
    expect(asked).toEqual([
      ['elasticmapreduce:RunJobFlow', '*', undefined],
      ['elasticmapreduce:AddTags', 'arn:aws:elasticmapreduce:us-east-1:000000000000:cluster/*', undefined],
      [
        'elasticmapreduce:PutAutoTerminationPolicy',
        'arn:aws:elasticmapreduce:us-east-1:000000000000:cluster/*',
        undefined,
      ],
      ['iam:PassRole', 'arn:aws:iam::000000000000:role/ServiceRole', 'elasticmapreduce.amazonaws.com'],
      ['iam:PassRole', 'arn:aws:iam::000000000000:role/NodeRole', 'ec2.amazonaws.com'],
    ])
  })

  it('other operations name the cluster', async () => {
    // Prepare
    const id = await runJobFlow()
    cloud.decide = () => false

    // Act
    const refused = await failure(() => cloud.as(SERVICE, 'ListSteps', { ClusterId: id }, cloud.role('Reader')))

    // Assess
    expect(refused.message).toContain(
      `elasticmapreduce:ListSteps on resource: arn:aws:elasticmapreduce:us-east-1:000000000000:cluster/${id}`,
    )
  })
})
