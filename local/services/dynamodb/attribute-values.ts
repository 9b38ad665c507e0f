/** Between the SDK's shapes and DynamoDB's JSON: bytes are base64 there, and times seconds. */

/** Bytes become base64. The input is copied, not changed. */
export function toJson(value: any): any {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(toJson)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, toJson(one)]])),
  )
}

const times = new Set([
  'CreationDateTime',
  'LastIncreaseDateTime',
  'LastDecreaseDateTime',
  'LastUpdateToPayPerRequestDateTime',
])

/**
 * Base64 becomes bytes where an attribute value says so: `{ B: '…' }` and `{ BS: ['…'] }`. An attribute that is called B has an
 * object as its value, so the two cannot be mistaken.
 */
export function fromJson(value: any): any {
  if (Array.isArray(value)) return value.map(fromJson)
  if (value === null || typeof value !== 'object') return value
  if (typeof value.B === 'string') return { B: new Uint8Array(Buffer.from(value.B, 'base64')) }
  if (Array.isArray(value.BS) && value.BS.every((one: unknown) => typeof one === 'string'))
    return { BS: value.BS.map((one: string) => new Uint8Array(Buffer.from(one, 'base64'))) }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      times.has(key) && typeof one === 'number' ? new Date(one * 1000) : fromJson(one),
    ]),
  )
}
