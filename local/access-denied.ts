/** AccessDenied under the name and status that each service gives it. */
import { AwsError } from './gateway/aws-error.ts'

const names: Record<string, string> = {
  s3: 'AccessDenied',
  sts: 'AccessDenied',
  iam: 'AccessDenied',
  rds: 'AccessDenied',
  sns: 'AuthorizationError',
}
const FORBIDDEN = 403
const BAD_REQUEST = 400
/** Services with REST or query protocols answer 403; those with JSON protocols answer 400. */
const forbidding = new Set(['s3', 'sts', 'iam', 'sns', 'rds', 'lambda', 'scheduler', 'apigateway', 'execute-api'])

export function accessDenied(service: string, message: string): AwsError {
  return new AwsError(
    names[service] ?? 'AccessDeniedException',
    message,
    {},
    forbidding.has(service) ? FORBIDDEN : BAD_REQUEST,
  )
}
