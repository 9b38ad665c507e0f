/** Pages of lists: an opaque token says where the next one begins. */
import { AwsError } from '../../gateway/aws-error.ts'

const most = 1000
const usual = 100

/** @throws AwsError InvalidToken, ValidationException */
export function page<T>(
  all: readonly T[],
  input: { maxResults?: number; nextToken?: string },
): { items: T[]; nextToken: { nextToken?: string } } {
  const size = pageSize(input.maxResults)
  const from = input.nextToken === undefined ? 0 : fromToken(input.nextToken)
  const items = all.slice(from, from + size)
  return { items, nextToken: from + size < all.length ? { nextToken: toToken(from + size) } : {} }
}

/** 0 means the usual 100. */
export function pageSize(maxResults: number | undefined): number {
  const size = maxResults ?? 0
  if (size < 0 || size > most)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value ${size < 0 ? 'greater than or equal to 0' : `less than or equal to ${most}`}`,
    )
  return size === 0 ? usual : size
}

export function toToken(from: number): string {
  return Buffer.from(JSON.stringify({ from })).toString('base64url')
}

export function fromToken(token: string): number {
  try {
    const { from } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { from: unknown }
    if (Number.isInteger(from) && (from as number) >= 0) return from as number
  } catch {
    // Not one of ours: answered below.
  }
  throw new AwsError('InvalidToken', `Invalid Token: 'Invalid token'`)
}
