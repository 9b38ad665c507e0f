/** What CloudWatch is told of executions, by state machine (https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html). */
import type { Cloud } from '../../cloud.ts'
import type { Execution, ExecutionResult } from '../../engines/states/execution.ts'
import { MetricReporter } from '../../metric-reporter.ts'

const ENDINGS: Record<ExecutionResult['status'], string> = {
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
}

export class ExecutionMetrics {
  readonly #metrics: MetricReporter

  constructor(cloud: Cloud) {
    this.#metrics = new MetricReporter(cloud, 'states.amazonaws.com', 'AWS/States', 'StateMachineArn')
  }

  started(machineArn: string): void {
    this.#metrics.add(machineArn, 'ExecutionsStarted', 1)
  }

  /** Counts the end of an execution once it has come; one that goes on at the next boot ends there. */
  follow({ info, ended }: Execution): void {
    void ended.then(({ status, stopTime }) => {
      // An end of one kind is none of the others: each has a value, so that alarms on them are never without data.
      for (const [ending, metric] of Object.entries(ENDINGS)) {
        this.#metrics.add(info.stateMachineArn, metric, ending === status ? 1 : 0)
      }
      this.#metrics.add(info.stateMachineArn, 'ExecutionTime', stopTime - info.startTime, 'Milliseconds')
    })
  }

  close(): Promise<void> {
    return this.#metrics.close()
  }
}
