/** Addresses that a person can open. */
import { OPERATOR, REGION } from './endpoint.ts'

export function consoleUrl(endpoint: string): string {
  return new URL('/_stepwell/', endpoint).href
}

export function executionUrl(endpoint: string, executionArn: string): string {
  return `${consoleUrl(endpoint)}#/execution/${encodeURIComponent(executionArn).replaceAll('%3A', ':')}`
}

/** `s3://bucket/key` as an address that opens in a browser: the local gateway reads who asks from it, as from a presigned one. */
export function objectUrl(endpoint: string, uri: string): string | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri)
  if (!match) return undefined
  const key = match[2]!.split('/').map(encodeURIComponent).join('/')
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${OPERATOR.accessKeyId}/${today}/${REGION}/s3/aws4_request`,
  })
  return new URL(`/${match[1]}/${key}?${query}`, endpoint).href
}

/** The page that asks the classifier. */
export function classifierUrl(endpoint: string): string {
  return new URL('/classifier/', endpoint).href
}
