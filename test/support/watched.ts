/** What the dashboard draws and what the alarms watch, as the template has it, and what the local cloud knows of each after a run. */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  type MetricAlarm,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch'
import { CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { RunningCloud } from '../../local/boot.ts'

interface Watched {
  workflow: Workflow
  /** `Batch: duration` of a widget, the name of an alarm. */
  where: string
  /** `AWS/Lambda Errors ListArchives`, an expression, or the query of a log. */
  metric: string
  /** How many data points or rows there are in the last hour. */
  points: number
}

type Workflow = 'batch' | 'stream' | 'model'

/** Why a metric may have no data after a run in which nothing went wrong. */
const silentWithReason: [metric: RegExp, reason: string][] = [
  [/^AWS\/SQS /, 'The local cloud has no queue: an event that reaches no function is a line of its log.'],
  [/^AWS\/Lambda Errors NotifyFailure$/, 'It tells of failures only.'],
  [/^AWS\/Lambda Errors CancelJobs$/, 'It ends the jobs of executions that were lost.'],
  [/^AWS\/Lambda Errors ReconcileJobs$/, 'A schedule of five minutes calls it.'],
  [/^AWS\/Lambda Errors (RollBackEndpoint|StopJobs)$/, 'It cleans up after a model that failed.'],
  [/^AWS\/Lambda Errors TrainFold$/, 'It trains when folds are asked for.'],
  [/^Stepwell\/Stream /, "The producer's schedule is shipped disabled."],
]

/** What has no data after a run of the workflow, and no reason for it. */
export async function silent(cloud: RunningCloud, workflow: Workflow): Promise<Watched[]> {
  const known = ({ metric }: Watched) => silentWithReason.some(([pattern]) => pattern.test(metric))
  return (await watched(cloud)).filter((one) => one.workflow === workflow && one.points === 0 && !known(one))
}

/** Each of them with the points it has by now. */
async function watched(cloud: RunningCloud): Promise<Watched[]> {
  const client = clientOf(cloud)
  try {
    const found: Watched[] = []
    for (const { where, queries } of [...(await drawn(client, cloud)), ...(await alarmed(client))]) {
      const { MetricDataResults = [] } = await client.send(
        new GetMetricDataCommand({
          MetricDataQueries: queries,
          StartTime: new Date(Date.now() - 3_600_000),
          EndTime: new Date(Date.now() + 60_000),
        }),
      )
      for (const query of queries) {
        const results = MetricDataResults.filter(({ Id }) => Id === query.Id)
        const points = results.reduce((sum, { Values = [] }) => sum + Values.length, 0)
        found.push({ workflow: workflowOf(where), where, metric: nameOf(query), points })
      }
    }
    for (const { where, query } of await queried(client, cloud))
      found.push({ workflow: workflowOf(where), where, metric: query, points: await rowsOf(cloud, query) })
    return found
  } finally {
    client.destroy()
  }
}

/** The alarm whose name holds `part`. */
export async function alarm(cloud: RunningCloud, part: string): Promise<MetricAlarm> {
  const client = clientOf(cloud)
  const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({}))
  client.destroy()
  const [found] = MetricAlarms.filter(({ AlarmName }) => AlarmName?.includes(part))
  if (!found) throw new Error(`The template has no alarm named ${part}.`)
  return found
}

const optionsOf = ({ url }: RunningCloud) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
})
const clientOf = (cloud: RunningCloud) => new CloudWatchClient(optionsOf(cloud))

interface Place {
  where: string
  queries: MetricDataQuery[]
}

async function widgetsOf(client: CloudWatchClient, { outputs }: RunningCloud) {
  const { DashboardBody = '' } = await client.send(new GetDashboardCommand({ DashboardName: outputs.DashboardName! }))
  return (JSON.parse(DashboardBody) as { widgets: { type: string; properties: any }[] }).widgets
}

/** `SOURCE '/group' | filter …` of a widget, which is the query of a log. */
async function queried(client: CloudWatchClient, cloud: RunningCloud): Promise<{ where: string; query: string }[]> {
  const widgets = await widgetsOf(client, cloud)
  return widgets
    .filter(({ type }) => type === 'log')
    .map(({ properties: { title, query } }) => ({ where: title, query }))
}

async function rowsOf(cloud: RunningCloud, widget: string): Promise<number> {
  const [, logGroupName, queryString] = /^SOURCE '([^']+)' \| (.+)$/s.exec(widget) ?? []
  const logs = new CloudWatchLogsClient(optionsOf(cloud))
  const endTime = Math.ceil(Date.now() / 1000)
  const { queryId } = await logs.send(
    new StartQueryCommand({ logGroupName, queryString, startTime: endTime - 3600, endTime }),
  )
  const { results = [] } = await logs.send(new GetQueryResultsCommand({ queryId }))
  logs.destroy()
  return results.length
}

async function drawn(client: CloudWatchClient, cloud: RunningCloud): Promise<Place[]> {
  const widgets = await widgetsOf(client, cloud)
  return widgets
    .filter(({ type }) => type === 'metric')
    .map(({ properties: { title, metrics, period = 300 } }) => ({
      where: title,
      queries: metrics.map((line: any[], i: number) => queryOf(line, `m${i}`, period)),
    }))
}

/** A line of a widget (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html). */
function queryOf(line: any[], id: string, widgetPeriod: number): MetricDataQuery {
  const options = typeof line.at(-1) === 'object' ? line.at(-1) : {}
  const { id: Id = id, label: Label, stat: Stat = 'Average', period: Period = widgetPeriod, expression } = options
  if (expression) return { Id, Label, Expression: expression }
  const [Namespace, MetricName, ...rest] = line.filter((word) => typeof word === 'string')
  const Dimensions = Array.from({ length: rest.length / 2 }, (_, i) => ({ Name: rest[2 * i], Value: rest[2 * i + 1] }))
  return { Id, Label, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } }
}

async function alarmed(client: CloudWatchClient): Promise<Place[]> {
  const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({}))
  return MetricAlarms.map(({ AlarmName, Metrics = [], Namespace, MetricName, Dimensions, Period, Statistic }) => ({
    where: AlarmName!,
    queries:
      Metrics.length > 0
        ? Metrics.map((query) => ({ ...query, ReturnData: true }))
        : [{ Id: 'm', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat: Statistic } }],
  }))
}

function nameOf({ MetricStat, Expression, Label }: MetricDataQuery): string {
  if (!MetricStat) return Expression!
  const { Namespace, MetricName } = MetricStat.Metric!
  return [Namespace, MetricName, ...(Label && Label !== MetricName ? [Label] : [])].join(' ')
}

/** Whose run gives the data; a widget or an alarm of nobody's is an error, so that none is left out. */
function workflowOf(where: string): Workflow {
  if (/^Batch|^MySQL$|^Undelivered events$|BatchLost|DatabaseFull|DeadLetters/.test(where)) return 'batch'
  if (/^(Model|Classifier)|(Model|ModelTeardown)Lost|ClassifierFails/.test(where)) return 'model'
  if (/^Stream|Stepwell-Stream|(Stream|StreamTeardown)Lost/.test(where)) return 'stream'
  throw new Error(`No workflow's run gives data to ${where}: say whose it is in test/support/watched.ts.`)
}
