/** Timestamps of ASL: RFC 3339 with an upper-case T and Z, as Wait and Choice read them. */

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-](\d{2}):(\d{2})(?::(\d{2}))?)$/

/** Milliseconds since 1970 (fractions of a millisecond kept), or undefined for a text that is no timestamp. */
export function parseTimestamp(text: string): number | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute] = match.slice(1, 6).map(Number) as [number, number, number, number, number]
  const second = Number(match[6] ?? 0)
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  const zone = match[8]!
  const offset = zone === 'Z' ? 0 : (Number(match[9]) * 60 + Number(match[10])) * 60_000 * (zone[0] === '-' ? -1 : 1)
  return date.getTime() + fraction - offset
}
