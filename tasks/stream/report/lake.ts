/** Looks into what was delivered to S3 since a time: as much as the report may read, the newest first. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { contentOf, deliveredSince, type Place } from '../lake.ts'
import type { Point } from './model.ts'
import { increase, inOrder, type Tally } from './tally.ts'

export interface Looked {
  objects: number
  bytes: number
  /** Objects that were looked into. */
  read: number
  /** Objects by the second in which they were there. */
  bySecond: Point[]
}

/**
 * Counts the lines of a prefix's objects.
 * @param since milliseconds since the epoch
 * @param maxBytes objects are read whole, and none that would go beyond this
 * @param signal ends the reading
 */
export async function readLake(
  place: Place,
  since: number,
  maxBytes: number,
  tally: Tally<unknown>,
  signal: AbortSignal,
): Promise<Looked> {
  const listed = (await deliveredSince(place, since)).sort((a, b) => b.at - a.at)
  let read = 0
  let bytes = 0
  for (const { key, size, at } of listed) {
    if (bytes + size > maxBytes) break
    signal.throwIfAborted()
    // Line by line: an object can be as large as Firehose's buffer.
    const input = (await contentOf(place.bucket, key)) as Readable
    for await (const line of createInterface({ input })) if (line !== '') tally.add(line, at)
    tally.objectEnds(at)
    bytes += size
    read++
  }
  const bySecond = new Map<number, number>()
  for (const { at } of listed) increase(bySecond, at)
  return {
    bySecond: inOrder(bySecond),
    objects: listed.length,
    bytes: listed.reduce((total, { size }) => total + size, 0),
    read,
  }
}
