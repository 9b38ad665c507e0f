/** The log lines that a state's Lambda function wrote while the state ran. */
import { paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs'
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda'
import type { Clients } from '../clients.ts'
import { parse, type StateRun } from '../timeline.ts'

export interface LogLine {
  time: Date
  level: string
  message: string
  /** What else a structured line holds. */
  details: Record<string, unknown>
}

// Lambda stamps lines when it takes them, a little after the state's own events.
const SLACK_MS = 1_000
// What Powertools says in every line, and the state's name says already.
const USUAL = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'sampling_rate',
  'xray_trace_id',
  'cold_start',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
  'correlation_id',
])

/** Lines of all visits of one state, in order, each once. */
export async function functionLog(
  { lambda, logs }: Pick<Clients, 'lambda' | 'logs'>,
  visits: readonly StateRun[],
): Promise<LogLine[]> {
  const groups = new Map<string, StateRun[]>()
  for (const visit of visits) {
    const { LoggingConfig, FunctionName } = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: visit.functionName }),
    )
    const group = LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`
    groups.set(group, [...(groups.get(group) ?? []), visit])
  }
  const lines = new Map<string, LogLine>()
  for (const [logGroupName, runs] of groups) {
    const startTime = Math.min(...runs.map(({ enteredAt }) => Number(enteredAt)))
    const endTime = Math.max(...runs.map(({ exitedAt }) => Number(exitedAt ?? Date.now()))) + SLACK_MS
    try {
      for await (const page of paginateFilterLogEvents({ client: logs }, { logGroupName, startTime, endTime })) {
        for (const { eventId, timestamp, message } of page.events ?? []) {
          lines.set(eventId ?? `${timestamp} ${message}`, readLine(new Date(timestamp!), message!.trimEnd()))
        }
      }
    } catch (error) {
      // A function that never wrote a line has no log group yet.
      if ((error as Error).name !== 'ResourceNotFoundException') throw error
    }
  }
  return [...lines.values()].sort((a, b) => Number(a.time) - Number(b.time))
}

/** A line of Powertools or of Lambda's JSON format; any other is a message as it is. */
export function readLine(time: Date, text: string): LogLine {
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { time, level: '', message: text, details: {} }
  const { level = '', message = '' } = value as { level?: unknown; message?: unknown }
  const details = Object.fromEntries(Object.entries(value).filter(([key]) => !USUAL.has(key)))
  return {
    time,
    level: String(level),
    message: typeof message === 'string' ? message : JSON.stringify(message),
    details,
  }
}
