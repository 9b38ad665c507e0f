/** Where the local cloud listens unless told otherwise, and as whom the person at the command line calls it. */

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4566'
export const REGION = 'us-east-1'

/** What a command to type next needs besides, so that it finds the same cloud. */
export function endpointWords(endpoint: string): string {
  const found = process.env.AWS_ENDPOINT_URL ?? DEFAULT_ENDPOINT
  return endpoint === found ? '' : ` --endpoint ${endpoint}`
}

/** The local cloud takes every key that it did not give out itself for the administrator's. */
export const OPERATOR = { accessKeyId: 'operator', secretAccessKey: 'operator' }
