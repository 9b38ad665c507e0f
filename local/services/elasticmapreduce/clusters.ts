/** Operations on clusters. */
import type { Operation } from '../../gateway/service.ts'
import { clusterDetail, clusterSummary, fleets, groups, instances } from './describe.ts'
import { profileRole, roleArn } from './identity.ts'
import { page } from './page.ts'
import type { Runner } from './runner.ts'
import { newSteps } from './steps.ts'
import { type ClusterRecord, isEnding, newId, type Store, validation } from './store.ts'

/** Seconds that an auto-termination policy may state. */
const [IDLE_LEAST, IDLE_MOST] = [60, 604_800]
const ENDING = new Set(['TERMINATING', 'TERMINATED', 'TERMINATED_WITH_ERRORS'])

export function clusterOperations(store: Store, runner: Runner): Record<string, Operation> {
  const { cloud } = store
  const change = (id: string, act: (cluster: ClusterRecord) => void) => {
    const cluster = store.cluster(id)
    act(cluster)
    store.save(cluster)
  }
  return {
    RunJobFlow(input) {
      const { Steps = [], Instances, ...request } = input
      if (!input.Name) throw validation('The cluster must have a name.')
      if (!Instances) throw validation('The cluster must have instances.')
      if (!input.ServiceRole) throw validation('ServiceRole is required for creating cluster.')
      if (!input.JobFlowRole) throw validation('InstanceProfile is required for creating cluster.')
      if (!input.ReleaseLabel) throw validation('A release label is required for creating cluster.')
      const nodeRoleArn = profileRole(cloud, input.JobFlowRole)
      if (!nodeRoleArn) throw validation(`Invalid InstanceProfile: ${input.JobFlowRole}.`)
      const concurrency = input.StepConcurrencyLevel ?? 1
      const cluster: ClusterRecord = {
        id: newId('j'),
        name: input.Name,
        state: 'STARTING',
        reason: {},
        created: store.created(),
        request: { ...request, Instances },
        serviceRoleArn: roleArn(cloud, input.ServiceRole),
        nodeRoleArn,
        keepAlive: Instances.KeepJobFlowAliveWhenNoSteps ?? false,
        terminationProtected: Instances.TerminationProtected ?? false,
        stepConcurrencyLevel: checkConcurrency(concurrency),
        idleTimeout: input.AutoTerminationPolicy && checkIdle(input.AutoTerminationPolicy.IdleTimeout),
        tags: tagsOf(input.Tags),
        steps: newSteps(Steps, concurrency, 0, undefined),
      }
      store.save(cluster)
      runner.start(cluster)
      return { JobFlowId: cluster.id, ClusterArn: store.arn(cluster.id) }
    },

    DescribeCluster: ({ ClusterId }) => ({ Cluster: clusterDetail(store.cluster(ClusterId), store) }),

    ListClusters({ ClusterStates, CreatedAfter, CreatedBefore, Marker }) {
      const wanted = store.clusters
        .entries()
        .map(([, cluster]) => cluster)
        .filter((c) => !ClusterStates?.length || ClusterStates.includes(c.state))
        .filter((c) => !CreatedAfter || Date.parse(c.created) >= new Date(CreatedAfter).getTime())
        .filter((c) => !CreatedBefore || Date.parse(c.created) <= new Date(CreatedBefore).getTime())
        .sort((a, b) => (a.created > b.created ? -1 : 1))
      const { items, next } = page(wanted, Marker)
      return { Clusters: items.map((cluster) => clusterSummary(cluster, store)), Marker: next }
    },

    async TerminateJobFlows({ JobFlowIds = [] }) {
      const clusters: ClusterRecord[] = JobFlowIds.map((id: string) => store.cluster(id))
      if (clusters.some((c) => c.terminationProtected && !isEnding(c))) {
        throw validation('Could not shut down one or more job flows since they are termination protected.')
      }
      for (const { id } of clusters)
        await runner.terminate(id, { Code: 'USER_REQUEST', Message: 'Terminated by user request' })
      return {}
    },

    SetTerminationProtection({ JobFlowIds = [], TerminationProtected }) {
      for (const id of JobFlowIds) {
        change(id, (cluster) => {
          if (ENDING.has(cluster.state))
            throw validation('Cannot set termination protection of a cluster that is terminating.')
          cluster.terminationProtected = TerminationProtected === true
        })
      }
      return {}
    },

    SetKeepJobFlowAliveWhenNoSteps({ JobFlowIds = [], KeepJobFlowAliveWhenNoSteps }) {
      for (const id of JobFlowIds) {
        change(id, (cluster) => {
          cluster.keepAlive = KeepJobFlowAliveWhenNoSteps === true
        })
        runner.proceed(id)
      }
      return {}
    },

    ModifyCluster({ ClusterId, StepConcurrencyLevel }) {
      change(ClusterId, (cluster) => {
        cluster.stepConcurrencyLevel = checkConcurrency(StepConcurrencyLevel ?? cluster.stepConcurrencyLevel)
      })
      return { StepConcurrencyLevel: store.cluster(ClusterId).stepConcurrencyLevel }
    },

    PutAutoTerminationPolicy({ ClusterId, AutoTerminationPolicy }) {
      change(ClusterId, (cluster) => {
        cluster.idleTimeout = checkIdle(AutoTerminationPolicy?.IdleTimeout)
      })
      runner.watchIdle(ClusterId)
      return {}
    },

    GetAutoTerminationPolicy({ ClusterId }) {
      const { idleTimeout } = store.cluster(ClusterId)
      return idleTimeout === undefined ? {} : { AutoTerminationPolicy: { IdleTimeout: idleTimeout } }
    },

    RemoveAutoTerminationPolicy({ ClusterId }) {
      change(ClusterId, (cluster) => {
        cluster.idleTimeout = undefined
      })
      runner.watchIdle(ClusterId)
      return {}
    },

    AddTags({ ResourceId, Tags }) {
      change(ResourceId, (cluster) => Object.assign(cluster.tags, tagsOf(Tags)))
      return {}
    },

    RemoveTags({ ResourceId, TagKeys = [] }) {
      change(ResourceId, (cluster) => {
        for (const key of TagKeys) delete cluster.tags[key]
      })
      return {}
    },

    ListInstances: ({ ClusterId, InstanceGroupId, InstanceFleetId, InstanceStates }) => ({
      Instances: instances(store.cluster(ClusterId)).filter(
        (i) =>
          (!InstanceGroupId || ('InstanceGroupId' in i && i.InstanceGroupId === InstanceGroupId)) &&
          (!InstanceFleetId || ('InstanceFleetId' in i && i.InstanceFleetId === InstanceFleetId)) &&
          (!InstanceStates?.length || InstanceStates.includes(i.Status.State)),
      ),
    }),

    ListInstanceFleets({ ClusterId }) {
      const cluster = store.cluster(ClusterId)
      if (!cluster.request.Instances.InstanceFleets)
        throw validation(
          'Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses instance groups.',
        )
      return { InstanceFleets: fleets(cluster) }
    },

    ListInstanceGroups({ ClusterId }) {
      const cluster = store.cluster(ClusterId)
      if (cluster.request.Instances.InstanceFleets)
        throw validation(
          'Instance fleets and instance groups are mutually exclusive. The EMR cluster specified in the request uses instance fleets.',
        )
      return { InstanceGroups: groups(cluster) }
    },

    ListBootstrapActions: ({ ClusterId }) => ({
      BootstrapActions: (store.cluster(ClusterId).request.BootstrapActions ?? []).map(
        ({ Name, ScriptBootstrapAction = {} }: any) => ({
          Name,
          ScriptPath: ScriptBootstrapAction.Path,
          Args: ScriptBootstrapAction.Args ?? [],
        }),
      ),
    }),
  }
}

const tagsOf = (tags: { Key?: string; Value?: string }[] | undefined): Record<string, string> =>
  Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))

function checkConcurrency(level: number): number {
  if (!(Number.isInteger(level) && level >= 1 && level <= 256))
    throw validation('Step concurrency level should be in between 1 and 256.')
  return level
}

function checkIdle(seconds: number | undefined): number {
  const value = seconds ?? 3600
  if (!(value >= IDLE_LEAST && value <= IDLE_MOST))
    throw validation(`Idle timeout should be between ${IDLE_LEAST} and ${IDLE_MOST} seconds.`)
  return value
}
