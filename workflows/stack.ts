/** Everything that is deployed: one stack, `Stepwell`, which the local cloud boots from too. */
import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { Batch } from './batch/index.ts'
import type { Bundles } from './bundle.ts'
import { Database } from './database.ts'
import { Jobs } from './jobs.ts'
import { Model, ModelTeardown } from './model/index.ts'
import { Monitoring } from './monitoring.ts'
import { Network } from './network.ts'
import { Parameters } from './parameters.ts'
import { Storage } from './storage.ts'
import { Stream, StreamTeardown } from './stream/index.ts'
import { ExecutionsApi } from './triggers.ts'
import { Warehouse } from './warehouse.ts'
import { Zones } from './zones.ts'

export interface StepwellProps extends StackProps {
  /** The repository's root. */
  root: string
  bundles: Bundles
}

export class Stepwell extends Stack {
  private readonly zones: Zones

  constructor(scope: Construct, id: string, { root, bundles, ...props }: StepwellProps) {
    super(scope, id, { description: 'Data pipelines as Step Functions workflows', ...props })
    Tags.of(this).add('application', 'stepwell')

    this.zones = new Zones(this, 'Zones')
    const parameters = new Parameters(this, 'Parameters')
    const storage = new Storage(this, 'Storage', { landingPrefix: parameters.landingPrefix })
    const network = new Network(this, 'Network', { logs: storage.logs })
    const database = new Database(this, 'Database', { vpc: network.vpc, clients: network.functions })
    const warehouse = new Warehouse(this, 'Warehouse', { vpc: network.vpc, processed: storage.processed })
    const monitoring = new Monitoring(this, 'Monitoring')
    const jobs = new Jobs(this, 'Jobs', { bundles })
    const sourceCredentials = new Secret(this, 'SourceCredentials', {
      description:
        'The name and password for the download site (JSON: username, password); the http driver signs in with them',
      generateSecretString: { secretStringTemplate: '{"username":"loans"}', generateStringKey: 'password' },
    })
    acknowledge(sourceCredentials, 'The download site gives these credentials out and knows no rotation.', [
      'AwsSolutions-SMG4',
    ])
    const api = new ExecutionsApi(this, 'Executions')
    const batch = new Batch(this, 'Batch', {
      root,
      bundles,
      parameters,
      sourceCredentials,
      storage,
      network,
      database,
      warehouse,
      jobs,
      monitoring,
      api,
    })
    const common = { root, bundles, jobs, monitoring, api }
    const model = new Model(this, 'Model', { ...common, parameters, storage })
    const modelTeardown = new ModelTeardown(this, 'ModelTeardown', { ...common, model })
    const stream = new Stream(this, 'Stream', { ...common, storage })
    const streamTeardown = new StreamTeardown(this, 'StreamTeardown', { ...common, stream })
    monitoring.watchDatabase(database.instance)
    monitoring.watchDeadLetters(jobs.deadLetters)

    this.output('BatchStateMachineArn', batch.machine.stateMachineArn, 'The batch workflow')
    this.output('ModelStateMachineArn', model.machine.stateMachineArn, 'The model workflow')
    this.output('ModelTeardownStateMachineArn', modelTeardown.machine.stateMachineArn, 'Ends the endpoint')
    this.output('ClassifierEndpointName', model.endpointName, 'The endpoint that the model workflow deploys')
    this.output('StreamStateMachineArn', stream.machine.stateMachineArn, 'The stream workflow')
    this.output('StreamTeardownStateMachineArn', streamTeardown.machine.stateMachineArn, 'Takes the stream down')
    this.output('StreamName', stream.names.stream, 'The Kinesis stream that producers put records into')
    this.output('StreamBucketName', storage.processed.bucketName, 'Records land below stream/')
    this.output('RawBucketName', storage.raw.bucketName, 'Archives land below landing/, images below images/')
    this.output('ProcessedBucketName', storage.processed.bucketName, 'Parquet, exports, quarantined lines')
    this.output('ReportsBucketName', storage.reports.bucketName, 'One folder of reports an execution')
    this.output('LogsBucketName', storage.logs.bucketName, 'Logs of clusters and of access')
    this.output(
      'SourceCredentialsArn',
      sourceCredentials.secretArn,
      'Put the name and password for the download site here',
    )
    this.output('RedshiftWorkgroupName', warehouse.workgroupName, 'Where to query loans')
    this.output('RedshiftDatabaseName', warehouse.database, 'The database of the workgroup')
    this.output('MysqlEndpoint', database.instance.dbInstanceEndpointAddress, 'The host of MySQL, inside the VPC')
    this.output('MysqlDatabaseName', database.name, 'The database in MySQL')
    this.output('JobsTableName', jobs.table.tableName, 'Open long jobs')
    this.output('ArchivesTableName', batch.archives.tableName, 'What is known of each archive')
    this.output('FailureTopicArn', monitoring.topic.topicArn, 'Subscribe to hear of failures')
    this.output('DashboardName', monitoring.dashboard.dashboardName, 'The dashboard in CloudWatch')
  }

  override get availabilityZones(): string[] {
    return this.zones.names
  }

  /** Outputs keep their plain names: people, the command line and the tests read them. */
  private output(name: string, value: string, description: string): void {
    new CfnOutput(this, `${name}Output`, { value, description }).overrideLogicalId(name)
  }
}
