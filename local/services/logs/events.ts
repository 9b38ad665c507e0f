/** Writing and reading log events. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { append, type LogEvent, pageBackward, pageForward, readForward, sizeOf } from './event-file.ts'
import { parseFilter } from './filter-pattern.ts'
import { invalid, type Store } from './store.ts'

/** Limits of PutLogEvents (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html). */
const mostEvents = 10_000
const mostBytes = 1_048_576
const bytesPerEvent = 26
const hourMillis = 3600 * 1000
const oldestMillis = 14 * 24 * hourMillis
const newestMillis = 2 * hourMillis

interface Found extends LogEvent {
  stream: string
}

/** @param taken is given the messages of every batch that was written */
export function eventOperations(store: Store, taken: (messages: string[]) => unknown): Record<string, Operation> {
  return {
    PutLogEvents({ logGroupName, logStreamName, logEvents = [] }) {
      store.stream(logGroupName, logStreamName)
      const now = Date.now()
      checkBatch(logEvents)
      const late = (event: any) => event.timestamp < now - oldestMillis
      const early = (event: any) => event.timestamp > now + newestMillis
      const kept: { timestamp: number; message: string }[] = logEvents.filter(
        (event: any) => !late(event) && !early(event),
      )
      append(store.fileOf(logGroupName, logStreamName), kept, now)
      void taken(kept.map(({ message }) => message))
      const tooOldLogEventEndIndex = logEvents.findLastIndex(late) + 1
      const tooNewLogEventStartIndex = logEvents.findIndex(early)
      const rejected = {
        ...(tooOldLogEventEndIndex > 0 && { tooOldLogEventEndIndex }),
        ...(tooNewLogEventStartIndex >= 0 && { tooNewLogEventStartIndex }),
      }
      return {
        nextSequenceToken: String(now),
        ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
      }
    },

    GetLogEvents({
      logGroupName,
      logGroupIdentifier,
      logStreamName,
      startTime,
      endTime,
      startFromHead,
      limit,
      nextToken,
    }) {
      const { name } = store.group(logGroupName ?? logGroupIdentifier)
      store.stream(name, logStreamName)
      const path = store.fileOf(name, logStreamName)
      const wanted = within(startTime, endTime)
      const [, direction = startFromHead ? 'f' : 'b', offset] =
        nextToken === undefined ? [] : (/^([fb])\/(\d+)$/.exec(nextToken) ?? [])
      if (nextToken !== undefined && offset === undefined) throw invalid('The specified nextToken is invalid.')
      const most = checkLimit(limit)
      const page =
        direction === 'f'
          ? pageForward(path, Number(offset ?? 0), most, wanted)
          : pageBackward(path, Number(offset ?? sizeOf(path)), most, wanted)
      return {
        events: page.events.map(shape),
        nextForwardToken: `f/${page.after}`,
        nextBackwardToken: `b/${page.before}`,
      }
    },

    FilterLogEvents(input) {
      const { name } = store.group(input.logGroupName ?? input.logGroupIdentifier)
      const matches = parseFilter(input.filterPattern)
      const inTime = within(input.startTime, input.endTime)
      const most = checkLimit(input.limit)
      const after = input.nextToken === undefined ? undefined : parseToken(input.nextToken)
      const names: string[] =
        input.logStreamNames ?? store.streamsOf(name, input.logStreamNamePrefix).map((stream) => stream.name)
      const first = smallest<Found>(most + 1, inOrder)
      for (const stream of names) {
        store.stream(name, stream)
        const span = store.span(name, stream)
        // No event is later than two hours after it came.
        if (!span || span.ingested + newestMillis < (input.startTime ?? 0)) continue
        for (const event of readForward(store.fileOf(name, stream))) {
          const found = { ...event, stream }
          if (inTime(event) && (!after || inOrder(found, after) > 0) && matches(event.message)) first.add(found)
        }
      }
      const found = first.all()
      const page = found.slice(0, most)
      return {
        events: page.map((event) => ({ ...shape(event), logStreamName: event.stream, eventId: idOf(event) })),
        searchedLogStreams: [],
        ...(found.length > page.length && { nextToken: tokenOf(page.at(-1)!) }),
      }
    },
  }
}

const shape = ({ timestamp, message, ingestionTime }: LogEvent) => ({ timestamp, message, ingestionTime })

/** Start inclusive, end exclusive. */
const within =
  (start = 0, end = Number.POSITIVE_INFINITY) =>
  ({ timestamp }: LogEvent) =>
    timestamp >= start && timestamp < end

type Place = Pick<Found, 'timestamp' | 'stream' | 'offset'>

/** By time; at the same time by stream, and in a stream as they came. */
function inOrder(a: Place, b: Place): number {
  if (a.timestamp !== b.timestamp) return a.timestamp - b.timestamp
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1
  return a.offset - b.offset
}

/** Keeps the `most` smallest of what is added, in bounded memory. */
function smallest<T>(most: number, order: (a: T, b: T) => number) {
  let kept: T[] = []
  const cut = () => {
    kept = kept.sort(order).slice(0, most)
    return kept
  }
  return {
    add(one: T) {
      kept.push(one)
      if (kept.length >= 2 * most + 1000) cut()
    },
    all: cut,
  }
}

const tokenOf = ({ timestamp, stream, offset }: Place) =>
  Buffer.from(JSON.stringify([timestamp, stream, offset])).toString('base64url')

function parseToken(token: string): Place {
  try {
    const [timestamp, stream, offset] = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof timestamp === 'number' && typeof stream === 'string') return { timestamp, stream, offset }
  } catch {
    // answered below
  }
  throw invalid('The specified nextToken is invalid.')
}

/** 56 digits, as AWS has them: unique in the group and sorted by time. */
function idOf({ timestamp, stream, offset }: Found): string {
  const name = [...stream].reduce((sum, letter) => (sum * 31n + BigInt(letter.codePointAt(0)!)) % 10n ** 26n, 7n)
  return String(timestamp).padStart(14, '0') + String(name).padStart(26, '0') + String(offset).padStart(16, '0')
}

function checkLimit(limit = mostEvents): number {
  if (limit >= 1 && limit <= mostEvents) return limit
  throw invalid(
    `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and ${mostEvents}`,
  )
}

function checkBatch(events: { timestamp: number; message: string }[]) {
  if (events.length === 0 || events.length > mostEvents)
    throw invalid(
      `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and ${mostEvents}`,
    )
  if (events.some(({ message }) => !message))
    throw invalid(
      "1 validation error detected: Value '' at 'logEvents.message' failed to satisfy constraint: Member must have length greater than or equal to 1",
    )
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + bytesPerEvent, 0)
  if (bytes > mostBytes) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${mostBytes}`)
  if (events.some(({ timestamp }, i) => i > 0 && timestamp < events[i - 1]!.timestamp))
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.')
  if (events.at(-1)!.timestamp - events[0]!.timestamp > 24 * hourMillis)
    throw new AwsError(
      'InvalidParameterException',
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    )
}
