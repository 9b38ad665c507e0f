/** What a Task's Resource names: a Lambda function, an activity, or a service integration with its pattern. */

/** How a task ends: with the answer (request), with the end of the job it started (sync), or with a callback. */
export type Pattern = 'request' | 'sync' | 'sync:2' | 'waitForTaskToken'

export type Integration =
  | { readonly kind: 'lambda'; readonly arn: string }
  | { readonly kind: 'activity'; readonly arn: string }
  | {
      readonly kind: 'service'
      /** `lambda`, `sns`, `states`; for AWS SDK integrations the SDK's service id in lower case. */
      readonly service: string
      /** `invoke`, `publish`: as the Resource writes it. */
      readonly action: string
      readonly sdk: boolean
      readonly pattern: Pattern
      /** As events name them: `lambda` or `aws-sdk:sfn`, and `invoke.waitForTaskToken`. */
      readonly resourceType: string
      readonly resource: string
    }

const service = /^arn:[\w-]+:states:[\w-]*:\d*:(aws-sdk:)?([^:]+):([^:.]+)(?:\.(sync(?::2)?|waitForTaskToken))?$/

/** Parses a Resource. A text of no known form is a Lambda function's name, as AWS takes it. */
export function parseResource(resource: string): Integration {
  if (/^arn:[\w-]+:states:[^:]*:[^:]*:activity:/.test(resource)) return { kind: 'activity', arn: resource }
  const match = service.exec(resource)
  if (!match) return { kind: 'lambda', arn: resource }
  const [, sdk, name, action, pattern] = match
  return {
    kind: 'service',
    service: name!,
    action: action!,
    sdk: sdk !== undefined,
    pattern: (pattern as Pattern | undefined) ?? 'request',
    resourceType: `${sdk ?? ''}${name}`,
    resource: pattern ? `${action}.${pattern}` : action!,
  }
}
