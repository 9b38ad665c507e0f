/** A producer for AWS: a function that puts users into the stream every five minutes, once somebody enables its schedule. */
import { CfnParameter, Duration, Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type CfnSchedule, Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Construct } from 'constructs'
import { allow } from '../allow.ts'
import type { Bundles } from '../bundle.ts'
import { TaskFunction } from '../task-function.ts'
import type { StreamNames } from './names.ts'

export interface ProducerProps {
  bundles: Bundles
  names: StreamNames
}

/** What a producer that was refused everything takes to give up, and a little more. */
const DRAIN_SECONDS = 60
const MAX_SECONDS = 840

export class Producer extends Construct {
  constructor(scope: Construct, id: string, { bundles, names }: ProducerProps) {
    super(scope, id)
    const produce = new TaskFunction(this, 'Produce', {
      task: 'stream/produce',
      bundles,
      environment: {
        STREAM_NAME: names.stream,
        RATE: this.number('Rate', 100, 1, 10_000, 'Users a second that the scheduled producer sends'),
        SECONDS: this.number('Seconds', 240, 1, MAX_SECONDS, 'How long it sends them, every five minutes'),
        BAD_SHARE: '0.02',
        SOURCE: this.parameter('Source', {
          default: 'generator',
          allowedPattern: '^generator$|^https?://\\S+$',
          constraintDescription: 'must be generator or an http(s) address',
          description: 'Where it takes users from: generator, or an API such as https://randomuser.me/api/',
        }),
      },
      timeout: MAX_SECONDS + DRAIN_SECONDS,
      memory: 1024,
    })
    allow(produce.role, ['kinesis:DescribeStreamSummary', 'kinesis:PutRecords'], [names.streamArn])
    this.schedule(produce.arn)
  }

  private schedule(arn: string): void {
    const state = this.parameter('ScheduleState', {
      default: 'DISABLED',
      allowedValues: ['DISABLED', 'ENABLED'],
      description: 'Whether the producer sends users to the stream',
    })
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'EventBridge Scheduler calls the producer with it',
    })
    allow(role, ['lambda:InvokeFunction'], [arn])
    const schedule = new Schedule(this, 'Schedule', {
      description: 'Sends users to the stream',
      schedule: ScheduleExpression.rate(Duration.minutes(5)),
      // The next call, five minutes later, is the retry.
      target: { bind: () => ({ arn, role, retryPolicy: { maximumRetryAttempts: 0 } }) },
    })
    ;(schedule.node.defaultChild as CfnSchedule).addPropertyOverride('State', state)
  }

  private number(name: string, value: number, minValue: number, maxValue: number, description: string): string {
    return this.parameter(name, { type: 'Number', default: value, minValue, maxValue, description })
  }

  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): string {
    const parameter = new CfnParameter(this, name, props)
    parameter.overrideLogicalId(`StreamProducer${name}`)
    return parameter.valueAsString
  }
}
