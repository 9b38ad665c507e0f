/** Who makes a call: an administrator, a session of a role, or an AWS service acting by itself. */

export interface PolicyStatement {
  Sid?: string
  Effect: 'Allow' | 'Deny'
  Principal?: '*' | Record<string, string | string[]>
  NotPrincipal?: '*' | Record<string, string | string[]>
  Action?: string | string[]
  NotAction?: string | string[]
  Resource?: string | string[]
  NotResource?: string | string[]
  Condition?: Record<string, Record<string, unknown>>
}

export interface PolicyDocument {
  Version?: string
  Statement: PolicyStatement | PolicyStatement[]
}

export interface Principal {
  /** `arn:aws:sts::…:assumed-role/Role/session`, `arn:aws:iam::…:root`, or `events.amazonaws.com` for a service. */
  readonly arn: string
  /** The role behind a session. */
  readonly roleArn?: string
  /** The person at the console or the CLI: everything is allowed. */
  readonly admin?: boolean
  /** The AWS service that calls by itself; resource policies alone decide on it. */
  readonly service?: string
  /** The resource on whose behalf a service calls, for `aws:SourceArn`. */
  readonly sourceArn?: string
  /** The identity policies in force now (a changed template changes them under a running session). */
  policies(): readonly PolicyDocument[]
}
