import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handler as createCluster } from '../../../tasks/batch/create-cluster.ts'
import { handler as createTables } from '../../../tasks/batch/create-tables.ts'
import { handler as processOrigination } from '../../../tasks/batch/process-origination.ts'
import { handler as terminateCluster } from '../../../tasks/batch/terminate-cluster.ts'
import { jobById } from '../../../tasks/jobs/job.ts'
import { handler as reconcileJobs } from '../../../tasks/jobs/reconcile-jobs.ts'
import { quotedList } from '../../../tasks/script.ts'
import { failure } from '../../support/cloud.ts'
import { execution, heldLock, invoke, jobsTable, startAws, type TestAws } from './aws.ts'
import { type Script, scriptServices } from './services.ts'

let aws: TestAws
let script: Script

beforeEach(async () => {
  aws = await startAws()
  await jobsTable(aws.cloud)
  await heldLock(aws.cloud)
  script = scriptServices(aws.cloud)
  script.executions.set(execution().Id, 'RUNNING')
})
afterEach(() => aws.close())

describe('CreateCluster', () => {
  const environment = {
    JOBS_TABLE: 'jobs',
    LOCKS_TABLE: 'locks',
    LOGS_BUCKET: 'logs',
    CLUSTER_RELEASE: 'emr-7.14.0',
    CLUSTER_SERVICE_ROLE: 'ServiceRole',
    CLUSTER_INSTANCE_PROFILE: 'NodeProfile',
    CLUSTER_SUBNETS: 'subnet-1,subnet-2',
    CLUSTER_PRIMARY_TYPES: 'm7g.xlarge,m6g.xlarge',
    CLUSTER_CORE_TYPES: 'm7g.xlarge',
    CLUSTER_CORE_UNITS: '2',
    CLUSTER_TASK_UNITS: '0',
    CLUSTER_IDLE_SECONDS: '3600',
  }
  const create = (token = 'token-1', more = {}) =>
    invoke<{ clusterId: string }>(
      createCluster,
      { execution: execution(), state: 'CreateCluster', token },
      { ...environment, ...more },
    )

  it('leaves no cluster behind when its execution was stopped meanwhile', async () => {
    script.executions.set(execution().Id, 'ABORTED')
    await create()
    expect(script.clusters.map(({ state }) => state)).toEqual(['TERMINATING'])
    expect(await jobById('jobs', 'j-1')).toBeUndefined()
  })

  it('starts a transient cluster that ends by itself when idle, and waits for it', async () => {
    expect(await create()).toEqual({ clusterId: 'j-1' })
    const { input } = script.clusters[0]!
    expect(input).toMatchObject({
      Name: 'Batch/run-1',
      ReleaseLabel: 'emr-7.14.0',
      LogUri: 's3://logs/emr/',
      AutoTerminationPolicy: { IdleTimeout: 3600 },
      Instances: {
        Ec2SubnetIds: ['subnet-1', 'subnet-2'],
        KeepJobFlowAliveWhenNoSteps: true,
        TerminationProtected: false,
      },
    })
    expect(input.Instances.InstanceFleets.map((fleet: any) => fleet.InstanceFleetType)).toEqual(['MASTER', 'CORE'])
    expect(input.Instances.InstanceFleets[1]).toMatchObject({ TargetOnDemandCapacity: 2 })
    expect(await jobById('jobs', 'j-1')).toMatchObject({ kind: 'cluster', status: 'open', token: 'token-1' })
  })

  it('gives the nodes that store and shuffle the disk that is asked for, the primary one what EMR does', async () => {
    await create('token-1', { CLUSTER_DISK_GIB: '401', CLUSTER_TASK_UNITS: '1' })
    const sizes = script.clusters[0]?.input.Instances.InstanceFleets.map(({ InstanceTypeConfigs }: any) =>
      InstanceTypeConfigs.map(({ EbsConfiguration }: any) =>
        EbsConfiguration?.EbsBlockDeviceConfigs.map(({ VolumeSpecification, VolumesPerInstance }: any) => [
          VolumeSpecification.VolumeType,
          VolumeSpecification.SizeInGB,
          VolumesPerInstance,
        ]),
      ),
    )
    expect(sizes).toEqual([[undefined, undefined], [[['gp3', 201, 2]]], [[['gp3', 201, 2]]]])
  })

  it('adds a Spot fleet that may vanish when asked to', async () => {
    await create('token-1', { CLUSTER_TASK_UNITS: '4' })
    expect(script.clusters[0]?.input.Instances.InstanceFleets[2]).toMatchObject({
      InstanceFleetType: 'TASK',
      TargetSpotCapacity: 4,
      LaunchSpecifications: { SpotSpecification: { TimeoutAction: 'SWITCH_TO_ON_DEMAND' } },
    })
  })

  it('adopts the first cluster when it is tried again, with the new token', async () => {
    await create()
    expect(await create('token-2')).toEqual({ clusterId: 'j-1' })
    expect(script.clusters).toHaveLength(1)
    expect(await jobById('jobs', 'j-1')).toMatchObject({ token: 'token-2' })
  })

  it('completes at once when the adopted cluster takes steps already', async () => {
    await create()
    script.clusters[0]!.state = 'WAITING'
    await create('token-2')
    expect(script.answers).toEqual([{ token: 'token-2', is: 'success', output: { clusterId: 'j-1' } }])
  })

  it('makes a numbered successor of a cluster that has ended, and gives up after three', async () => {
    for (const name of ['Batch/run-1', 'Batch/run-1#2', 'Batch/run-1#3']) {
      const { clusterId } = await create()
      const cluster = script.clusters.find(({ Id }) => Id === clusterId)!
      expect(cluster.Name).toBe(name)
      cluster.state = 'TERMINATED_WITH_ERRORS'
    }
    expect(await failure(create)).toMatchObject({ name: 'ClusterLost' })
  })

  it('takes no cluster of another execution for its own', async () => {
    script.clusters.push({ Id: 'j-9', Name: 'Batch/run-10', state: 'WAITING', steps: [] })
    script.clusters.push({ Id: 'j-8', Name: 'Batch/run-1', state: 'TERMINATED', steps: [] })
    const { clusterId } = await create()
    expect(script.clusters.find(({ Id }) => Id === clusterId)?.Name).toBe('Batch/run-1#2')
  })
})

describe('a state that runs a Hive script', () => {
  const environment = {
    JOBS_TABLE: 'jobs',
    LOCKS_TABLE: 'locks',
    RAW_BUCKET: 'raw',
    PROCESSED_BUCKET: 'processed',
    PROCESS_ORIGINATION_SCRIPT: 's3://assets/process-origination.hql',
    CREATE_TABLES_SCRIPT: 's3://assets/create-tables.hql',
  }
  const run = (handler: typeof processOrigination, state: string, clusterId = 'j-1', token = 'token-1') =>
    invoke<{ stepId: string }>(
      handler,
      { execution: execution(), state, token, clusterId, quarters: ['1999Q1', '1999Q2'] },
      environment,
    )
  const process = (clusterId?: string, token?: string) =>
    run(processOrigination, 'ProcessOrigination', clusterId, token)

  beforeEach(() => {
    script.clusters.push({ Id: 'j-1', Name: 'Batch/run-1', state: 'WAITING', steps: [] })
  })

  it('adds a step with the script and its variables, and waits for it', async () => {
    const { stepId } = await process()
    expect(script.clusters[0]?.steps).toMatchObject([
      {
        Name: 'run-1#ProcessOrigination',
        args: [
          'hive-script',
          '--run-hive-script',
          '--args',
          '-f',
          's3://assets/process-origination.hql',
          ...[
            '-d',
            'RAW=s3://raw',
            '-d',
            'PROCESSED=s3://processed',
            '-d',
            "QUARTERS='1999Q1','1999Q2'",
            '-d',
            'RUN=run-1',
          ],
        ],
      },
    ])
    expect(await jobById('jobs', stepId)).toMatchObject({
      kind: 'step',
      clusterId: 'j-1',
      status: 'open',
      token: 'token-1',
    })
  })

  it('says all quarters at once in fewer letters than a step may have', async () => {
    const quarters = Array.from({ length: 108 }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
    const long = (name: string) => name.padEnd(63, 'x')
    const name = 'e'.repeat(80)
    script.executions.set(execution(name).Id, 'RUNNING')
    await aws.cloud.as('dynamodb', 'UpdateItem', {
      TableName: 'locks',
      Key: { workflow: { S: 'Batch' } },
      UpdateExpression: 'SET executionArn = :arn',
      ExpressionAttributeValues: { ':arn': { S: execution(name).Id } },
    })
    await invoke(
      processOrigination,
      { execution: execution(name), state: 'ProcessOrigination', token: 't', clusterId: 'j-1', quarters },
      {
        ...environment,
        RAW_BUCKET: long('raw'),
        PROCESSED_BUCKET: long('processed'),
        PROCESS_ORIGINATION_SCRIPT: `s3://${long('assets')}/${'0'.repeat(64)}.hql`,
      },
    )
    const [step] = script.clusters[0]!.steps
    expect(step?.args.join(' ')).toContain(quotedList(quarters))
    // https://docs.aws.amazon.com/emr/latest/APIReference/API_HadoopJarStepConfig.html, and the name of a step
    expect(step?.args.join(' ').length).toBeLessThan(10_240 / 2)
    expect(step?.Name.length).toBeLessThanOrEqual(256)
  })

  it.each(['PENDING', 'RUNNING', 'COMPLETED'])('adopts its first step when that is %s', async (state) => {
    await process()
    script.clusters[0]!.steps[0]!.state = state
    await process('j-1', 'token-2')
    expect(script.clusters[0]?.steps).toHaveLength(1)
    expect(script.answers.map(({ token }) => token)).toEqual(state === 'COMPLETED' ? ['token-2'] : [])
  })

  it.each(['FAILED', 'CANCELLED'])('adds a numbered successor to a step that is %s', async (state) => {
    await process()
    script.clusters[0]!.steps[0]!.state = state
    await process('j-1', 'token-2')
    expect(script.clusters[0]?.steps.map(({ Name }) => Name)).toEqual([
      'run-1#ProcessOrigination',
      'run-1#ProcessOrigination#2',
    ])
  })

  it('throws ClusterMissing when its cluster has ended, so that the workflow makes another', async () => {
    script.clusters[0]!.state = 'TERMINATED'
    const error = await failure(process)
    expect(error).toMatchObject({ name: 'ClusterMissing' })
    expect(error.message).toContain('j-1')
  })

  it('repeats no script on a second cluster whose rows are in S3 already, but makes its tables again', async () => {
    const { stepId } = await process()
    await run(createTables, 'CreateTables', 'j-1', 'token-t')
    for (const step of script.clusters[0]!.steps) step.state = 'COMPLETED'
    await invoke(reconcileJobs, {}, { JOBS_TABLE: 'jobs' })
    script.clusters[0]!.state = 'TERMINATED'
    script.clusters.push({ Id: 'j-2', Name: 'Batch/run-1#2', state: 'WAITING', steps: [] })
    script.answers.length = 0

    await run(createTables, 'CreateTables', 'j-2', 'token-2')
    expect(await process('j-2', 'token-3')).toEqual({ stepId })

    expect(script.clusters[1]?.steps.map(({ Name }) => Name)).toEqual(['run-1#CreateTables'])
    expect(script.answers).toMatchObject([{ token: 'token-3', is: 'success' }])
  })

  it('refuses quarters that are none before they reach a script', async () => {
    const event = { execution: execution(), state: 'X', token: 't', clusterId: 'j-1', quarters: ["1999Q1') OR 1=1"] }
    expect(await failure(() => invoke(processOrigination, event, environment))).toMatchObject({
      name: 'ValidationError',
    })
  })

  it('runs under a hash when the execution’s name could not stand in a path', async () => {
    await heldLock(aws.cloud, "it's")
    const event = {
      execution: execution("it's"),
      state: 'ProcessOrigination',
      token: 't',
      clusterId: 'j-1',
      quarters: ['1999Q1'],
    }
    await invoke(processOrigination, event, environment)
    expect(script.clusters[0]?.steps[0]?.args.at(-1)).toMatch(/^RUN=[0-9a-f]{32}$/)
  })
})

describe('TerminateCluster', () => {
  it('ends the execution’s cluster, and does nothing when there is none', async () => {
    script.clusters.push({ Id: 'j-1', Name: 'Batch/run-1', state: 'WAITING', steps: [] })
    const end = () => invoke(terminateCluster, { execution: execution() }, { JOBS_TABLE: 'jobs' })
    expect(await end()).toEqual({ clusters: ['j-1'] })
    expect(await end()).toEqual({ clusters: [] })
  })
})
