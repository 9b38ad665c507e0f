/**
 * An execution of the stream workflow that was aborted, timed out, or failed past every Catch cannot clean up after itself: EventBridge starts the
 * teardown for it, which deletes what that execution has made and nothing else.
 */
import { Duration, Stack } from 'aws-cdk-lib'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import type { Construct } from 'constructs'
import { allow } from '../allow.ts'

export interface StoppedProps {
  /** The state machine of the stream workflow. */
  machineArn: string
  teardown: IStateMachine
  /** Keeps the events that could not be delivered. */
  deadLetters: IQueue
}

export function tearDownStopped(scope: Construct, { machineArn, teardown, deadLetters }: StoppedProps): void {
  const role = new Role(scope, 'StoppedRole', {
    assumedBy: new ServicePrincipal('events.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description: 'EventBridge tears down with it what a stopped execution has made',
  })
  allow(role, ['states:StartExecution'], [teardown.stateMachineArn])
  new Rule(scope, 'Stopped', {
    description: 'Takes down what an execution of the stream workflow has made that could not do so itself',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: { stateMachineArn: [machineArn], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
    },
    targets: [
      new SfnStateMachine(teardown, {
        role,
        input: RuleTargetInput.fromObject({ madeBy: EventField.fromPath('$.detail.executionArn') }),
        deadLetterQueue: deadLetters,
        maxEventAge: Duration.hours(2),
        retryAttempts: 10,
      }),
    ],
  })
}
