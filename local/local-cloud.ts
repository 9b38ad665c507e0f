/** The cloud itself: the door every call goes through, identity and permission checks, and where services keep their state. */
import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { accessDenied } from './access-denied.ts'
import type { Cloud, Collection, RoleSession } from './cloud.ts'
import { AwsError } from './gateway/aws-error.ts'
import { decideIdentity, decideResource, denialMessage, trusts } from './gateway/policy.ts'
import type { PolicyDocument, Principal } from './gateway/principal.ts'
import type { Call, Permission, Service } from './gateway/service.ts'
import { objectPath } from './services/s3/keys.ts'
import { Sessions } from './sessions.ts'
import { Store } from './store.ts'

const NOT_SERVED = 501
/** Journals hold task tokens, logs whatever functions print, and the database who may act as whom. */
const OWNER_ONLY = 0o700

/** What the cloud keeps of a role; the iam service writes it. */
export interface RoleRecord {
  arn: string
  name: string
  trust: PolicyDocument
  inline: Record<string, PolicyDocument>
  managed: string[]
}

export interface LocalCloudOptions {
  dataDir: string
  url: string
  account?: string
  region?: string
  /** False turns permission checks off (`--no-iam`). */
  iam?: boolean
  asset?: (bucket: string, key: string) => string | undefined
  /** The documents of AWS's own managed policies, by ARN. */
  managedPolicy?: (arn: string) => PolicyDocument | undefined
}

/** Told of every permission check and its decision, before a denial is thrown: tests listen here. */
export type AccessListener = (event: {
  principal: Principal
  action: string
  resource: string
  allowed: boolean
}) => void

export class LocalCloud implements Cloud {
  readonly account: string
  readonly region: string
  readonly url: string
  readonly dataDir: string
  readonly admin: Principal
  readonly iam: boolean
  readonly services = new Map<string, Service>()
  onAccess: AccessListener | undefined
  readonly #options: LocalCloudOptions
  readonly #store: Store
  readonly #sessions: Sessions
  readonly #logFile: string

  constructor(options: LocalCloudOptions) {
    this.#options = options
    this.account = options.account ?? '000000000000'
    this.region = options.region ?? 'us-east-1'
    this.url = options.url
    this.dataDir = resolve(options.dataDir)
    this.iam = options.iam ?? true
    this.admin = { arn: `arn:aws:iam::${this.account}:root`, admin: true, policies: () => [] }
    mkdirSync(this.dataDir, { recursive: true, mode: OWNER_ONLY })
    this.#store = new Store(join(this.dataDir, 'cloud.sqlite'))
    this.#sessions = new Sessions(this.#store.collection('sts.sessions'))
    this.#logFile = join(this.folder('log'), 'cloud.log')
  }

  arn(service: string, rest: string): string {
    return `arn:aws:${service}:${this.region}:${this.account}:${rest}`
  }

  call<Output = any>(principal: Principal, service: string, operation: string, input: object): Promise<Output> {
    return this.invoke(
      { principal, requestId: randomUUID(), headers: {} },
      service,
      operation,
      input,
    ) as Promise<Output>
  }

  /** The door itself, for calls from the wire as for those between services. */
  async invoke(call: Call, serviceName: string, operation: string, input: unknown): Promise<unknown> {
    const service = this.services.get(serviceName)
    const run = service?.operations[operation]
    if (!service || !run) {
      const message = `The local cloud does not serve ${serviceName}:${operation}.`
      throw new AwsError('UnknownOperationException', message, {}, NOT_SERVED)
    }
    if (this.iam && !call.principal.admin) {
      for (const permission of await service.may(operation, input, call)) {
        this.authorize(call.principal, serviceName, permission)
      }
    }
    return run(input, call)
  }

  authorize(principal: Principal, service: string, { action, resource, context, policy }: Permission): void {
    if (!this.iam || principal.admin) return
    const question = { action, resource, context: { ...this.#globalContext(principal), ...context } }
    const identity = decideIdentity(principal.policies(), question)
    const own = decideResource(policy, principal, question)
    const allowed = identity !== 'ExplicitDeny' && own !== 'ExplicitDeny' && (identity === 'Allow' || own === 'Allow')
    this.onAccess?.({ principal, action, resource, allowed })
    if (allowed) return
    const decision = identity === 'ExplicitDeny' || own === 'ExplicitDeny' ? 'ExplicitDeny' : 'ImplicitDeny'
    const named = service === 's3' ? `"${resource}"` : resource
    const message = denialMessage(principal, action, named, decision)
    // A HEAD request carries no message, and functions behind events have nobody to tell.
    this.log('warn', `AccessDenied: ${message}`)
    throw accessDenied(service, message)
  }

  assumeRole(roleArn: string, servicePrincipal: string, sessionName: string): RoleSession {
    const role = this.#role(roleArn)
    const service = this.servicePrincipal(servicePrincipal)
    if (this.iam && !trusts(role.trust, service, { 'aws:SourceAccount': this.account })) {
      const message = `${servicePrincipal} is not allowed to assume ${roleArn}: the role's trust policy does not name it.`
      throw accessDenied('sts', message)
    }
    return this.#sessions.open(this.#principalOfRole(role, sessionName), sessionName)
  }

  principalOf(accessKeyId: string): Principal | undefined {
    const session = this.#sessions.find(accessKeyId)
    return session && this.#principalOfRole(this.#role(session.roleArn), session.sessionName)
  }

  servicePrincipal(name: string, sourceArn?: string): Principal {
    return { arn: name, service: name, ...(sourceArn && { sourceArn }), policies: () => [] }
  }

  async locate(principal: Principal, uri: string, access: 'read' | 'list' | 'write' | 'delete'): Promise<string> {
    const [, bucket, key = ''] = /^s3[an]?:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri) ?? []
    if (!bucket) throw new AwsError('InvalidURI', `"${uri}" is no S3 location; write s3://bucket/key.`)
    const action = { read: 's3:GetObject', list: 's3:ListBucket', write: 's3:PutObject', delete: 's3:DeleteObject' }[
      access
    ]
    const arn = `arn:aws:s3:::${bucket}`
    const permission =
      access === 'list'
        ? { action, resource: arn, context: { 's3:prefix': key } }
        : { action, resource: `${arn}/${key}` }
    this.authorize(principal, 's3', permission)
    // The bucket exists for whoever may act on it: asked as the admin, since the check above is the one that counts.
    await this.call(this.admin, 's3', 'HeadBucket', { Bucket: bucket })
    const path = objectPath(join(this.dataDir, 's3'), bucket, key)
    // The slash tells a prefix that ends at a folder from one that goes on within a name.
    return key.endsWith('/') ? path + sep : path
  }

  asset(bucket: string, key: string): string | undefined {
    return this.#options.asset?.(bucket, key)
  }

  collection<T>(name: string): Collection<T> {
    return this.#store.collection<T>(name)
  }

  folder(name: string): string {
    const path = resolve(this.dataDir, name)
    if (!path.startsWith(this.dataDir + sep)) throw new Error(`The folder "${name}" is outside of the data directory.`)
    mkdirSync(path, { recursive: true, mode: OWNER_ONLY })
    return path
  }

  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> = {}): void {
    appendFileSync(this.#logFile, `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`)
  }

  close(): void {
    this.#store.close()
  }

  #role(arn: string): RoleRecord {
    const name = arn.split('/').pop() ?? ''
    const role = this.collection<RoleRecord>('iam.roles').get(name)
    if (role?.arn === arn) return role
    throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`)
  }

  /** The policies are read anew at each check, so that a changed template changes what a running session may do. */
  #principalOfRole(role: RoleRecord, sessionName: string): Principal {
    return {
      arn: `arn:aws:sts::${this.account}:assumed-role/${role.name}/${sessionName}`,
      roleArn: role.arn,
      policies: () => this.policiesOf(role.name),
    }
  }

  policiesOf(roleName: string): PolicyDocument[] {
    const role = this.collection<RoleRecord>('iam.roles').get(roleName)
    if (!role) return []
    const managed = role.managed.flatMap((arn) => this.#managedPolicy(arn) ?? [])
    return [...Object.values(role.inline), ...managed]
  }

  #managedPolicy(arn: string): PolicyDocument | undefined {
    const own = this.collection<{ document: PolicyDocument }>('iam.policies').get(arn)
    return own?.document ?? this.#options.managedPolicy?.(arn)
  }

  #globalContext(principal: Principal): Record<string, string | undefined> {
    return {
      'aws:SecureTransport': 'true',
      'aws:RequestedRegion': this.region,
      'aws:PrincipalArn': principal.roleArn ?? principal.arn,
      'aws:PrincipalAccount': this.account,
      'aws:SourceAccount': this.account,
      'aws:SourceArn': principal.sourceArn,
      'aws:PrincipalIsAWSService': String(principal.service !== undefined),
      'aws:CurrentTime': new Date().toISOString(),
    }
  }
}
