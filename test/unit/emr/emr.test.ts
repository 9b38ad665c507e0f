/** EMR as a workflow and a person with the CLI see it: states, steps, logs, events, permissions. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createElasticMapReduce } from '../../../local/services/elasticmapreduce/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

const PACE = { starting: 1, idleSecond: 1 }
const SERVICE = 'elasticmapreduce'
let cloud: TestCloud

function furnish(over: TestCloud): TestCloud {
  over.add(createElasticMapReduce(over, PACE))
  over.fake('events', { PutEvents: () => ({ FailedEntryCount: 0, Entries: [] }) })
  over.fake('s3', {
    PutObject({ Bucket, Key, Body }) {
      const path = join(over.dataDir, 's3', Bucket, Key)
      mkdirSync(join(path, '..'), { recursive: true })
      writeFileSync(path, Body)
      return {}
    },
  })
  over.collection('iam.instance-profiles').put('Nodes', {
    arn: 'arn:aws:iam::000000000000:instance-profile/Nodes',
    name: 'Nodes',
    roles: ['arn:aws:iam::000000000000:role/NodeRole'],
  })
  return over
}

beforeEach(() => {
  cloud = furnish(testCloud())
})
afterEach(() => cloud.dispose())

function script(name: string, text: string): string {
  const folder = join(cloud.dataDir, 's3', 'scripts')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), text)
  return `s3://scripts/${name}`
}

const step = (uri: string, fields: object = {}, ...more: string[]) => ({
  Name: 'Script',
  ActionOnFailure: 'CONTINUE',
  HadoopJarStep: {
    Jar: 'command-runner.jar',
    Args: ['hive-script', '--run-hive-script', '--args', '-f', uri, ...more],
  },
  ...fields,
})

async function runJobFlow(input: object = {}): Promise<string> {
  const { JobFlowId } = await cloud.as(SERVICE, 'RunJobFlow', {
    Name: 'Loans',
    ReleaseLabel: 'emr-7.14.0',
    ServiceRole: 'ServiceRole',
    JobFlowRole: 'Nodes',
    LogUri: 's3://logs/emr/',
    Instances: {
      KeepJobFlowAliveWhenNoSteps: true,
      InstanceFleets: [
        {
          Name: 'primary',
          InstanceFleetType: 'MASTER',
          TargetOnDemandCapacity: 1,
          InstanceTypeConfigs: [{ InstanceType: 'm7g.xlarge' }],
        },
        {
          Name: 'core',
          InstanceFleetType: 'CORE',
          TargetOnDemandCapacity: 2,
          InstanceTypeConfigs: [{ InstanceType: 'r7g.xlarge' }],
        },
      ],
    },
    ...input,
  })
  return JobFlowId
}

async function until<T>(ask: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await ask()
    if (good(value)) return value
    if (tries > 2000) throw new Error(`Waited too long; last seen: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const clusterIs = (id: string, ...states: string[]) =>
  until(
    async () => (await cloud.as(SERVICE, 'DescribeCluster', { ClusterId: id })).Cluster,
    (cluster: any) => states.includes(cluster.Status.State),
  )
const stepIs = (clusterId: string, id: string, ...states: string[]) =>
  until(
    async () => (await cloud.as(SERVICE, 'DescribeStep', { ClusterId: clusterId, StepId: id })).Step,
    (found: any) => states.includes(found.Status.State),
  )
const events = () =>
  cloud.calls
    .filter((call) => call.service === 'events')
    .flatMap((call) =>
      call.input.Entries.map((entry: any) => ({
        type: entry.DetailType,
        source: entry.Source,
        ...JSON.parse(entry.Detail),
      })),
    )
const log = (clusterId: string, stepId: string, name: string) =>
  gunzipSync(readFileSync(join(cloud.dataDir, 's3/logs/emr', clusterId, 'steps', stepId, `${name}.gz`))).toString()

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
    for (let i = 0; i < 52; i++) {
      ids.push(await runJobFlow({ Name: `Loans ${i}` }))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }

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

describe('A step', () => {
  it('runs a script with its variables, and leaves rows, logs and events', async () => {
    // Prepare
    const id = await runJobFlow()
    const uri = script(
      'write.hql',
      "CREATE EXTERNAL TABLE t (a INT) LOCATION '${OUT}/t';\nINSERT OVERWRITE TABLE t SELECT 7;\nSELECT a, '${WORDS}' FROM t;\n",
    )

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(uri, {}, '-d', 'OUT=s3://data', '-d', 'WORDS=a=b, c')],
    })
    const done = await stepIs(id, StepIds[0], 'COMPLETED')
    const cluster = await clusterIs(id, 'WAITING')

    // Assess
    expect(readFileSync(join(cloud.dataDir, 's3/data/t/000000_0'), 'utf8')).toBe('7\n')
    expect(log(id, StepIds[0], 'stdout')).toBe('7\ta=b, c\n')
    expect(log(id, StepIds[0], 'stderr')).toMatch(/OK\nTime taken: [\d.]+ seconds, Fetched: 1 row\(s\)\n$/)
    expect(log(id, StepIds[0], 'controller')).toContain('exit code 0')
    expect(done.Status.Timeline.EndDateTime.getTime()).toBeGreaterThanOrEqual(
      done.Status.Timeline.StartDateTime.getTime(),
    )
    expect(cluster.Status.StateChangeReason.Message).toBe('Cluster ready after last step completed.')
    const told = events().filter((event) => event.type === 'EMR Step Status Change')
    expect(told.map((event) => event.state)).toEqual(['PENDING', 'RUNNING', 'COMPLETED'])
    expect(told[2]).toMatchObject({
      severity: 'INFO',
      actionOnFailure: 'CONTINUE',
      stepId: StepIds[0],
      name: 'Script',
      clusterId: id,
    })
    expect(
      cloud.lines.some((line) => line.fields?.stepId === StepIds[0] && line.message.startsWith('Time taken')),
    ).toBe(true)
  })

  it('writes its logs before it tells that it has ended', async () => {
    // Prepare
    const id = await runJobFlow()

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(script('one.hql', 'SELECT 1;'))],
    })
    await stepIs(id, StepIds[0], 'COMPLETED')

    // Assess
    expect(readdirSync(join(cloud.dataDir, 's3/logs/emr', id, 'steps', StepIds[0])).sort()).toEqual([
      'controller.gz',
      'stderr.gz',
      'stdout.gz',
      'syslog.gz',
    ])
  })

  it('fails with script, line and statement of bad HiveQL, and the next step runs', async () => {
    // Prepare
    const id = await runJobFlow()
    const bad = script('bad.hql', 'SELECT 1;\n\nSELECT x FROM nowhere;\n')

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(bad), step(script('one.hql', 'SELECT 1;'))],
    })
    const failed = await stepIs(id, StepIds[0], 'FAILED')
    await stepIs(id, StepIds[1], 'COMPLETED')

    // Assess
    expect(failed.Status.FailureDetails.Message).toBe(
      "HiveSemanticError: Table not found 'nowhere' (bad.hql, line 3:15, statement 2: SELECT x FROM nowhere)",
    )
    expect(failed.Status.FailureDetails.LogFile).toBe(`s3://logs/emr/${id}/steps/${StepIds[0]}/stderr.gz`)
    expect(log(id, StepIds[0], 'stderr')).toContain('FAILED: HiveSemanticError')
  })

  it('that fails with CANCEL_AND_WAIT cancels the ones behind it', async () => {
    // Prepare
    const id = await runJobFlow()
    const Steps = [
      step(script('bad.hql', 'SELEC 1;'), { ActionOnFailure: 'CANCEL_AND_WAIT' }),
      step(script('one.hql', 'SELECT 1;')),
    ]

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps })

    // Assess
    await stepIs(id, StepIds[1], 'CANCELLED')
    await clusterIs(id, 'WAITING')
  })

  it('that fails with TERMINATE_CLUSTER ends the cluster with errors', async () => {
    // Prepare
    const id = await runJobFlow()
    const Steps = [step(script('bad.hql', 'SELEC 1;'), { ActionOnFailure: 'TERMINATE_CLUSTER' })]

    // Act
    await cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps })

    // Assess
    const ended = await clusterIs(id, 'TERMINATED_WITH_ERRORS')
    expect(ended.Status.StateChangeReason.Code).toBe('STEP_FAILURE')
    expect(events().at(-1).severity).toBe('CRITICAL')
  })

  it('can be cancelled while it runs', async () => {
    // Prepare
    const id = await runJobFlow()
    const endless = script(
      'endless.hql',
      "SELECT count(*) FROM (SELECT explode(split(repeat('a,', 30000), ',')) AS x) a JOIN (SELECT explode(split(repeat('a,', 30000), ',')) AS x) b ON length(a.x) + length(b.x) < 5 JOIN (SELECT explode(split(repeat('a,', 30000), ',')) AS x) c ON length(c.x) + length(b.x) + length(a.x) < 9;",
    )

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(endless), step(endless)],
    })
    await stepIs(id, StepIds[0], 'RUNNING')
    const { CancelStepsInfoList } = await cloud.as(SERVICE, 'CancelSteps', { ClusterId: id, StepIds })

    // Assess
    expect(CancelStepsInfoList.map((info: any) => info.Status)).toEqual(['SUBMITTED', 'SUBMITTED'])
    await stepIs(id, StepIds[0], 'CANCELLED')
    await stepIs(id, StepIds[1], 'CANCELLED')
  })

  it('is cancelled when its cluster is terminated', async () => {
    // Prepare
    const id = await runJobFlow()
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [step(script('one.hql', 'SELECT 1;'))],
    })

    // Act
    await cloud.as(SERVICE, 'TerminateJobFlows', { JobFlowIds: [id] })
    await clusterIs(id, 'TERMINATED')
    const refused = await failure(() =>
      cloud.as(SERVICE, 'AddJobFlowSteps', { JobFlowId: id, Steps: [step('s3://scripts/one.hql')] }),
    )

    // Assess
    expect((await stepIs(id, StepIds[0], 'CANCELLED', 'COMPLETED')).Id).toBe(StepIds[0])
    expect(refused.message).toBe('A job flow that is shutting down, terminated, or finished may not be modified.')
  })

  it.each([
    ['spark-submit', { Jar: 'command-runner.jar', Args: ['spark-submit', 's3://x/y.py'] }, "has no 'spark-submit'"],
    ['a jar', { Jar: 's3://x/y.jar', Args: [] }, 'There is no JVM here'],
    [
      'a missing script',
      {
        Jar: 'command-runner.jar',
        Args: ['hive-script', '--run-hive-script', '--args', '-f', 's3://scripts/none.hql'],
      },
      'there is no such object',
    ],
    ['an option that Hive does not have', { Jar: 'command-runner.jar', Args: ['hive', '-x'] }, 'no option -x'],
  ])('fails with the reason for %s', async (_, HadoopJarStep, message) => {
    // Prepare
    const id = await runJobFlow()

    // Act
    const { StepIds } = await cloud.as(SERVICE, 'AddJobFlowSteps', {
      JobFlowId: id,
      Steps: [{ Name: 'x', ActionOnFailure: 'CONTINUE', HadoopJarStep }],
    })

    // Assess
    expect((await stepIs(id, StepIds[0], 'FAILED')).Status.FailureDetails.Message).toContain(message)
    expect(log(id, StepIds[0], 'stderr')).toContain(message)
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
