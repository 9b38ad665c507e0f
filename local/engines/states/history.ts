/** The event history as GetExecutionHistory gives it, derived from a journal. */
import type { JournalRecord } from './journal.ts'

export interface HistoryEvent {
  id: number
  previousEventId: number
  timestamp: Date
  type: string
  [details: string]: unknown
}

/** Members that hold data of the execution: hidden when a caller asks for no execution data. */
const dataMembers = new Set(['input', 'output', 'parameters', 'assignedVariables', 'error', 'cause'])
const described: Record<string, string> = {
  input: 'inputDetails',
  output: 'outputDetails',
  assignedVariables: 'assignedVariablesDetails',
}

/** The member of an event that holds its details: `stateEnteredEventDetails` for PassStateEntered. */
export function detailsName(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails'
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails'
  return `${type[0]!.toLowerCase()}${type.slice(1)}EventDetails`
}

/** The event of a record, or undefined for a note. */
export function toEvent(record: JournalRecord, includeData = true): HistoryEvent | undefined {
  const [id, previousEventId, timestamp, type, details] = record
  if (id === 0) return undefined
  const event: HistoryEvent = { id, previousEventId, timestamp: new Date(timestamp), type }
  if (details) {
    const shown: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(details)) {
      if (includeData || !dataMembers.has(key)) shown[key] = value
      const extra = described[key]
      if (extra && includeData) shown[extra] = { truncated: false }
    }
    event[detailsName(type)] = shown
  }
  return event
}
