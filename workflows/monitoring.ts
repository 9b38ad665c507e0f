/** What people are told and shown: a topic for failures, alarms, and one dashboard. */
import { Duration, Stack } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { DatabaseInstance } from 'aws-cdk-lib/aws-rds'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { TaskFunction } from './task-function.ts'

export class Monitoring extends Construct {
  /** Failures and alarms go here; people subscribe to it. */
  readonly topic: Topic
  readonly dashboard: Dashboard

  constructor(scope: Construct, id: string) {
    super(scope, id)
    this.topic = new Topic(this, 'Failures', { displayName: 'Failures of Stepwell workflows', enforceSSL: true })
    // A topic with a policy of its own no longer trusts its whole account, and alarms are not a role of ours.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    acknowledge(
      this.topic,
      "Messages hold names and causes, no data; alarms cannot publish to a topic with AWS's own key.",
      ['AwsSolutions-SNS2'],
    )
    this.dashboard = new Dashboard(this, 'Dashboard', {
      // Dashboards belong to the account, not to a region: two regions would write over each other's.
      dashboardName: `${Stack.of(this).stackName}-${Stack.of(this).region}`,
      defaultInterval: Duration.days(7),
    })
  }

  /** Alarms on every execution that ends otherwise than well, and draws executions, durations and the errors of functions. */
  watchWorkflow(name: string, machine: StateMachine, functions: readonly TaskFunction[]): void {
    const period = Duration.minutes(5)
    const lost = new MathExpression({
      label: 'Executions failed, timed out or aborted',
      expression: 'FILL(failed, 0) + FILL(timedOut, 0) + FILL(aborted, 0)',
      usingMetrics: {
        failed: machine.metricFailed(),
        timedOut: machine.metricTimedOut(),
        aborted: machine.metricAborted(),
      },
      period,
    })
    this.alarm(`${name}Lost`, lost, 1, `An execution of the ${name} workflow failed, timed out or was aborted.`)
    this.dashboard.addWidgets(
      new GraphWidget({
        title: `${name}: executions`,
        width: 8,
        left: [machine.metricStarted({ period }), machine.metricSucceeded({ period }), lost],
      }),
      new GraphWidget({
        title: `${name}: duration`,
        width: 8,
        left: [machine.metricTime({ statistic: 'max', period: Duration.hours(1) })],
      }),
      new GraphWidget({
        title: `${name}: errors of functions`,
        width: 8,
        left: functions.map((task) => task.function.metricErrors({ label: task.node.id, period })),
      }),
    )
  }

  /** Draws the records that runs have loaded and rejected, as Reconcile logs them (tasks/batch/archive/metrics.ts). */
  watchRecords(name: string): void {
    const records = (table: string, metricName: string) =>
      new Metric({
        namespace: `Stepwell/${name}`,
        metricName,
        dimensionsMap: { Table: table },
        statistic: 'sum',
        period: Duration.hours(1),
        label: metricName,
      })
    this.dashboard.addWidgets(
      ...['origination', 'performance'].map(
        (table) =>
          new GraphWidget({
            title: `${name}: ${table} records`,
            width: 12,
            left: [records(table, 'Processed')],
            right: [records(table, 'Rejected')],
          }),
      ),
    )
  }

  /** Alarms on the first message that nobody could deliver. */
  watchDeadLetters(queue: IQueue): void {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: 'max' })
    this.alarm(
      'DeadLetters',
      waiting,
      1,
      'An event reached no function, or one failed at it; see the dead-letter queue.',
    )
    this.dashboard.addWidgets(new GraphWidget({ title: 'Undelivered events', width: 8, left: [waiting] }))
  }

  watchDatabase(instance: DatabaseInstance): void {
    const free = instance.metricFreeStorageSpace({ period: Duration.minutes(15), statistic: 'min' })
    const gibibytes = 2
    const operator = ComparisonOperator.LESS_THAN_THRESHOLD
    this.alarm('DatabaseFull', free, gibibytes * 1024 ** 3, `MySQL has less than ${gibibytes} GiB left.`, operator)
    this.dashboard.addWidgets(
      new GraphWidget({
        title: 'MySQL',
        width: 16,
        left: [free],
        right: [instance.metricCPUUtilization(), instance.metricDatabaseConnections()],
      }),
    )
  }

  /** Alarms when the classifier answers with errors of its own. A deployment that is under way asks the alarm too. */
  watchClassifier(errors: IMetric): Alarm {
    return this.alarm('ClassifierFails', errors, 5, 'The classifier answers with errors of its own.')
  }

  private alarm(
    id: string,
    metric: IMetric,
    threshold: number,
    alarmDescription: string,
    comparisonOperator = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  ): Alarm {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      comparisonOperator,
      alarmDescription,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    alarm.addAlarmAction(new SnsAction(this.topic))
    return alarm
  }
}
