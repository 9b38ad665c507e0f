/** The functions that load MySQL (inside the VPC) and Redshift (through its Data API). */
import { ArnFormat, Stack } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import { allow } from '../allow.ts'
import type { BatchContext } from './index.ts'

export function addLoadTasks(context: BatchContext): void {
  addMysqlTasks(context)
  addRedshiftTasks(context)
}

function addMysqlTasks({ task, storage, network, database }: BatchContext): void {
  const { processed } = storage
  const { instance } = database
  const mysql = {
    DB_HOST: instance.dbInstanceEndpointAddress,
    DB_PORT: instance.dbInstanceEndpointPort,
    DB_NAME: database.name,
    DB_USER: database.loader,
    DB_CA_FILE: database.caFile,
  }
  const inside = { vpc: network.vpc, securityGroup: network.functions }
  const loader = Stack.of(instance).formatArn({
    service: 'rds-db',
    resource: 'dbuser',
    resourceName: `${instance.instanceResourceId}/${database.loader}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })

  const prepareMysql = task('PrepareMysql', {
    environment: { ...mysql, DB_MASTER_SECRET_ARN: database.masterSecret.secretArn },
    network: inside,
    timeout: 300,
    memory: 512,
  })
  allow(prepareMysql.role, ['secretsmanager:GetSecretValue'], [database.masterSecret.secretArn])

  const listExportFiles = task('ListExportFiles', {
    environment: { PROCESSED_BUCKET: processed.bucketName },
    timeout: 120,
    memory: 512,
  })
  allow(listExportFiles.role, ['s3:ListBucket'], [processed.bucketArn])

  const loadMysql = task('LoadMysql', {
    environment: { ...mysql, PROCESSED_BUCKET: processed.bucketName },
    network: inside,
    timeout: 900,
    memory: 1024,
  })
  allow(loadMysql.role, ['s3:GetObject'], [processed.arnForObjects('export/*')], {
    because: 'Hive names the files that it writes below the prefix.',
  })
  allow(loadMysql.role, ['rds-db:connect'], [loader])

  const swapMysql = task('SwapMysql', { environment: mysql, network: inside, timeout: 900, memory: 512 })
  allow(swapMysql.role, ['rds-db:connect'], [loader])
}

function addRedshiftTasks(context: BatchContext): void {
  const { task, jobs, storage } = context
  const redshift = redshiftEnvironment(context)

  const prepareRedshift = task('PrepareRedshift', { environment: redshift, timeout: 300, memory: 512 })
  allowRedshift(prepareRedshift.role, context)

  const loadRedshift = task('LoadRedshift', {
    environment: { ...redshift, JOBS_TABLE: jobs.table.tableName, PROCESSED_BUCKET: storage.processed.bucketName },
    timeout: 60,
    memory: 512,
  })
  allowRedshift(loadRedshift.role, context)
  jobs.allowStarting(loadRedshift.role, context.machineArn)
}

export function redshiftEnvironment({ warehouse }: BatchContext): Record<string, string> {
  return { REDSHIFT_WORKGROUP: warehouse.workgroupName, REDSHIFT_DATABASE: warehouse.database }
}

/** Lets a function run SQL in the workgroup and read the results. */
export function allowRedshift(role: Role, { warehouse }: BatchContext): void {
  allow(
    role,
    ['redshift-data:BatchExecuteStatement', 'redshift-data:ExecuteStatement', 'redshift-serverless:GetCredentials'],
    [warehouse.workgroup.attrWorkgroupWorkgroupArn],
  )
  allow(role, ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], ['*'], {
    because: 'Statements of the Data API have no ARN.',
  })
}
