/** The house that services live in: the one door between them, who they act as, and where they keep their state. */

import type { Principal } from './gateway/principal.ts'
import type { Permission } from './gateway/service.ts'

/** Key-value rows that survive a restart: one JSON document a key, written before `put` returns. Keys come back in byte order. */
export interface Collection<T> {
  get(key: string): T | undefined
  put(key: string, value: T): void
  delete(key: string): boolean
  /** All rows, or those whose key starts with `prefix`. */
  entries(prefix?: string): [key: string, value: T][]
}

/** A session of a role: who its calls come from, and the credentials that make the gateway see it so. */
export interface RoleSession {
  principal: Principal
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
}

export interface Cloud {
  readonly account: string
  readonly region: string
  /** `http://127.0.0.1:4566`: where the gateway listens (known before services start). */
  readonly url: string
  /** The data directory; nothing is ever written outside of it. */
  readonly dataDir: string
  readonly admin: Principal

  /** `arn('states', 'stateMachine:Batch')` → `arn:aws:states:us-east-1:000000000000:stateMachine:Batch` */
  arn(service: string, rest: string): string

  /**
   * The one door: authorizes and runs an operation of a service, in process.
   * @throws AwsError as the service would answer: AccessDenied, UnknownOperationException (501), …
   */
  call<Output = any>(principal: Principal, service: string, operation: string, input: object): Promise<Output>

  /** Asks IAM about one permission. @throws AwsError AccessDenied, naming principal, action and resource */
  authorize(principal: Principal, service: string, permission: Permission): void

  /**
   * A session of `roleArn` for a service principal such as `lambda.amazonaws.com`, if the role's trust policy lets it in.
   * @throws AwsError AccessDenied when it does not, or NoSuchEntity when there is no such role
   */
  assumeRole(roleArn: string, servicePrincipal: string, sessionName: string): RoleSession

  /** Who signs with this access key: a role's session, or undefined for a key that the local cloud never gave out (the admin's). */
  principalOf(accessKeyId: string): Principal | undefined

  /** An AWS service that calls by itself (EventBridge invoking a Lambda); resource policies decide. */
  servicePrincipal(name: string, sourceArn?: string): Principal

  /**
   * `s3://bucket/key` → the absolute path of the object or prefix below the data directory, after the permission check.
   * `read` needs s3:GetObject, `list` s3:ListBucket, `write` s3:PutObject, `delete` s3:DeleteObject. Engines read and write such paths in place.
   * @throws AwsError AccessDenied, NoSuchBucket
   */
  locate(principal: Principal, uri: string, access: 'read' | 'list' | 'write' | 'delete'): Promise<string>

  /** The file or folder of a CDK asset, by the bucket and key that the template names; undefined when it is none. */
  asset(bucket: string, key: string): string | undefined

  collection<T>(name: string): Collection<T>
  /** A folder of the data directory that belongs to the caller, made if it is missing. */
  folder(name: string): string

  /** One line in the local cloud's own log (`.stepwell/log/cloud.log`); never secrets or task tokens. */
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}
