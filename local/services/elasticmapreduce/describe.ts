/** Records as the shapes that EMR answers. */
import { hashOf } from './identity.ts'
import { stepLogUri } from './logs.ts'
import { type ClusterRecord, isOver, type StepRecord, type Store } from './store.ts'

const date = (iso: string | undefined): Date | undefined => (iso === undefined ? undefined : new Date(iso))

const tagList = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

const status = (cluster: ClusterRecord) => ({
  State: cluster.state,
  StateChangeReason: cluster.reason,
  Timeline: {
    CreationDateTime: date(cluster.created),
    ReadyDateTime: date(cluster.ready),
    EndDateTime: date(cluster.ended),
  },
})

/** Full hours that a cluster has lived, times its instances, as EMR bills them; none is billed here. */
const HOURS = 0

export function clusterSummary(cluster: ClusterRecord, store: Store) {
  return {
    Id: cluster.id,
    Name: cluster.name,
    Status: status(cluster),
    NormalizedInstanceHours: HOURS,
    ClusterArn: store.arn(cluster.id),
  }
}

export function clusterDetail(cluster: ClusterRecord, store: Store) {
  const { request } = cluster
  const { Instances = {} } = request
  return {
    ...clusterSummary(cluster, store),
    Ec2InstanceAttributes: {
      Ec2KeyName: Instances.Ec2KeyName,
      Ec2SubnetId: Instances.Ec2SubnetId ?? Instances.Ec2SubnetIds?.[0],
      RequestedEc2SubnetIds: Instances.Ec2SubnetIds ?? (Instances.Ec2SubnetId ? [Instances.Ec2SubnetId] : []),
      IamInstanceProfile: request.JobFlowRole,
      EmrManagedMasterSecurityGroup: Instances.EmrManagedMasterSecurityGroup,
      EmrManagedSlaveSecurityGroup: Instances.EmrManagedSlaveSecurityGroup,
      ServiceAccessSecurityGroup: Instances.ServiceAccessSecurityGroup,
    },
    InstanceCollectionType: Instances.InstanceFleets ? 'INSTANCE_FLEET' : 'INSTANCE_GROUP',
    LogUri: request.LogUri,
    ReleaseLabel: request.ReleaseLabel,
    AutoTerminate: !cluster.keepAlive,
    TerminationProtected: cluster.terminationProtected,
    VisibleToAllUsers: true,
    Applications: request.Applications ?? [],
    Tags: tagList(cluster.tags),
    ServiceRole: request.ServiceRole,
    MasterPublicDnsName: cluster.ready ? `ip-10-0-0-${hashOf(cluster.id) % 254}.ec2.internal` : undefined,
    Configurations: request.Configurations ?? [],
    SecurityConfiguration: request.SecurityConfiguration,
    ScaleDownBehavior: request.ScaleDownBehavior ?? 'TERMINATE_AT_TASK_COMPLETION',
    StepConcurrencyLevel: cluster.stepConcurrencyLevel,
    PlacementGroups: [],
  }
}

export function stepShape(step: StepRecord, cluster: ClusterRecord) {
  return {
    Id: step.id,
    Name: step.name,
    Config: { Jar: step.jar, Properties: step.properties, MainClass: step.mainClass, Args: step.args },
    ActionOnFailure: step.actionOnFailure,
    Status: {
      State: step.state,
      StateChangeReason: step.reason,
      FailureDetails: step.failure,
      Timeline: {
        CreationDateTime: date(step.created),
        StartDateTime: date(step.started),
        EndDateTime: date(step.ended),
      },
    },
    ...(step.executionRoleArn && { ExecutionRoleArn: step.executionRoleArn }),
    LogUri: stepLogUri(cluster, step.id),
  }
}

interface Nodes {
  id: string
  type: 'MASTER' | 'CORE' | 'TASK'
  name: string
  instanceType: string
  onDemand: number
  spot: number
  fleet: boolean
}

/** The fleets or groups that were asked for, each with the instances it would have. */
function nodesOf(cluster: ClusterRecord): Nodes[] {
  const { Instances = {} } = cluster.request
  if (Instances.InstanceFleets) {
    return Instances.InstanceFleets.map((fleet: any, i: number) => ({
      id: `if-${idOf(cluster, i)}`,
      type: fleet.InstanceFleetType,
      name: fleet.Name ?? '',
      instanceType: fleet.InstanceTypeConfigs?.[0]?.InstanceType ?? 'm5.xlarge',
      onDemand: fleet.TargetOnDemandCapacity ?? 0,
      spot: fleet.TargetSpotCapacity ?? 0,
      fleet: true,
    }))
  }
  const groups: any[] = Instances.InstanceGroups ?? [
    { InstanceRole: 'MASTER', InstanceType: Instances.MasterInstanceType ?? 'm5.xlarge', InstanceCount: 1 },
    ...((Instances.InstanceCount ?? 1) > 1
      ? [
          {
            InstanceRole: 'CORE',
            InstanceType: Instances.SlaveInstanceType ?? 'm5.xlarge',
            InstanceCount: Instances.InstanceCount - 1,
          },
        ]
      : []),
  ]
  return groups.map((group, i) => ({
    id: `ig-${idOf(cluster, i)}`,
    type: group.InstanceRole,
    name: group.Name ?? '',
    instanceType: group.InstanceType,
    onDemand: group.Market === 'SPOT' ? 0 : group.InstanceCount,
    spot: group.Market === 'SPOT' ? group.InstanceCount : 0,
    fleet: false,
  }))
}

const idOf = (cluster: ClusterRecord, i: number): string =>
  `${hashOf(`${cluster.id}/${i}`).toString(36).toUpperCase()}${cluster.id.slice(2)}`.slice(0, 13)

const nodesStatus = (cluster: ClusterRecord) => ({
  State: isOver(cluster) ? 'TERMINATED' : cluster.ready ? 'RUNNING' : 'PROVISIONING',
  StateChangeReason: {},
  Timeline: {
    CreationDateTime: date(cluster.created),
    ReadyDateTime: date(cluster.ready),
    EndDateTime: date(cluster.ended),
  },
})

export const fleets = (cluster: ClusterRecord) =>
  nodesOf(cluster).map((nodes) => ({
    Id: nodes.id,
    Name: nodes.name,
    Status: nodesStatus(cluster),
    InstanceFleetType: nodes.type,
    TargetOnDemandCapacity: nodes.onDemand,
    TargetSpotCapacity: nodes.spot,
    ProvisionedOnDemandCapacity: cluster.ready ? nodes.onDemand : 0,
    ProvisionedSpotCapacity: cluster.ready ? nodes.spot : 0,
  }))

export const groups = (cluster: ClusterRecord) =>
  nodesOf(cluster).map((nodes) => ({
    Id: nodes.id,
    Name: nodes.name,
    Status: nodesStatus(cluster),
    InstanceGroupType: nodes.type,
    InstanceType: nodes.instanceType,
    Market: nodes.spot ? 'SPOT' : 'ON_DEMAND',
    RequestedInstanceCount: nodes.onDemand + nodes.spot,
    RunningInstanceCount: cluster.ready && !isOver(cluster) ? nodes.onDemand + nodes.spot : 0,
  }))

export const instances = (cluster: ClusterRecord) =>
  nodesOf(cluster).flatMap((nodes) =>
    Array.from({ length: nodes.onDemand + nodes.spot }, (_, i) => {
      const hash = hashOf(`${cluster.id}/${nodes.id}/${i}`)
      return {
        Id: `ci-${idOf(cluster, i)}${nodes.type[0]}`,
        Ec2InstanceId: `i-${hash.toString(16).padStart(17, '0')}`,
        PrivateDnsName: `ip-10-0-${(hash >> 8) % 254}-${hash % 254}.ec2.internal`,
        PrivateIpAddress: `10.0.${(hash >> 8) % 254}.${hash % 254}`,
        Status: {
          ...nodesStatus(cluster),
          State: isOver(cluster) ? 'TERMINATED' : cluster.ready ? 'RUNNING' : 'PROVISIONING',
        },
        ...(nodes.fleet ? { InstanceFleetId: nodes.id } : { InstanceGroupId: nodes.id }),
        Market: i < nodes.onDemand ? 'ON_DEMAND' : 'SPOT',
        InstanceType: nodes.instanceType,
        EbsVolumes: [],
      }
    }),
  )
