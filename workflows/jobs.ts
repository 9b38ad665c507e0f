/**
 * Long jobs and who ends them. A task that starts a long job keeps its task token in the Jobs table; EventBridge tells `complete-job`
 * when the job is over, a schedule lets `reconcile-jobs` heal lost events and send heartbeats, and `cancel-jobs` stops what an
 * aborted execution left running.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import { allow } from './allow.ts'
import type { Bundles } from './bundle.ts'
import { TaskFunction } from './task-function.ts'

export interface JobsProps {
  bundles: Bundles
}

export class Jobs extends Construct {
  /** One row an open job, with its task token, which is a credential. */
  readonly table: Table
  /** One row a workflow that runs, with the execution that may write. */
  readonly locks: Table
  /** Events and invocations that reached no function, or that one failed at for good. */
  readonly deadLetters: Queue
  readonly functions: readonly TaskFunction[]
  private readonly completeJob: TaskFunction
  private readonly reconcileJobs: TaskFunction
  private readonly cancelJobs: TaskFunction

  constructor(scope: Construct, id: string, props: JobsProps) {
    super(scope, id)
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'jobId', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.table.addGlobalSecondaryIndex({
      indexName: 'byExecution',
      partitionKey: { name: 'executionArn', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    })
    acknowledge(this.table, 'Open jobs of running executions: a copy of yesterday would name jobs that are over.', [
      'AwsSolutions-DDB3',
    ])
    this.locks = new Table(this, 'Locks', {
      partitionKey: { name: 'workflow', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    acknowledge(this.locks, 'Locks of running executions: a copy of yesterday would name executions that are over.', [
      'AwsSolutions-DDB3',
    ])
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    acknowledge(this.deadLetters, 'This is the dead-letter queue.', ['AwsSolutions-SQS3'])

    const environment = { JOBS_TABLE: this.table.tableName }
    const task = (name: string, path: string, timeout: number) =>
      new TaskFunction(this, name, { task: `jobs/${path}`, bundles: props.bundles, environment, timeout, memory: 512 })
    this.completeJob = task('CompleteJob', 'complete-job', 60)
    this.reconcileJobs = task('ReconcileJobs', 'reconcile-jobs', 300)
    this.cancelJobs = task('CancelJobs', 'cancel-jobs', 120)
    this.functions = [this.completeJob, this.reconcileJobs, this.cancelJobs]
    allow(this.completeJob.role, ['dynamodb:GetItem', 'dynamodb:UpdateItem'], [this.table.tableArn])
    allow(this.completeJob.role, ['dynamodb:Query'], [this.byExecution])
    this.allowDescribing(this.completeJob.role)
    allow(this.reconcileJobs.role, ['dynamodb:Scan', 'dynamodb:UpdateItem'], [this.table.tableArn])
    this.allowDescribing(this.reconcileJobs.role)
    this.allowCancelling(this.reconcileJobs.role)
    this.allowStopping(this.cancelJobs.role)
    for (const stopping of [this.reconcileJobs, this.cancelJobs]) {
      allow(stopping.role, ['sagemaker:StopTrainingJob'], [trainingJobs(this)], { because: anyTraining })
    }

    for (const called of [this.completeJob, this.cancelJobs]) this.keepFailures(called)
    for (const [name, pattern] of Object.entries(terminalStates)) this.rule(name, pattern, this.completeJob)
    this.reconcileEveryFiveMinutes()
  }

  /** The Jobs table's index on the execution that a job belongs to. */
  get byExecution(): string {
    return `${this.table.tableArn}/index/byExecution`
  }

  /** Lets a task keep the tokens of the jobs it starts for the state machine, and complete at once what is over already. */
  allowTracking(role: Role, machineArn: string): void {
    allow(role, ['dynamodb:PutItem', 'dynamodb:UpdateItem'], [this.table.tableArn])
    allow(role, ['states:SendTaskSuccess', 'states:SendTaskFailure'], [machineArn])
  }

  /** Lets a function find the jobs of an execution and stop them and its cluster. */
  allowStopping(role: Role): void {
    allow(role, ['dynamodb:Query'], [this.byExecution])
    allow(role, ['dynamodb:UpdateItem'], [this.table.tableArn])
    allow(role, ['elasticmapreduce:ListClusters'], ['*'], { because: 'ListClusters knows no resource.' })
    this.allowCancelling(role)
  }

  /** Lets a function take the workflow's lock, also from an execution that runs no more, when it has stopped what that one left. */
  allowLocking(role: Role, executions: string): void {
    allow(role, ['dynamodb:PutItem', 'dynamodb:GetItem'], [this.locks.tableArn])
    allow(role, ['states:DescribeExecution'], [executions], { because: 'Executions are named when they start.' })
    this.allowStopping(role)
    allow(role, ['redshift-data:DescribeStatement'], ['*'], { because: anyStatement })
  }

  /** Lets a function work while its execution holds the lock, and give it back. */
  allowHolding(role: Role): void {
    allow(role, ['dynamodb:UpdateItem', 'dynamodb:GetItem'], [this.locks.tableArn])
  }

  /** Ends, heals and cancels the jobs of a state machine's executions. */
  serve(name: string, machineArn: string, executions: string): void {
    for (const ending of [this.completeJob, this.reconcileJobs]) {
      allow(ending.role, ['states:SendTaskSuccess', 'states:SendTaskFailure'], [machineArn])
    }
    allow(this.reconcileJobs.role, ['states:SendTaskHeartbeat'], [machineArn])
    const detail = { stateMachineArn: [machineArn], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] }
    const detailType = ['Step Functions Execution Status Change']
    this.rule(`${name}Stopped`, { source: ['aws.states'], detailType, detail }, this.cancelJobs)
    // The event may be late: an execution that was redriven meanwhile goes on.
    allow(this.cancelJobs.role, ['states:DescribeExecution'], [executions], {
      because: 'Executions are named when they start.',
    })
  }

  private allowDescribing(role: Role): void {
    allow(role, ['elasticmapreduce:DescribeCluster', 'elasticmapreduce:DescribeStep'], [clusters(this)], {
      because: anyCluster,
    })
    allow(role, ['redshift-data:DescribeStatement'], ['*'], { because: anyStatement })
    allow(role, ['sagemaker:DescribeTrainingJob'], [trainingJobs(this)], { because: anyTraining })
    allow(role, ['sagemaker:DescribeEndpoint'], [classifier(this)])
  }

  private allowCancelling(role: Role): void {
    allow(role, ['elasticmapreduce:TerminateJobFlows', 'elasticmapreduce:CancelSteps'], [clusters(this)], {
      because: anyCluster,
    })
    allow(role, ['redshift-data:CancelStatement'], ['*'], { because: anyStatement })
  }

  private rule(id: string, eventPattern: EventPattern, task: TaskFunction): void {
    const target = new LambdaFunction(task.function, {
      deadLetterQueue: this.deadLetters,
      maxEventAge: Duration.hours(2),
      retryAttempts: 10,
    })
    new Rule(this, id, { eventPattern, targets: [target] })
  }

  /** EventBridge is done once Lambda has taken an event: what the function fails at three times would be forgotten. */
  private keepFailures(task: TaskFunction): void {
    const { queueArn } = this.deadLetters
    allow(task.role, ['sqs:SendMessage'], [queueArn])
    task.function.configureAsyncInvoke({ retryAttempts: 2, onFailure: { bind: () => ({ destination: queueArn }) } })
  }

  private reconcileEveryFiveMinutes(): void {
    const role = new Role(this, 'ReconcileRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'EventBridge Scheduler reconciles jobs with it',
    })
    allow(role, ['lambda:InvokeFunction'], [this.reconcileJobs.arn])
    const arn = this.reconcileJobs.arn
    new Schedule(this, 'Reconcile', {
      description: 'Heals lost events and sends heartbeats for open jobs',
      schedule: ScheduleExpression.rate(Duration.minutes(5)),
      // The next run, five minutes later, is the retry.
      target: { bind: () => ({ arn, role, retryPolicy: { maximumRetryAttempts: 0 } }) },
    })
  }
}

/** What AWS announces when a job is over. @see https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-emr.html */
const terminalStates: Record<string, EventPattern> = {
  StepEnded: {
    source: ['aws.emr'],
    detailType: ['EMR Step Status Change'],
    detail: { state: ['COMPLETED', 'FAILED', 'CANCELLED', 'INTERRUPTED'] },
  },
  ClusterReadyOrEnded: {
    source: ['aws.emr'],
    detailType: ['EMR Cluster State Change'],
    detail: { state: ['WAITING', 'TERMINATED', 'TERMINATED_WITH_ERRORS'] },
  },
  StatementEnded: {
    source: ['aws.redshift-data'],
    detailType: ['Redshift Data Statement Status Change'],
    detail: { state: ['FINISHED', 'FAILED', 'ABORTED'] },
  },
  // https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
  TrainingEnded: {
    source: ['aws.sagemaker'],
    detailType: ['SageMaker Training Job State Change'],
    detail: { TrainingJobName: [{ prefix: 'stepwell-' }], TrainingJobStatus: ['Completed', 'Failed', 'Stopped'] },
  },
  EndpointDeployed: {
    source: ['aws.sagemaker'],
    detailType: ['SageMaker Endpoint State Change'],
    detail: { EndpointStatus: ['IN_SERVICE', 'FAILED', 'UPDATE_ROLLBACK_FAILED'] },
  },
}

/** The training jobs of the model workflow. */
export function trainingJobs(scope: Construct): string {
  return Stack.of(scope).formatArn({ service: 'sagemaker', resource: 'training-job', resourceName: 'stepwell-*' })
}

/** Why a policy names all of them. */
export const anyTraining = 'A training job is named after its execution.'

/** The endpoint of the model workflow; SageMaker writes names in ARNs in lower case. */
function classifier(scope: Construct): string {
  const { stackName } = Stack.of(scope)
  return Stack.of(scope).formatArn({
    service: 'sagemaker',
    resource: 'endpoint',
    resourceName: `${stackName.toLowerCase()}-classifier`,
  })
}

/** The clusters of this account and region. */
export function clusters(scope: Construct): string {
  return Stack.of(scope).formatArn({ service: 'elasticmapreduce', resource: 'cluster', resourceName: '*' })
}

/** Why a policy names all clusters. */
export const anyCluster = 'EMR chooses the id of a cluster when a run creates it.'

/** Why a policy names all statements. */
export const anyStatement = 'Statements of the Data API have no ARN.'
