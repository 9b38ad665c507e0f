/**
 * The token of IAM database authentication: a presigned URL without its scheme.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */

export interface Token {
  host: string
  port: number
  user: string
  accessKeyId: string
  region: string
  signedAt: Date
  expiresAt: Date
}

/** RDS's own limit, whatever the token says. */
const LONGEST_SECONDS = 900

/** @returns undefined for a text that is no such token (a password, for example) */
export function readToken(text: string): Token | undefined {
  let url: URL
  try {
    url = new URL(`https://${text}`)
  } catch {
    return undefined
  }
  const query = url.searchParams
  const [accessKeyId = '', , region = '', service] = (query.get('X-Amz-Credential') ?? '').split('/')
  const signedAt = parseDate(query.get('X-Amz-Date') ?? '')
  if (query.get('Action') !== 'connect' || service !== 'rds-db' || !signedAt || !query.get('X-Amz-Signature'))
    return undefined
  const seconds = Math.min(Number(query.get('X-Amz-Expires') ?? LONGEST_SECONDS), LONGEST_SECONDS)
  return {
    host: url.hostname,
    // The URL drops 443, the default port of its scheme.
    port: Number(url.port || 443),
    user: query.get('DBUser') ?? '',
    accessKeyId,
    region,
    signedAt,
    expiresAt: new Date(signedAt.getTime() + seconds * 1000),
  }
}

/**
 * What is wrong with a token for this user at this endpoint, or undefined.
 * The signature itself is not verified, as nowhere in the local cloud.
 */
export function tokenFault(
  token: Token,
  endpoint: { host: string; port: number },
  user: string,
  now = new Date(),
): string | undefined {
  if (token.user !== user) return `the token is for the user ${token.user}`
  const hosts = new Set([endpoint.host, 'localhost', '127.0.0.1'])
  if (!hosts.has(token.host) || token.port !== endpoint.port) return `the token is for ${token.host}:${token.port}`
  if (token.expiresAt < now) return `the token expired at ${token.expiresAt.toISOString()}`
  return undefined
}

/** `20261122T120000Z` */
function parseDate(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  return year === undefined ? undefined : new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}
