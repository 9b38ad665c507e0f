/** A cloud with EMR in it, for tests: scripts, clusters, what they become, and what they leave. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach } from 'vitest'
import { createElasticMapReduce } from '../../../local/services/elasticmapreduce/index.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'

export const PACE = { starting: 1, idleSecond: 1 }
export const SERVICE = 'elasticmapreduce'
/** The cloud of the test that runs. */
export let cloud: TestCloud

export function furnish(over: TestCloud): TestCloud {
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

export function script(name: string, text: string): string {
  const folder = join(cloud.dataDir, 's3', 'scripts')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), text)
  return `s3://scripts/${name}`
}

export const step = (uri: string, fields: object = {}, ...more: string[]) => ({
  Name: 'Script',
  ActionOnFailure: 'CONTINUE',
  HadoopJarStep: {
    Jar: 'command-runner.jar',
    Args: ['hive-script', '--run-hive-script', '--args', '-f', uri, ...more],
  },
  ...fields,
})

export async function runJobFlow(input: object = {}): Promise<string> {
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

export const clusterIs = (id: string, ...states: string[]) =>
  until(
    async () => (await cloud.as(SERVICE, 'DescribeCluster', { ClusterId: id })).Cluster,
    (cluster: any) => states.includes(cluster.Status.State),
  )
export const stepIs = (clusterId: string, id: string, ...states: string[]) =>
  until(
    async () => (await cloud.as(SERVICE, 'DescribeStep', { ClusterId: clusterId, StepId: id })).Step,
    (found: any) => states.includes(found.Status.State),
  )
export const events = () =>
  cloud.calls
    .filter((call) => call.service === 'events')
    .flatMap((call) =>
      call.input.Entries.map((entry: any) => ({
        type: entry.DetailType,
        source: entry.Source,
        ...JSON.parse(entry.Detail),
      })),
    )
export const log = (clusterId: string, stepId: string, name: string) =>
  gunzipSync(readFileSync(join(cloud.dataDir, 's3/logs/emr', clusterId, 'steps', stepId, `${name}.gz`))).toString()
