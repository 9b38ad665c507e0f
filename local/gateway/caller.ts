/** Who calls which service: read from the SigV4 credential scope of the header, of a presigned URL, or from the target header. */
import type { WireRequest } from './message.ts'

export interface Caller {
  accessKeyId?: string
  /** The signing name, such as `s3` or `states`; undefined when the request carries neither scope nor target. */
  service?: string
}

/** Target prefixes of requests that come unsigned. */
const targetPrefixes: Record<string, string> = {
  AWSStepFunctions: 'states',
  DynamoDB_20120810: 'dynamodb',
  ElasticMapReduce: 'elasticmapreduce',
  AWSEvents: 'events',
  secretsmanager: 'secretsmanager',
  RedshiftData: 'redshift-data',
  Logs_20140328: 'logs',
}

/** The scope says `Credential=<key>/<date>/<region>/<service>/aws4_request`; signatures themselves are not verified. */
export function callerOf(request: WireRequest): Caller {
  const header = /Credential=([^/,\s]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(
    String(request.headers.authorization ?? ''),
  )
  if (header) return { accessKeyId: header[1]!, service: header[2]! }
  const presigned = request.query.get('X-Amz-Credential')?.split('/')
  if (presigned && presigned.length >= 4) return { accessKeyId: presigned[0]!, service: presigned[3]! }
  const target = request.headers['x-amz-target']
  if (typeof target === 'string') return { service: targetPrefixes[target.split('.')[0]!] ?? target.split('.')[0]! }
  return {}
}
