/** What the parts of Logs Insights share: rows of fields, how they compare, and the error of a query. */
import { AwsError } from '../../gateway/aws-error.ts'

export type Value = string | number
export type Row = Record<string, Value | undefined>

/** As numbers where both are some, else as texts. */
export function compare(a: Value, b: Value): number {
  const [one, other] = [Number(a), Number(b)]
  if (a !== '' && b !== '' && !Number.isNaN(one) && !Number.isNaN(other)) return Math.sign(one - other)
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** `2026-01-01 00:00:00.000`, as AWS writes times. */
export const timeText = (millis: number) => new Date(millis).toISOString().replace('T', ' ').replace('Z', '')

/** Parts between commas outside of parentheses. */
export const listOf = (text: string) => (text.match(/(?:\([^)]*\)|[^,(])+/g) ?? []).map((part) => part.trim())

export const malformed = (reason: string) =>
  new AwsError('MalformedQueryException', `The query cannot be run: ${reason}.`)
