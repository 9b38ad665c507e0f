/**
 * A small Cloud in memory for the tests of one service (or a few together): the one door without a wire, a temporary data
 * directory, collections that survive `restart()`, and a log that tests can read. Permissions are asked of `decide`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../local/cloud.ts'
import { AwsError } from '../../local/gateway/aws-error.ts'
import type { PolicyDocument, Principal } from '../../local/gateway/principal.ts'
import type { Call, DeployedResource, Operation, Permission, Resource, Service } from '../../local/gateway/service.ts'

export interface RecordedCall {
  principal: Principal
  service: string
  operation: string
  input: any
}

export interface TestCloud extends Cloud {
  /** Puts a service behind the door, in place of one of the same name. */
  add<S extends Service>(service: S): S
  /** Stands in for a service with a few operations that need no permission. */
  fake(name: string, operations: Record<string, Operation>): void
  /** Calls as the administrator. */
  as<Output = any>(service: string, operation: string, input?: object, principal?: Principal): Promise<Output>
  /** Applies a CloudFormation resource, remembering what the last deployment made. */
  deploy(type: string, logicalId: string, properties?: object): Promise<Resource>
  /** The resource leaves the template. */
  undeploy(logicalId: string): Promise<void>
  /** A session of a role with these policies, as a Lambda function or a state machine would have. */
  role(name: string, ...policies: PolicyDocument[]): Principal
  /** Every call that went through the door, in order. */
  readonly calls: RecordedCall[]
  /** Every line of the log, in order. */
  readonly lines: { level: string; message: string; fields?: Record<string, unknown> }[]
  /** What IAM answers; by default it allows everything. Set it to test what a service asks for. */
  decide: (principal: Principal, permission: Permission) => boolean
  /** CDK assets: `bucket/key` → path. */
  readonly assets: Map<string, string>
  /** A new Cloud over the same data, as after a new boot. Services have to be added again. */
  restart(): TestCloud
  /** Closes the services and removes the data directory. */
  dispose(): Promise<void>
}

type State = { dataDir: string; collections: Map<string, Map<string, string>>; deployed: Map<string, DeployedResource> }

export function testCloud(): TestCloud {
  return build({
    dataDir: mkdtempSync(join(tmpdir(), 'stepwell-test-')),
    collections: new Map(),
    deployed: new Map(),
  })
}

/** The error that `work` throws or rejects with, for tests that assess its name and message. */
export async function failure(work: () => unknown): Promise<AwsError> {
  try {
    await work()
  } catch (error) {
    return error as AwsError
  }
  throw new Error('Expected a failure, but the call succeeded.')
}

function build(state: State): TestCloud {
  const account = '000000000000'
  const region = 'us-east-1'
  const services = new Map<string, Service>()
  const sessions = new Map<string, Principal>()
  const admin: Principal = { arn: `arn:aws:iam::${account}:root`, admin: true, policies: () => [] }
  let requests = 0

  const session = (roleArn: string, name: string, policies: PolicyDocument[]): Principal => ({
    arn: `arn:aws:sts::${account}:assumed-role/${roleArn.split('/').pop()}/${name}`,
    roleArn,
    policies: () => policies,
  })

  const cloud: TestCloud = {
    account,
    region,
    url: 'http://127.0.0.1:4566',
    dataDir: state.dataDir,
    admin,
    calls: [],
    lines: [],
    assets: new Map(),
    decide: () => true,

    arn: (service, rest) => `arn:aws:${service}:${region}:${account}:${rest}`,

    async call(principal, service, operation, input) {
      const house = services.get(service)
      const run = house?.operations[operation]
      if (!house || !run)
        throw new AwsError(
          'UnknownOperationException',
          `The local cloud does not serve ${service}:${operation}.`,
          {},
          501,
        )
      const call: Call = { principal, requestId: `request-${++requests}`, headers: {} }
      cloud.calls.push({ principal, service, operation, input })
      if (!principal.admin)
        for (const permission of await house.may(operation, input, call))
          cloud.authorize(principal, service, permission)
      return (await run(input, call)) as any
    },

    authorize(principal, _service, permission) {
      if (principal.admin || cloud.decide(principal, permission)) return
      const { action, resource } = permission
      throw new AwsError(
        'AccessDeniedException',
        `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      )
    },

    assumeRole(roleArn, servicePrincipal, sessionName) {
      const principal = session(roleArn, sessionName, [])
      const accessKeyId = `ASIATEST${String(sessions.size + 1).padStart(12, '0')}`
      sessions.set(accessKeyId, principal)
      const trusted = cloud
        .collection<{ trust?: PolicyDocument }>('iam.roles')
        .get(roleArn.split('/').pop() ?? '')?.trust
      if (trusted && !JSON.stringify(trusted).includes(servicePrincipal))
        throw new AwsError(
          'AccessDenied',
          `User: ${servicePrincipal} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
        )
      return { principal, accessKeyId, secretAccessKey: 'secret', sessionToken: 'token' }
    },

    principalOf: (accessKeyId) => sessions.get(accessKeyId),

    servicePrincipal: (name, sourceArn) => ({ arn: name, service: name, sourceArn, policies: () => [] }),

    async locate(_principal, uri) {
      const url = new URL(uri)
      return join(state.dataDir, 's3', url.hostname, decodeURIComponent(url.pathname))
    },

    asset: (bucket, key) => cloud.assets.get(`${bucket}/${key}`),

    collection: <T>(name: string) => {
      const rows = state.collections.get(name) ?? new Map<string, string>()
      state.collections.set(name, rows)
      return collection<T>(rows)
    },

    folder(name) {
      const at = join(state.dataDir, name)
      mkdirSync(at, { recursive: true })
      return at
    },

    log(level, message, fields) {
      cloud.lines.push({ level, message, fields })
    },

    add(service) {
      services.set(service.name, service)
      return service
    },

    fake(name, operations) {
      services.set(name, { name, schemas: async () => ({}), operations, may: () => [] })
    },

    as: (service, operation, input = {}, principal = admin) => cloud.call(principal, service, operation, input),

    async deploy(type, logicalId, properties = {}) {
      const resourceType = typeOf(services, type)
      const previous = state.deployed.get(logicalId)
      const resource = await resourceType.apply({
        stack: 'Test',
        logicalId,
        type,
        properties,
        previous,
        physicalName: ({ max = 255, lower = false } = {}) => {
          const name = `Test-${logicalId}-0123456789AB`.slice(-max)
          return lower ? name.toLowerCase() : name
        },
      })
      if (previous && previous.ref !== resource.ref) await resourceType.remove(previous)
      state.deployed.set(logicalId, { ...resource, type, properties })
      return resource
    },

    async undeploy(logicalId) {
      const resource = state.deployed.get(logicalId)
      if (!resource) throw new Error(`No resource ${logicalId} was deployed.`)
      state.deployed.delete(logicalId)
      await typeOf(services, resource.type).remove(resource)
    },

    role: (name, ...policies) => session(`arn:aws:iam::${account}:role/${name}`, 'session', policies),

    restart: () => build(state),

    async dispose() {
      for (const service of services.values()) await service.close?.()
      rmSync(state.dataDir, { recursive: true, force: true })
    },
  }
  return cloud
}

function typeOf(services: Map<string, Service>, type: string) {
  for (const service of services.values()) if (service.resources?.[type]) return service.resources[type]
  throw new Error(`No service of this test makes ${type}.`)
}

/** Rows go through JSON, as they do on disk: a Date comes back as a string. */
function collection<T>(rows: Map<string, string>): Collection<T> {
  return {
    get: (key) => {
      const row = rows.get(key)
      return row === undefined ? undefined : (JSON.parse(row) as T)
    },
    put: (key, value) => void rows.set(key, JSON.stringify(value)),
    delete: (key) => rows.delete(key),
    entries: (prefix = '') =>
      [...rows]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        .map(([key, row]) => [key, JSON.parse(row) as T]),
  }
}
