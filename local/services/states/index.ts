/** AWS Step Functions: state machines, their executions, callbacks and activities, over the engine of `local/engines/states`. */
import type { Cloud } from '../../cloud.ts'
import { type Clock, realClock } from '../../engines/states/clock.ts'
import { FileJournals } from '../../engines/states/journal.ts'
import type { Operation, Service } from '../../gateway/service.ts'
import { Aliases } from './aliases.ts'
import { callbackOperations } from './callback-operations.ts'
import { CloudDatasets } from './datasets.ts'
import { describe, executionOperations } from './execution-operations.ts'
import { Executions } from './executions.ts'
import { Machines, validateStateMachineDefinition } from './machines.ts'
import { MapRuns } from './map-runs.ts'
import { may } from './may.ts'
import { resourceTypes } from './resources.ts'
import { openRows } from './rows.ts'
import { tagOperations } from './tags.ts'
import { CloudTaskRunner } from './task-runner.ts'
import { testState } from './test-state.ts'

export interface StatesOptions {
  /** Simulated time for waits, time-outs and back-off; by default the machine's. */
  clock?: Clock
  /** Every event waits for the disk. */
  fsync?: boolean
}

export function createStates(cloud: Cloud, options: StatesOptions = {}): Service {
  const rows = openRows(cloud)
  const machines = new Machines(cloud, rows)
  const aliases = new Aliases(machines)
  const mapRuns = new MapRuns(rows)
  const tasks = new CloudTaskRunner(cloud, async (arn, signal) => {
    const execution = executions.engine.running(arn)
    if (execution) {
      const stop = () => execution.abort()
      signal.addEventListener('abort', stop, { once: true })
      await execution.ended
      signal.removeEventListener('abort', stop)
    }
    return describe(executions, executions.row(arn))
  })
  const executions: Executions = new Executions(cloud, rows, {
    clock: options.clock ?? realClock,
    tasks,
    journals: new FileJournals(cloud.folder('states'), { fsync: options.fsync ?? false }),
    hasActivity: (arn) => rows.activities.get(arn.split(':')[6] ?? '')?.arn === arn,
    region: cloud.region,
    datasets: new CloudDatasets(cloud),
    mapRuns,
    startChild: (...request) => executions.startChild(...request),
  })

  const operations: Record<string, Operation> = {
    CreateStateMachine: (input) => machines.create(input),
    UpdateStateMachine: (input) => machines.update(input),
    DeleteStateMachine: (input) => {
      machines.delete(input.stateMachineArn)
      return {}
    },
    DescribeStateMachine: (input) => machines.describe(input.stateMachineArn),
    ListStateMachines: (input) => machines.list(input),
    ValidateStateMachineDefinition: validateStateMachineDefinition,
    TestState: testState(cloud, tasks),
    ...executionOperations(machines, aliases, executions, rows),
    ...aliases.operations(),
    ...mapRuns.operations(),
    ...callbackOperations(cloud, rows, executions),
    ...tagOperations(rows),
  }

  return {
    name: 'states',
    schemas: () => import('@aws-sdk/client-sfn'),
    operations,
    may: (operation, input) => may(cloud, operation, input),
    resources: resourceTypes(cloud, machines, operations),
    start: () => executions.resumeAll(),
    drain: () => executions.drain(),
    async close() {
      executions.engine.suspend()
      await executions.close()
    },
  }
}
