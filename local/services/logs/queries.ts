/** StartQuery and GetQueryResults: a query is answered when it is asked, and its results are kept for a while. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { readForward } from './event-file.ts'
import { parseQuery, runQuery } from './insights.ts'
import { type Row, timeText, type Value } from './insights-rows.ts'
import { invalid, type Store } from './store.ts'

/** AWS keeps results for a week; here the last ones are enough. */
const MAX_KEPT = 50

interface Answer {
  results: { field: string; value: string }[][]
  statistics: { recordsMatched: number; recordsScanned: number; bytesScanned: number }
}

export function queryOperations(store: Store): Record<string, Operation> {
  const answers = new Map<string, Answer>()

  return {
    StartQuery({ queryString, startTime, endTime, limit, ...groups }) {
      if (!(startTime < endTime)) throw invalid('End time should be greater than start time.')
      const query = parseQuery(limit === undefined ? queryString : `${queryString} | limit ${limit}`)
      const names = groupsOf(groups).map((name) => store.group(name).name)
      if (names.length === 0) throw invalid('Name the log groups that the query is about.')
      const statistics = { recordsMatched: 0, recordsScanned: 0, bytesScanned: 0 }
      const { rows, matched } = runQuery(query, eventsOf(names, startTime * 1000, (endTime + 1) * 1000, statistics))
      statistics.recordsMatched = matched
      const queryId = randomUUID()
      answers.set(queryId, { results: rows.map(resultOf), statistics })
      if (answers.size > MAX_KEPT) answers.delete(answers.keys().next().value!)
      return { queryId }
    },

    GetQueryResults({ queryId }) {
      const answer = answers.get(queryId)
      if (!answer) throw new AwsError('ResourceNotFoundException', `Query ${queryId} does not exist.`)
      return { status: 'Complete', queryLanguage: 'CWLI', ...answer }
    },

    StopQuery({ queryId }) {
      if (!answers.has(queryId)) throw new AwsError('ResourceNotFoundException', `Query ${queryId} does not exist.`)
      throw invalid(`Query ${queryId} has ended and cannot be stopped.`)
    },
  }

  function* eventsOf(names: string[], from: number, to: number, counts: Answer['statistics']): Generator<Row> {
    for (const name of names) {
      for (const stream of store.streamsOf(name)) {
        const span = store.span(name, stream.name)
        if (!span || span.first >= to || span.last < from) continue
        for (const { timestamp, ingestionTime, message } of readForward(store.fileOf(name, stream.name))) {
          if (timestamp < from || timestamp >= to) continue
          counts.recordsScanned++
          counts.bytesScanned += Buffer.byteLength(message)
          yield {
            ...fieldsOf(message),
            '@timestamp': timeText(timestamp),
            '@ingestionTime': timeText(ingestionTime),
            '@message': message,
            '@logStream': stream.name,
            '@log': `${store.cloud.account}:${name}`,
          }
        }
      }
    }
  }
}

/** The log groups that an input is about, in whatever way it names them. */
export function groupsOf({ logGroupName, logGroupNames = [], logGroupIdentifiers = [] }: any): string[] {
  return [...(logGroupName === undefined ? [] : [logGroupName]), ...logGroupNames, ...logGroupIdentifiers]
}

const resultOf = (row: Row) =>
  Object.entries(row).flatMap(([field, value]) => (value === undefined ? [] : [{ field, value: String(value) }]))

/** What Insights discovers in a JSON message: `a.b`, `a.0`. */
function fieldsOf(message: string): Row {
  if (!message.startsWith('{')) return {}
  const fields: Row = {}
  const walk = (value: unknown, path: string) => {
    if (value === null || value === undefined) return
    if (typeof value !== 'object') {
      fields[path] = typeof value === 'boolean' ? Number(value) : (value as Value)
      return
    }
    for (const [name, part] of Object.entries(value)) walk(part, path === '' ? name : `${path}.${name}`)
  }
  try {
    walk(JSON.parse(message), '')
  } catch {
    // A line that only begins like JSON is a text.
  }
  return fields
}
