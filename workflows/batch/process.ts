/** The functions that create the cluster, run Hive on it, check what it did and end it. */
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { allow } from '../allow.ts'
import { Cluster } from '../cluster.ts'
import { anyCluster, clusters } from '../jobs.ts'
import type { Batch, BatchProps } from './index.ts'

/** The states that run a Hive script, and the variable that names it. */
const scripts = {
  CreateTables: { file: 'create-tables.hql', variable: 'CREATE_TABLES_SCRIPT' },
  ProcessOrigination: { file: 'process-origination.hql', variable: 'PROCESS_ORIGINATION_SCRIPT' },
  ProcessPerformance: { file: 'process-performance.hql', variable: 'PROCESS_PERFORMANCE_SCRIPT' },
  CountRecords: { file: 'count-records.hql', variable: 'COUNT_RECORDS_SCRIPT' },
}

export function addProcessTasks(batch: Batch, props: BatchProps): void {
  const { jobs, storage } = props
  const assets = Object.entries(scripts).map(
    ([state, { file }]) => [state, new Asset(batch, `${state}Script`, { path: `${props.root}/hql/${file}` })] as const,
  )
  addClearQuarters(batch, props)
  addCreateCluster(
    batch,
    props,
    assets.map(([, asset]) => asset),
  )

  for (const [state, script] of assets) {
    const runHive = batch.task(state, {
      environment: {
        JOBS_TABLE: jobs.table.tableName,
        LOCKS_TABLE: jobs.locks.tableName,
        RAW_BUCKET: storage.raw.bucketName,
        PROCESSED_BUCKET: storage.processed.bucketName,
        [scripts[state as keyof typeof scripts].variable]: script.s3ObjectUrl,
      },
      timeout: 60,
      memory: 512,
    })
    allow(
      runHive.role,
      [
        'elasticmapreduce:AddJobFlowSteps',
        'elasticmapreduce:DescribeCluster',
        'elasticmapreduce:DescribeStep',
        'elasticmapreduce:ListSteps',
      ],
      [clusters(batch)],
      { because: anyCluster },
    )
    allow(runHive.role, ['dynamodb:Query'], [jobs.byExecution])
    jobs.allowTracking(runHive.role, batch.machineArn)
    jobs.allowHolding(runHive.role)
  }

  const checkQuality = batch.task('CheckQuality', {
    environment: {
      PROCESSED_BUCKET: storage.processed.bucketName,
      ARCHIVES_TABLE: batch.archives.tableName,
      LOCKS_TABLE: jobs.locks.tableName,
    },
    timeout: 120,
    memory: 512,
  })
  jobs.allowHolding(checkQuality.role)
  allow(checkQuality.role, ['s3:ListBucket'], [storage.processed.bucketArn])
  allow(checkQuality.role, ['s3:GetObject'], [storage.processed.arnForObjects('counts/*')], {
    because: 'Hive names the files that it writes below the prefix.',
  })
  allow(checkQuality.role, ['dynamodb:UpdateItem'], [batch.archives.tableArn])

  const terminateCluster = batch.task('TerminateCluster', {
    environment: { JOBS_TABLE: jobs.table.tableName },
    timeout: 120,
    memory: 512,
  })
  jobs.allowStopping(terminateCluster.role)
}

function addClearQuarters(batch: Batch, { jobs, storage: { processed } }: BatchProps): void {
  const clearQuarters = batch.task('ClearQuarters', {
    environment: {
      PROCESSED_BUCKET: processed.bucketName,
      ARCHIVES_TABLE: batch.archives.tableName,
      LOCKS_TABLE: jobs.locks.tableName,
    },
    timeout: 300,
    memory: 512,
  })
  jobs.allowHolding(clearQuarters.role)
  allow(clearQuarters.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(
    clearQuarters.role,
    ['s3:DeleteObject'],
    ['origination', 'performance', 'servicing', 'quarantine/origination', 'quarantine/performance', 'export'].map(
      (part) => processed.arnForObjects(`${part}/*`),
    ),
    { because: 'Hive names the files that it writes below the prefixes.' },
  )
  allow(clearQuarters.role, ['dynamodb:UpdateItem'], [batch.archives.tableArn])
}

function addCreateCluster(batch: Batch, props: BatchProps, hiveScripts: Asset[]): void {
  const { jobs, parameters, storage, network } = props
  const cluster = new Cluster(batch, 'Cluster', {
    vpc: network.vpc,
    raw: storage.raw,
    processed: storage.processed,
    logs: storage.logs,
    scripts: hiveScripts,
  })
  const createCluster = batch.task('CreateCluster', {
    environment: {
      JOBS_TABLE: jobs.table.tableName,
      LOCKS_TABLE: jobs.locks.tableName,
      LOGS_BUCKET: storage.logs.bucketName,
      CLUSTER_RELEASE: parameters.clusterRelease,
      CLUSTER_SERVICE_ROLE: cluster.serviceRole.roleName,
      CLUSTER_INSTANCE_PROFILE: cluster.instanceProfile.instanceProfileName,
      CLUSTER_SUBNETS: network.vpc.publicSubnets.map((subnet) => subnet.subnetId).join(','),
      CLUSTER_PRIMARY_TYPES: parameters.clusterPrimaryTypes,
      CLUSTER_CORE_TYPES: parameters.clusterCoreTypes,
      CLUSTER_CORE_UNITS: parameters.clusterCoreUnits,
      CLUSTER_TASK_UNITS: parameters.clusterTaskUnits,
      CLUSTER_DISK_GIB: parameters.clusterDisk,
      CLUSTER_IDLE_SECONDS: '3600',
      CLUSTER_PRIMARY_SECURITY_GROUP: cluster.primary.securityGroupId,
      CLUSTER_CORE_SECURITY_GROUP: cluster.core.securityGroupId,
    },
    timeout: 60,
    memory: 512,
  })
  allow(createCluster.role, ['elasticmapreduce:ListClusters', 'elasticmapreduce:RunJobFlow'], ['*'], {
    because: 'The cluster has no ARN before it exists, and ListClusters knows no resource.',
  })
  allow(
    createCluster.role,
    [
      'elasticmapreduce:AddTags',
      'elasticmapreduce:DescribeCluster',
      'elasticmapreduce:PutAutoTerminationPolicy',
      'elasticmapreduce:TerminateJobFlows',
    ],
    [clusters(batch)],
    { because: anyCluster },
  )
  allow(createCluster.role, ['states:DescribeExecution'], [batch.executions], {
    because: 'Executions are named when they start.',
  })
  allow(createCluster.role, ['iam:PassRole'], [cluster.serviceRole.roleArn], {
    conditions: { StringEquals: { 'iam:PassedToService': 'elasticmapreduce.amazonaws.com' } },
  })
  allow(createCluster.role, ['iam:PassRole'], [cluster.nodeRole.roleArn], {
    conditions: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
  })
  jobs.allowTracking(createCluster.role, batch.machineArn)
  jobs.allowHolding(createCluster.role)
}
