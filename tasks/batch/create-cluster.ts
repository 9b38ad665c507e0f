/**
 * Starts the execution's transient cluster; the state waits until it takes steps. RunJobFlow knows no client token, so the name is
 * the execution's own: a retry finds the cluster that the first try made.
 */
import {
  EMRClient,
  type InstanceFleetConfig,
  type InstanceTypeConfig,
  paginateListClusters,
  RunJobFlowCommand,
  TerminateJobFlowsCommand,
} from '@aws-sdk/client-emr'
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { isRunning } from '../jobs/execution.ts'
import { track } from '../jobs/settle.ts'
import { clusterName } from '../jobs/stop.ts'
import { writer } from '../jobs/writer.ts'
import { type Execution, executionSchema, required } from '../task.ts'

/** A cluster that keeps dying will not live at the fourth try. */
const MAX_CLUSTERS = 3

const list = required.transform((text) => text.split(',').map((item) => item.trim()))

const environment = z.object({
  JOBS_TABLE: required,
  LOGS_BUCKET: required,
  CLUSTER_RELEASE: required,
  CLUSTER_SERVICE_ROLE: required,
  CLUSTER_INSTANCE_PROFILE: required,
  CLUSTER_SUBNETS: list,
  CLUSTER_PRIMARY_TYPES: list,
  CLUSTER_CORE_TYPES: list,
  CLUSTER_CORE_UNITS: z.coerce.number().int().min(1),
  CLUSTER_TASK_UNITS: z.coerce.number().int().min(0),
  /** Of each core and task node, for HDFS and what is shuffled; 0 leaves it to EMR, by the size of the instance. */
  CLUSTER_DISK_GIB: z.coerce.number().int().min(0).default(0),
  CLUSTER_IDLE_SECONDS: z.coerce.number().int().min(60).max(604_800),
  CLUSTER_PRIMARY_SECURITY_GROUP: required.optional(),
  CLUSTER_CORE_SECURITY_GROUP: required.optional(),
  CLUSTER_SERVICE_ACCESS_SECURITY_GROUP: required.optional(),
})

type Environment = z.output<typeof environment>

const emr = new EMRClient({})

export const handler = writer({
  name: 'CreateCluster',
  input: z.object({ execution: executionSchema, state: z.string(), token: required }),
  environment,
  async run({ input: { execution, state, token }, env, log }) {
    const name = clusterName(execution.arn)
    const { live, dead } = await clustersOf(execution, name)
    if (!live && dead >= MAX_CLUSTERS) {
      throw new TaskError(
        'ClusterLost',
        `${dead} clusters of ${execution.name} have ended before their work was done. See their logs in s3://${env.LOGS_BUCKET}/emr/.`,
      )
    }
    const jobId = live ?? (await runJobFlow(dead === 0 ? name : `${name}#${dead + 1}`, env))
    // cancel-jobs cannot find what was not there yet when the execution was stopped; what is there by now it does find.
    if (!(await isRunning(execution.arn))) {
      await emr.send(new TerminateJobFlowsCommand({ JobFlowIds: [jobId] }))
      log.warn('Terminates the cluster: its execution has ended meanwhile', { clusterId: jobId })
      return { clusterId: jobId }
    }
    await track(
      env.JOBS_TABLE,
      { jobId, kind: 'cluster', name, state, executionArn: execution.arn, clusterId: jobId, token },
      log,
    )
    return { clusterId: jobId }
  },
})

/** The execution's living cluster, and how many have ended. */
async function clustersOf(execution: Execution, name: string): Promise<{ live: string | undefined; dead: number }> {
  let live: string | undefined
  let dead = 0
  const pages = paginateListClusters({ client: emr }, { CreatedAfter: new Date(execution.startedAt) })
  for await (const page of pages) {
    for (const { Id, Name = '', Status } of page.Clusters ?? []) {
      if (Name !== name && !Name.startsWith(`${name}#`)) continue
      if (Status?.State?.startsWith('TERMINAT')) dead++
      else live = Id
    }
  }
  return { live, dead }
}

async function runJobFlow(name: string, env: Environment): Promise<string> {
  const { JobFlowId } = await emr.send(
    new RunJobFlowCommand({
      Name: name,
      ReleaseLabel: env.CLUSTER_RELEASE,
      Applications: [{ Name: 'Hadoop' }, { Name: 'Hive' }, { Name: 'Tez' }],
      LogUri: `s3://${env.LOGS_BUCKET}/emr/`,
      ServiceRole: env.CLUSTER_SERVICE_ROLE,
      JobFlowRole: env.CLUSTER_INSTANCE_PROFILE,
      Instances: {
        Ec2SubnetIds: env.CLUSTER_SUBNETS,
        EmrManagedMasterSecurityGroup: env.CLUSTER_PRIMARY_SECURITY_GROUP,
        EmrManagedSlaveSecurityGroup: env.CLUSTER_CORE_SECURITY_GROUP,
        ServiceAccessSecurityGroup: env.CLUSTER_SERVICE_ACCESS_SECURITY_GROUP,
        KeepJobFlowAliveWhenNoSteps: true,
        TerminationProtected: false,
        InstanceFleets: fleets(env),
      },
      // Should every other way of ending it fail.
      AutoTerminationPolicy: { IdleTimeout: env.CLUSTER_IDLE_SECONDS },
      StepConcurrencyLevel: 1,
      VisibleToAllUsers: true,
      // The managed policy of the service role works on resources with this tag only.
      Tags: [{ Key: 'for-use-with-amazon-emr-managed-policies', Value: 'true' }],
    }),
  )
  return JobFlowId ?? raise(`RunJobFlow gave no id for the cluster ${name}.`)
}

/** Two volumes are twice as fast as one, and a core node's has 5 GiB at least. */
const VOLUMES = 2
const MIN_VOLUME_GIB = 5

function disks(gib: number): Pick<InstanceTypeConfig, 'EbsConfiguration'> {
  if (gib === 0) return {}
  const SizeInGB = Math.max(Math.ceil(gib / VOLUMES), MIN_VOLUME_GIB)
  const VolumeSpecification = { VolumeType: 'gp3', SizeInGB }
  return { EbsConfiguration: { EbsBlockDeviceConfigs: [{ VolumeSpecification, VolumesPerInstance: VOLUMES }] } }
}

/** HDFS lives on the core nodes, so they are On-Demand; task nodes only compute and may vanish. */
function fleets(env: Environment): InstanceFleetConfig[] {
  const types = (names: string[], gib: number) => names.map((InstanceType) => ({ InstanceType, ...disks(gib) }))
  const onDemand = (name: 'MASTER' | 'CORE', names: string[], units: number): InstanceFleetConfig => ({
    Name: name === 'MASTER' ? 'primary' : 'core',
    InstanceFleetType: name,
    TargetOnDemandCapacity: units,
    // The primary node holds neither HDFS nor what is shuffled.
    InstanceTypeConfigs: types(names, name === 'MASTER' ? 0 : env.CLUSTER_DISK_GIB),
    LaunchSpecifications: { OnDemandSpecification: { AllocationStrategy: 'lowest-price' } },
  })
  const task: InstanceFleetConfig = {
    Name: 'task',
    InstanceFleetType: 'TASK',
    TargetSpotCapacity: env.CLUSTER_TASK_UNITS,
    InstanceTypeConfigs: types(env.CLUSTER_CORE_TYPES, env.CLUSTER_DISK_GIB),
    LaunchSpecifications: {
      SpotSpecification: {
        AllocationStrategy: 'price-capacity-optimized',
        TimeoutAction: 'SWITCH_TO_ON_DEMAND',
        TimeoutDurationMinutes: 10,
      },
    },
  }
  return [
    onDemand('MASTER', env.CLUSTER_PRIMARY_TYPES, 1),
    onDemand('CORE', env.CLUSTER_CORE_TYPES, env.CLUSTER_CORE_UNITS),
    ...(env.CLUSTER_TASK_UNITS > 0 ? [task] : []),
  ]
}

function raise(message: string): never {
  throw new TaskError('ClusterFailed', message)
}
