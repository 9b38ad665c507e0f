/** Where a producer gets its records from: the generator, or an API that answers as the random user API does. */
import { randomUUID } from 'node:crypto'

export interface SourceRecord {
  record: string
  /** Spreads records over shards. */
  partitionKey: string
}

export interface RecordSource {
  /** The next record. @param sentAt milliseconds since the epoch */
  next(sentAt: number): SourceRecord | Promise<SourceRecord>
}

const TIMEOUT_MS = 10_000

/**
 * One request a record, as it comes, with the time of sending as `ts`; an answer that is no JSON object is sent as it is, for the stream has
 * to cope with it.
 *
 * @param url such as https://randomuser.me/api/ (https://randomuser.me/documentation)
 */
export function apiSource(url: string): RecordSource {
  return {
    async next() {
      const text = await answerOf(url)
      const user = objectIn(text)
      if (!user) return { record: text, partitionKey: randomUUID() }
      return { record: JSON.stringify({ ...user, ts: new Date().toISOString() }), partitionKey: randomUUID() }
    },
  }
}

async function answerOf(url: string): Promise<string> {
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    throw new SourceError(url, (error as Error).message, { cause: error })
  }
  const text = await response.text()
  if (!response.ok) throw new SourceError(url, `status ${response.status}`)
  return text
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The API gave no record. */
export class SourceError extends Error {
  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(
      `The source ${url} gave no record: ${reason}. Try its address in a browser, or leave --source out for generated users.`,
      options,
    )
    this.name = 'SourceError'
  }
}
