/** Task tokens: opaque to whoever holds one, but whose they are can be told, so that IAM can be asked about its resource. */
import { randomBytes } from 'node:crypto'

const FORM = /^([\w-]+)\.[\w-]{64}$/

/** @param owner the ARN of the state machine, or of the activity, whose task waits */
export function newToken(owner: string): string {
  return `${Buffer.from(owner).toString('base64url')}.${randomBytes(48).toString('base64url')}`
}

/** The ARN that a token was made for, also when its task is over; undefined for what is no token of ours. */
export function ownerOf(token: string): string | undefined {
  const [, owner] = FORM.exec(token) ?? []
  if (owner === undefined) return undefined
  const arn = Buffer.from(owner, 'base64url').toString()
  return arn.startsWith('arn:') ? arn : undefined
}
