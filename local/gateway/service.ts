/**
 * What a service of the local cloud is: operations behind the one door, the permissions they need, and the CloudFormation
 * resource types it makes. A folder of `local/services/` holds one service.
 */
import type { WireRequest, WireResponse } from './message.ts'
import type { PolicyDocument, Principal } from './principal.ts'

/** One call of an operation, as the operation sees it. */
export interface Call {
  readonly principal: Principal
  readonly requestId: string
  /** HTTP headers in lower case; empty for calls inside the process. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Takes the decoded input shape of the SDK, returns the output shape, throws {@link AwsError}. */
export type Operation = (input: any, call: Call) => unknown

/** A question to IAM: may the caller do this to that? */
export interface Permission {
  /** For example `s3:GetObject`. */
  action: string
  /** The resource's ARN, or `*` for actions that know no resource. */
  resource: string
  /** Condition keys beyond the global ones, for example `iam:PassedToService`. */
  context?: Record<string, string | string[] | undefined>
  /** The resource's own policy (bucket policy, function permissions, topic policy), where it has one. */
  policy?: PolicyDocument
}

export interface Service {
  /** The signing name: `s3`, `states`, `elasticmapreduce`. */
  readonly name: string
  /** Two services may sign with one name; then one of them has a name of its own here and is known by its paths. */
  readonly signedAs?: { name: string; path: RegExp }
  /** The SDK package that carries the service's schemas, imported on the first call from the wire. */
  readonly schemas: () => Promise<object>
  readonly operations: Record<string, Operation>
  /** The permissions an operation needs with this input; empty for operations that need none. */
  may(operation: string, input: any, call: Call): Permission[] | Promise<Permission[]>
  /** CloudFormation resource types by name. */
  readonly resources?: Record<string, ResourceType>
  /** Answers requests that carry no AWS signature scope (REST APIs under /execute-api/); undefined when the path is not its own. */
  page?(request: WireRequest): Promise<WireResponse | undefined>
  /** Called when the template has been applied and calls may come. */
  start?(): void | Promise<void>
  /**
   * Called before the cloud closes, while calls are still answered: waits for what was accepted and is under way (events, asynchronous
   * invocations), not for what may take long. @returns whether there was anything, so that what it led to is waited for as well
   */
  drain?(): Promise<boolean>
  close?(): void | Promise<void>
}

export interface ResourceRequest {
  /** Stack name, logical id and resolved properties of the template's resource. */
  stack: string
  logicalId: string
  type: string
  properties: any
  /** What the last deployment made under this logical id. */
  previous?: DeployedResource
  /**
   * The name CloudFormation would give a resource without one: `Stack-LogicalId-HASH`; the same at every boot.
   * `max` cuts it, `lower` gives lower case (bucket names).
   */
  physicalName(options?: { max?: number; lower?: boolean }): string
}

export interface Resource {
  /** What `Ref` gives. */
  ref: string
  /** What `Fn::GetAtt` gives. */
  attributes?: Record<string, string>
}

export interface DeployedResource extends Resource {
  type: string
  properties: any
}

/** One CloudFormation resource type. `apply` runs at every boot, so it must be idempotent: create what is missing, update what differs, keep data. */
export interface ResourceType {
  apply(request: ResourceRequest): Resource | Promise<Resource>
  /** The resource has left the template, or was replaced (its `ref` changed). */
  remove(resource: DeployedResource): void | Promise<void>
}
