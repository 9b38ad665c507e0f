/** The functions that load MySQL (inside the VPC) and Redshift (through its Data API). */
import { ArnFormat, Stack } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import { allow } from '../allow.ts'
import { anyStatement } from '../jobs.ts'
import type { Warehouse } from '../warehouse.ts'
import type { Batch, BatchProps } from './index.ts'

export function addLoadTasks(batch: Batch, props: BatchProps): void {
  addMysqlTasks(batch, props)
  addRedshiftTasks(batch, props)
}

function addMysqlTasks(batch: Batch, { jobs, storage, network, database }: BatchProps): void {
  const { processed } = storage
  const { instance } = database
  const mysql = {
    DB_HOST: instance.dbInstanceEndpointAddress,
    DB_PORT: instance.dbInstanceEndpointPort,
    DB_NAME: database.name,
    DB_USER: database.loader,
    DB_CA_FILE: database.caFile,
  }
  const locks = { LOCKS_TABLE: jobs.locks.tableName }
  const inside = { vpc: network.vpc, securityGroup: network.functions }
  const loader = Stack.of(instance).formatArn({
    service: 'rds-db',
    resource: 'dbuser',
    resourceName: `${instance.instanceResourceId}/${database.loader}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })

  const prepareMysql = batch.task('PrepareMysql', {
    environment: { ...mysql, ...locks, DB_MASTER_SECRET_ARN: database.masterSecret.secretArn },
    network: inside,
    timeout: 300,
    memory: 512,
  })
  jobs.allowHolding(prepareMysql.role)
  allow(prepareMysql.role, ['secretsmanager:GetSecretValue'], [database.masterSecret.secretArn])

  const listExportFiles = batch.task('ListExportFiles', {
    environment: { PROCESSED_BUCKET: processed.bucketName },
    timeout: 120,
    memory: 512,
  })
  allow(listExportFiles.role, ['s3:ListBucket'], [processed.bucketArn])

  const loadMysql = batch.task('LoadMysql', {
    environment: { ...mysql, ...locks, PROCESSED_BUCKET: processed.bucketName },
    network: inside,
    timeout: 900,
    memory: 1024,
  })
  jobs.allowHolding(loadMysql.role)
  allow(loadMysql.role, ['s3:GetObject'], [processed.arnForObjects('export/*')], {
    because: 'Hive names the files that it writes below the prefix.',
  })
  allow(loadMysql.role, ['rds-db:connect'], [loader])

  const swapMysql = batch.task('SwapMysql', {
    environment: { ...mysql, ...locks },
    network: inside,
    timeout: 900,
    memory: 512,
  })
  jobs.allowHolding(swapMysql.role)
  allow(swapMysql.role, ['rds-db:connect'], [loader])

  const measureMysql = batch.task('MeasureMysql', { environment: mysql, network: inside, timeout: 900, memory: 512 })
  allow(measureMysql.role, ['rds-db:connect'], [loader])
}

function addRedshiftTasks(batch: Batch, { jobs, storage, warehouse }: BatchProps): void {
  const redshift = redshiftEnvironment(warehouse)

  const prepareRedshift = batch.task('PrepareRedshift', { environment: redshift, timeout: 300, memory: 512 })
  allow(
    prepareRedshift.role,
    ['redshift-data:BatchExecuteStatement', 'redshift-serverless:GetCredentials'],
    [warehouse.workgroup.attrWorkgroupWorkgroupArn],
  )
  allow(prepareRedshift.role, ['redshift-data:DescribeStatement'], ['*'], { because: anyStatement })

  const loadRedshift = batch.task('LoadRedshift', {
    environment: {
      ...redshift,
      LOCKS_TABLE: jobs.locks.tableName,
      JOBS_TABLE: jobs.table.tableName,
      PROCESSED_BUCKET: storage.processed.bucketName,
    },
    timeout: 60,
    memory: 512,
    // To Redshift a role is a user, and a table belongs to the user who made it.
    role: prepareRedshift.role,
  })
  allow(loadRedshift.role, ['dynamodb:Query'], [jobs.byExecution])
  jobs.allowTracking(loadRedshift.role, batch.machineArn)
  jobs.allowHolding(loadRedshift.role)
}

export function redshiftEnvironment(warehouse: Warehouse): Record<string, string> {
  return { REDSHIFT_WORKGROUP: warehouse.workgroupName, REDSHIFT_DATABASE: warehouse.database }
}

/** Lets a function query the workgroup and read the results. */
export function allowQueries(role: Role, warehouse: Warehouse): void {
  allow(
    role,
    ['redshift-data:ExecuteStatement', 'redshift-serverless:GetCredentials'],
    [warehouse.workgroup.attrWorkgroupWorkgroupArn],
  )
  allow(role, ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], ['*'], { because: anyStatement })
}
