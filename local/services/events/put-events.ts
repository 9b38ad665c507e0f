/** PutEvents: entries become events, events go to the rules that want them. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Call, Operation } from '../../gateway/service.ts'
import type { Delivery } from './delivery.ts'
import { compilePattern } from './pattern.ts'
import type { Store } from './store.ts'

const mostEntries = 10
const mostBytes = 1024 * 1024

export function eventOperations(store: Store, delivery: Delivery): Record<string, Operation> {
  const { cloud } = store

  function accept(entry: any, { principal }: Call) {
    const { Source, DetailType, Detail, Resources = [], EventBusName } = entry
    store.checkBus(EventBusName)
    for (const name of ['Source', 'DetailType', 'Detail'])
      if (!entry[name])
        throw entryError('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`)
    if (Source.startsWith('aws.') && !principal.service)
      throw entryError('NotAuthorizedForSourceException', 'Not authorized for the source.')
    const event = {
      version: '0',
      id: randomUUID(),
      'detail-type': DetailType,
      source: Source,
      account: cloud.account,
      time: inSeconds(entry.Time ?? new Date()),
      region: cloud.region,
      resources: Resources,
      detail: detailOf(Detail),
    }
    for (const rule of store.matching(event)) delivery.send(rule, event)
    return event.id
  }

  return {
    PutEvents({ Entries = [] }, call) {
      if (Entries.length === 0 || Entries.length > mostEntries)
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${mostEntries}`,
        )
      const bytes = Entries.reduce((sum: number, { Detail = '' }: any) => sum + Buffer.byteLength(Detail), 0)
      if (bytes > mostBytes)
        throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.')
      const results = Entries.map((entry: any) => {
        try {
          return { EventId: accept(entry, call) }
        } catch (error) {
          if (!(error instanceof AwsError)) throw error
          return { ErrorCode: error.name, ErrorMessage: error.message }
        }
      })
      return { FailedEntryCount: results.filter((one: any) => one.ErrorCode).length, Entries: results }
    },

    TestEventPattern({ EventPattern, Event }) {
      const matches = compilePattern(EventPattern)
      let event: any
      try {
        event = JSON.parse(Event)
      } catch {
        throw new AwsError('ValidationException', 'Parameter Event is not valid. Reason: The event is no JSON.')
      }
      return { Result: matches(event) }
    },
  }
}

/** Events carry whole seconds: `2026-01-01T00:00:00Z`. */
export const inSeconds = (time: Date | string) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

function detailOf(text: string): object {
  try {
    const detail = JSON.parse(text)
    if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return detail
  } catch {
    // answered below, as anything that is no object
  }
  throw entryError('MalformedDetail', 'Detail is malformed.')
}

const entryError = (code: string, message: string) => new AwsError(code, message)
