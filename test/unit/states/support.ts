/** An engine in memory for tests: tasks are functions, time is simulated. */
import { VirtualClock } from '../../../local/engines/states/clock.ts'
import { compileDefinition, type Program } from '../../../local/engines/states/definition.ts'
import { Engine } from '../../../local/engines/states/engine.ts'
import { TaskFailure } from '../../../local/engines/states/errors.ts'
import type { Execution, ExecutionResult } from '../../../local/engines/states/execution.ts'
import { type HistoryEvent, toEvent } from '../../../local/engines/states/history.ts'
import { type JournalRecord, MemoryJournals } from '../../../local/engines/states/journal.ts'
import type { Json } from '../../../local/engines/states/json.ts'
import type { ExecutionInfo, Ports, TaskCall } from '../../../local/engines/states/ports.ts'

export type Handler = (call: TaskCall) => Json | Promise<Json>

export interface Bench {
  readonly engine: Engine
  readonly clock: VirtualClock
  readonly journals: MemoryJournals
  /** Every call of a task, in order: the state's name and its arguments. */
  readonly calls: { state: string; arguments: Json; at: number }[]
  start(definition: object, input?: Json, name?: string): Execution
  /** Runs a definition to its end. */
  run(definition: object, input?: Json): Promise<ExecutionResult & { events: HistoryEvent[]; value: Json }>
}

export const start = Date.UTC(2026, 0, 1)

export function bench(handler: Handler = () => ({}), ports: Partial<Ports> = {}): Bench {
  const clock = new VirtualClock(start)
  const journals = new MemoryJournals()
  const calls: Bench['calls'] = []
  const engine = new Engine({
    clock,
    journals,
    region: 'us-east-1',
    random: () => 0.5,
    tasks: {
      async run(call) {
        calls.push({ state: call.state, arguments: call.arguments, at: clock.now() - start })
        return { output: await handler(call) }
      },
      rejoin: async () => ({}),
    },
    ...ports,
  })
  const startExecution = (definition: object, input: Json = {}, name = `run-${calls.length}-${Math.random()}`) =>
    engine.start(infoOf(name, input), programOf(definition))
  return {
    engine,
    clock,
    journals,
    calls,
    start: startExecution,
    async run(definition, input) {
      const execution = startExecution(definition, input)
      const result = await execution.ended
      return {
        ...result,
        value: result.output === undefined ? null : (JSON.parse(result.output) as Json),
        events: eventsOf(journals.read(execution.info.arn)),
      }
    },
  }
}

export function programOf(definition: object): Program {
  return compileDefinition(definition)
}

export function infoOf(name: string, input: Json = {}): ExecutionInfo {
  return {
    arn: `arn:aws:states:us-east-1:000000000000:execution:Machine:${name}`,
    name,
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:Machine',
    stateMachineName: 'Machine',
    roleArn: 'arn:aws:iam::000000000000:role/machine',
    express: false,
    input: JSON.stringify(input),
    startTime: start,
  }
}

export function eventsOf(records: readonly JournalRecord[]): HistoryEvent[] {
  return records.map((record) => toEvent(record)).filter((event) => event !== undefined)
}

/** `id<-previous Type`, the shape of a history. */
export function shape(events: readonly HistoryEvent[]): string[] {
  return events.map(({ id, previousEventId, type }) => `${id}<-${previousEventId} ${type}`)
}

export function taskFailure(error: string, cause?: string): TaskFailure {
  return new TaskFailure(error, cause)
}

/** One state that ends the machine. */
export function only(state: object, language = 'JSONata'): object {
  return { QueryLanguage: language, StartAt: 'Only', States: { Only: state } }
}

export const invoke = 'arn:aws:states:::lambda:invoke'
