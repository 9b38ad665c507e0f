/** What the stream's parts are called: the CDK app (workflows/stream/names.ts) gives all of them names that begin with the stream's. */

export const DEFAULT_STREAM = 'Stepwell-Users'

export interface StreamNames {
  stream: string
  users: string
  errors: string
  counts: string
  application: string
}

export function streamNames(stream = DEFAULT_STREAM): StreamNames {
  return {
    stream,
    users: `${stream}-Transformed`,
    errors: `${stream}-Errors`,
    counts: `${stream}-Counts`,
    application: stream,
  }
}
