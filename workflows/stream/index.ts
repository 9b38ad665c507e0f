/** The stream workflow: sets Kinesis, Flink SQL and Firehose up and proves that records flow; and its teardown. */
import { CfnParameter, RemovalPolicy, TimeZone } from 'aws-cdk-lib'
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { Construct } from 'constructs'
import type { Storage } from '../storage.ts'
import { TaskFunction } from '../task-function.ts'
import { Workflow, type WorkflowProps } from '../workflow.ts'
import { applicationCode } from './code.ts'
import { StreamNames } from './names.ts'
import { Producer } from './producer.ts'
import { applicationRole, deliveryRole, logStreamArn } from './roles.ts'
import { tearDownStopped } from './stopped.ts'
import { addStreamTasks } from './tasks.ts'
import { watchStream } from './watch.ts'

export interface StreamProps extends WorkflowProps {
  storage: Storage
}

export class Stream extends Workflow {
  readonly names: StreamNames

  constructor(scope: Construct, id: string, props: StreamProps) {
    super(scope, id, props)
    this.names = new StreamNames(this)
    const { names } = this
    const code = applicationCode(this, 'Code', props.root)
    const logs = new LogGroup(this, 'ApplicationLogs', {
      logGroupName: `/aws/kinesis-analytics/${names.application}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const logStream = new LogStream(this, 'ApplicationLogStream', {
      logGroup: logs,
      logStreamName: 'application',
      removalPolicy: RemovalPolicy.DESTROY,
    })
    // No state of the workflow: Firehose calls it.
    const transform = new TaskFunction(this, 'TransformRecords', {
      task: 'stream/transform-records',
      bundles: props.bundles,
      environment: {},
      timeout: 60,
      memory: 512,
    })
    addStreamTasks(this, {
      ...props,
      code,
      applicationRole: applicationRole(this, { names, code, logs, logStream }),
      deliveryRole: deliveryRole(this, props.storage.processed, transform),
      logStreamArn: logStreamArn(logs, logStream),
      transformArn: transform.arn,
      shards: this.parameter('StreamShards', 0, 0, 500, 'Shards of the stream; 0 lets Kinesis scale it on demand'),
      bufferSeconds: this.parameter(
        'StreamBufferSeconds',
        60,
        0,
        900,
        'How long Firehose gathers records, once before they are transformed and once before they are delivered',
      ),
    })
    this.define({ schedule: everyMorning, input: {}, hasJobs: false })
    new Producer(this, 'Producer', { bundles: props.bundles, names })
    watchStream(this, names, props.monitoring)
  }

  private parameter(name: string, value: number, minValue: number, maxValue: number, description: string): string {
    const parameter = new CfnParameter(this, name, { type: 'Number', default: value, minValue, maxValue, description })
    parameter.overrideLogicalId(name)
    return parameter.valueAsString
  }
}

/** Takes down what the stream workflow has made, all of which costs by the hour; or, as `{"madeBy": "<execution>"}`, what one execution of it has. */
export class StreamTeardown extends Workflow {
  constructor(scope: Construct, id: string, props: WorkflowProps & { stream: Stream }) {
    super(scope, id, props)
    for (const state of ['TearDown', 'NotifyFailure']) this.functions.set(state, props.stream.functions.get(state)!)
    this.define({ schedule: everyEvening, input: {}, hasJobs: false })
    tearDownStopped(this, {
      machineArn: props.stream.machineArn,
      teardown: this.machine,
      deadLetters: props.jobs.deadLetters,
    })
  }
}

const weekdays = { minute: '0', weekDay: 'MON-FRI', timeZone: TimeZone.ETC_UTC }
const everyMorning = ScheduleExpression.cron({ ...weekdays, hour: '7' })
const everyEvening = ScheduleExpression.cron({ ...weekdays, hour: '19' })
