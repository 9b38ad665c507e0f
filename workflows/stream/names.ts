/** The names of what the stream workflow makes and takes away; the CDK app knows them beforehand, for grants, alarms and the dashboard. */
import { ArnFormat, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

export class StreamNames {
  readonly stream: string
  readonly users: string
  readonly errors: string
  readonly counts: string
  readonly application: string
  private readonly stack: Stack

  constructor(scope: Construct) {
    this.stack = Stack.of(scope)
    const prefix = `${this.stack.stackName}-Users`
    this.stream = prefix
    this.users = `${prefix}-Transformed`
    this.errors = `${prefix}-Errors`
    this.counts = `${prefix}-Counts`
    this.application = prefix
  }

  get deliveryStreams(): string[] {
    return [this.users, this.errors, this.counts]
  }

  get streamArn(): string {
    return this.arn('kinesis', 'stream', this.stream)
  }

  get deliveryStreamArns(): string[] {
    return this.deliveryStreams.map((name) => this.arn('firehose', 'deliverystream', name))
  }

  get applicationArn(): string {
    return this.arn('kinesisanalytics', 'application', this.application)
  }

  /** What every function of the workflow reads. */
  get environment(): Record<string, string> {
    return {
      STREAM_NAME: this.stream,
      USERS_DELIVERY_STREAM: this.users,
      ERRORS_DELIVERY_STREAM: this.errors,
      COUNTS_DELIVERY_STREAM: this.counts,
      APPLICATION_NAME: this.application,
    }
  }

  private arn(service: string, resource: string, resourceName: string): string {
    return this.stack.formatArn({ service, resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME })
  }
}
