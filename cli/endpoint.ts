/** Where the local cloud listens unless told otherwise, and as whom the person at the command line calls it. */

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4566'
export const REGION = 'us-east-1'

/** The local cloud takes every key that it did not give out itself for the administrator's. */
export const OPERATOR = { accessKeyId: 'operator', secretAccessKey: 'operator' }
