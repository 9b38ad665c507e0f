/** The batch workflow: collects archives, processes them with Hive, loads MySQL and Redshift, and reports. */
import { RemovalPolicy, TimeZone } from 'aws-cdk-lib'
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import type { Database } from '../database.ts'
import type { Network } from '../network.ts'
import type { Parameters } from '../parameters.ts'
import type { Storage } from '../storage.ts'
import type { Warehouse } from '../warehouse.ts'
import { Workflow, type WorkflowProps } from '../workflow.ts'
import { addCollectTasks } from './collect.ts'
import { addLoadTasks } from './load.ts'
import { addProcessTasks } from './process.ts'
import { addReportTasks } from './report.ts'

export interface BatchProps extends WorkflowProps {
  parameters: Parameters
  /** The name and password for the download site. */
  sourceCredentials: ISecret
  storage: Storage
  network: Network
  database: Database
  warehouse: Warehouse
}

export class Batch extends Workflow {
  /** Knows of each quarter which archive reached which stage. */
  readonly archives: Table

  constructor(scope: Construct, id: string, props: BatchProps) {
    super(scope, id, props)
    this.archives = new Table(this, 'Archives', {
      partitionKey: { name: 'quarter', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    })
    addCollectTasks(this, props)
    addProcessTasks(this, props)
    addLoadTasks(this, props)
    addReportTasks(this, props)
    this.define({ schedule: afterEachRelease, input: {} })
    props.monitoring.watchRecords('Batch')
  }
}

/** Freddie Mac publishes a quarter about four months after it ended. */
const afterEachRelease = ScheduleExpression.cron({
  minute: '0',
  hour: '6',
  day: '5',
  month: '2,5,8,11',
  timeZone: TimeZone.ETC_UTC,
})
