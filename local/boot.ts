/** Starts the local cloud: the port, the services, then the synthesized template. */
import { performance } from 'node:perf_hooks'
import { AwsQueryProtocol, AwsSmithyRpcV2CborProtocol } from '@aws-sdk/core/protocols'
import { readAssembly } from './deploy/assembly.ts'
import { deploy } from './deploy/deploy.ts'
import { publishAssets } from './deploy/publish-assets.ts'
import { anonymous } from './gateway/anonymous.ts'
import type { WireRequest } from './gateway/message.ts'
import { modelOf, type ProtocolKind, type ServiceModel, speaking } from './gateway/model.ts'
import { type Backend, type Gateway, listen } from './gateway/server.ts'
import type { ResourceType, Service } from './gateway/service.ts'
import { LocalCloud } from './local-cloud.ts'
import { lockDataDir } from './lock.ts'
import { managedPolicy } from './services/iam/managed-policies.ts'
import { type CreateService, type ServiceSettings, servicesWith } from './services/index.ts'

export const DEFAULT_PORT = 4566
export const ACCOUNT = '000000000000'
export const REGION = 'us-east-1'

/** The longest that closing waits for events and asynchronous invocations under way. */
const DRAIN_MS = 10_000

export interface BootOptions extends ServiceSettings {
  /** The cloud assembly that CDK synthesized. */
  assembly: string
  /** Where everything is kept; default `.stepwell`. */
  dataDir: string
  /** 0 takes any free port. */
  port?: number
  /** False turns permission checks off. */
  iam?: boolean
  /** Values for the template's parameters. */
  parameters?: Record<string, string>
  /** Other services than the usual ones, for tests. */
  services?: CreateService[]
}

export interface RunningCloud {
  readonly cloud: LocalCloud
  readonly url: string
  /** Outputs of all stacks by name. */
  readonly outputs: Record<string, string>
  /** Resource types that were accepted without being emulated, with their count. */
  readonly accepted: Record<string, number>
  /** Milliseconds from the call until the last resource was there. */
  readonly readyMs: number
  close(): Promise<void>
}

/** @throws PortInUseError, DataDirInUseError, AssemblyError, DeployError */
export async function boot(options: BootOptions): Promise<RunningCloud> {
  const started = performance.now()
  const assembly = readAssembly(options.assembly, ACCOUNT, REGION)
  const unlock = lockDataDir(options.dataDir)
  const backend = Promise.withResolvers<Backend>()
  let gateway: Gateway | undefined
  let cloud: LocalCloud | undefined
  const services: Service[] = []
  const close = async () => {
    await drain(services)
    await gateway?.close()
    for (const service of services.reverse()) await service.close?.()
    cloud?.close()
    unlock()
  }
  // A boot that fails before anyone has called must not end in an unhandled rejection.
  backend.promise.catch(() => {})
  try {
    gateway = await listen(options.port ?? DEFAULT_PORT, backend.promise)
    cloud = new LocalCloud({
      dataDir: options.dataDir,
      url: gateway.url,
      account: ACCOUNT,
      region: REGION,
      asset: assembly.asset,
      managedPolicy,
      ...(options.iam !== undefined && { iam: options.iam }),
    })
    for (const create of options.services ?? servicesWith(options)) {
      const service = await create(cloud)
      services.push(service)
      cloud.services.set(service.name, service)
    }
    backend.resolve(backendOf(cloud))
    // Tests boot small clouds without S3.
    if (cloud.services.has('s3')) await publishAssets(cloud, assembly)
    const outputs: Record<string, string> = {}
    const accepted: Record<string, number> = {}
    const exported: Record<string, string> = {}
    const types = resourceTypes(services)
    for (const { name, template } of assembly.stacks) {
      const parameters = pick(options.parameters ?? {}, Object.keys(template.Parameters ?? {}))
      const deployment = await deploy(cloud, { stack: name, template, parameters, types, exported })
      for (const [output, value] of Object.entries(deployment.outputs)) outputs[output] = reachable(value, gateway.url)
      for (const [type, count] of Object.entries(deployment.accepted)) accepted[type] = (accepted[type] ?? 0) + count
    }
    for (const service of services) await service.start?.()
    const readyMs = performance.now() - started
    cloud.log('info', `Ready in ${readyMs.toFixed(0)} ms at ${gateway.url}`, { accepted })
    return { cloud, url: gateway.url, outputs, accepted, readyMs, close }
  } catch (error) {
    backend.reject(error)
    await close()
    throw error
  }
}

/** What was accepted is delivered before the port closes: a function that an event calls has calls to make. What takes longer is kept for the next boot. */
async function drain(services: Service[]): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timeout = setTimeout(over.resolve, DRAIN_MS)
  let busy = true
  const passes = async () => {
    while (busy) {
      busy = false
      for (const service of services) if (await service.drain?.()) busy = true
    }
  }
  await Promise.race([passes(), over.promise])
  busy = false
  clearTimeout(timeout)
}

/** The address of a REST API, as the template writes it, leads to AWS; the same API is served here. */
function reachable(value: string, url: string): string {
  return value.replace(/^https:\/\/([^./]+)\.execute-api\.[^/]+/, (_, api: string) => `${url}/execute-api/${api}`)
}

function resourceTypes(services: Service[]): Map<string, ResourceType> {
  return new Map(services.flatMap((service) => Object.entries(service.resources ?? {})))
}

function pick(values: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)))
}

function backendOf(cloud: LocalCloud): Backend {
  const models = new Map<string, Promise<ServiceModel>>()
  return {
    async model(signingName, request) {
      const service =
        [...cloud.services.values()].find(
          ({ signedAs }) => signedAs?.name === signingName && signedAs.path.test(request.path),
        ) ?? cloud.services.get(signingName)
      if (!service) return undefined
      const { name } = service
      const known = models.get(name) ?? service.schemas().then((sdk) => modelOf(name, sdk))
      models.set(name, known)
      const model = await known
      return speaking(model, kindOf(request, model.kind), () => protocolFor(request, model))
    },
    principal(accessKeyId) {
      if (accessKeyId === undefined) return anonymous
      return cloud.principalOf(accessKeyId) ?? cloud.admin
    },
    invoke: (call, service, operation, input) => cloud.invoke(call, service, operation, input),
    async page(request) {
      if (request.path === '/_stepwell/health') {
        const body = JSON.stringify({ status: 'running', services: [...cloud.services.keys()] })
        return { status: 200, headers: { 'content-type': 'application/json' }, body }
      }
      for (const service of cloud.services.values()) {
        const page = await service.page?.(request)
        if (page) return page
      }
      return undefined
    },
    log: (level, message) => cloud.log(level, message),
  }
}

/** The protocol is the request's choice, not the service's. */
function kindOf(request: WireRequest, own: ProtocolKind): ProtocolKind {
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor'
  const type = String(request.headers['content-type'] ?? '')
  if (type.startsWith('application/x-www-form-urlencoded') && own !== 'rest') return 'query'
  return own
}

function protocolFor(request: WireRequest, model: ServiceModel): unknown {
  const common = { defaultNamespace: '', errorTypeRegistries: [] }
  if (kindOf(request, model.kind) === 'cbor') return new AwsSmithyRpcV2CborProtocol(common as any)
  return new AwsQueryProtocol({ ...common, xmlNamespace: model.xmlNamespace, version: '' } as any)
}
