/**
 * The life of endpoints. An update is blue/green: the new containers start beside the old ones, take over all at once or in two steps,
 * and the old ones go after a while; an alarm in between, or a container that does not start, leaves the old ones in service.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Principal } from '../../gateway/principal.ts'
import type { Endpoint, EndpointStatus, Store, Variant } from './store.ts'
import type { Telemetry } from './telemetry.ts'

/** How fast time passes for deployments, in milliseconds. */
export interface Pace {
  /** A second of WaitIntervalInSeconds and TerminationWaitInSeconds. */
  readonly second: number
}

const ALARM_CHECKS = 5

export class EndpointRunner {
  readonly #store: Store
  readonly #telemetry: Telemetry
  readonly #pace: Pace
  readonly #closing = new AbortController()
  readonly #busy = new Set<Promise<void>>()

  constructor(store: Store, telemetry: Telemetry, pace: Pace) {
    this.#store = store
    this.#telemetry = telemetry
    this.#pace = pace
  }

  create(name: string): void {
    this.#telemetry.endpoint(this.#store.endpoints.get(name)!)
    this.#work(name, async () => {
      const { configName } = this.#store.endpoints.get(name)!
      try {
        const variants = this.#variantsOf(configName)
        await this.#route(name, 1, [{ variants, generation: 1, share: 1 }])
        this.#enter(name, 'InService', (endpoint) => Object.assign(endpoint, { variants, generation: 1 }))
      } catch (error) {
        this.#enter(name, 'Failed', (endpoint) => {
          endpoint.failureReason = reasonOf(error)
        })
      }
    })
  }

  update(name: string, configName: string, deployment: any): void {
    this.#enter(name, 'Updating', (endpoint) => {
      endpoint.pending = configName
      delete endpoint.failureReason
    })
    this.#work(name, async () => {
      const old = this.#store.endpoints.get(name)!
      const blue = { variants: old.variants, generation: old.generation }
      const generation = old.generation + 1
      try {
        const variants = this.#variantsOf(configName)
        const green = { variants, generation }
        const policy = deployment?.BlueGreenUpdatePolicy ?? {}
        const routing = policy.TrafficRoutingConfiguration ?? { Type: 'ALL_AT_ONCE' }
        const size = routing.CanarySize ?? routing.LinearStepSize
        if (routing.Type !== 'ALL_AT_ONCE' && size) {
          const fleet = variants.reduce((sum, { instances }) => sum + instances, 0)
          const step = size.Type === 'CAPACITY_PERCENT' ? size.Value / 100 : size.Value / fleet
          for (let share = step; share < 1 - 1e-9; share = routing.Type === 'LINEAR' ? share + step : 1) {
            await this.#route(name, generation, [
              { ...green, share },
              { ...blue, share: 1 - share },
            ])
            await this.#bake(variants, deployment, routing.WaitIntervalInSeconds ?? 0)
          }
        }
        await this.#route(name, generation, [{ ...green, share: 1 }])
        await this.#bake(variants, deployment, policy.TerminationWaitInSeconds ?? 0)
        this.#enter(name, 'InService', (endpoint) => {
          Object.assign(endpoint, { variants, generation, configName, lastDeployment: deployment })
          delete endpoint.pending
        })
      } catch (error) {
        if (this.#closing.signal.aborted) return
        this.#enter(name, 'RollingBack')
        try {
          await this.#route(name, old.generation, [{ ...blue, share: 1 }])
          this.#enter(name, 'InService', (endpoint) => {
            endpoint.failureReason = reasonOf(error)
            delete endpoint.pending
          })
        } catch (second) {
          this.#enter(name, 'UpdateRollbackFailed', (endpoint) => {
            endpoint.failureReason = reasonOf(second)
          })
        }
      }
    })
  }

  async remove(name: string): Promise<void> {
    this.#enter(name, 'Deleting')
    await this.#runtime('Unroute', { EndpointName: name })
    const endpoint = this.#store.endpoints.get(name)
    this.#store.endpoints.delete(name)
    if (endpoint) this.#telemetry.endpoint({ ...endpoint, status: 'Deleted' as EndpointStatus })
  }

  /** After a restart: what served serves again when it is asked; what was under way has failed, or is back where it began. */
  async resume(): Promise<void> {
    for (const [name, endpoint] of this.#store.endpoints.entries()) {
      if (endpoint.status === 'Creating') {
        this.#enter(name, 'Failed', (row) => {
          row.failureReason = 'The local cloud was stopped while the endpoint was made.'
        })
        continue
      }
      if (endpoint.status === 'Updating' || endpoint.status === 'RollingBack') {
        this.#enter(name, 'InService', (row) => {
          row.failureReason = 'The local cloud was stopped while the endpoint was updated.'
          delete row.pending
        })
      }
      if (endpoint.variants.length > 0) {
        const { variants, generation } = endpoint
        await this.#route(name, generation, [{ variants, generation, share: 1 }], false).catch((error) => {
          this.#store.cloud.log('warn', `The endpoint ${name} cannot serve: ${(error as Error).message}`)
        })
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#busy)
  }

  /** What a configuration means now: its models with their data. */
  #variantsOf(configName: string): Variant[] {
    const config = this.#store.configs.get(configName)
    if (!config) throw new Error(`The endpoint configuration "${configName}" has been deleted.`)
    return config.request.ProductionVariants.map((variant: any): Variant => {
      const model = this.#store.models.get(variant.ModelName)
      if (!model) throw new Error(`The model "${variant.ModelName}" has been deleted.`)
      const container = model.request.PrimaryContainer ?? model.request.Containers[0]
      return {
        name: variant.VariantName,
        modelName: model.name,
        modelData: container.ModelDataUrl ?? '',
        image: container.Image,
        roleArn: model.request.ExecutionRoleArn,
        environment: container.Environment ?? {},
        weight: variant.InitialVariantWeight ?? 1,
        instanceType: variant.InstanceType,
        instances: variant.InitialInstanceCount,
      }
    })
  }

  /** Starts containers where they are missing, then sends the shares of traffic to them. */
  async #route(
    name: string,
    generation: number,
    fleets: { variants: Variant[]; generation: number; share: number }[],
    warm = true,
  ): Promise<void> {
    const routes = []
    for (const fleet of fleets) {
      for (const variant of fleet.variants) {
        const model = await this.#modelFile(name, fleet.generation, variant)
        routes.push({
          key: `${name}/${fleet.generation}/${variant.name}`,
          variant: variant.name,
          weight: variant.weight * fleet.share,
          model,
          views: variant.environment.INFERENCE_VIEWS === '3' ? 3 : 1,
          roleArn: variant.roleArn,
        })
      }
    }
    await this.#runtime('Route', { EndpointName: name, generation, routes, warm })
  }

  /** The path of the model's data, read under the role of the model. */
  async #modelFile(endpoint: string, generation: number, variant: Variant): Promise<string> {
    const { cloud } = this.#store
    const { principal } = cloud.assumeRole(variant.roleArn, 'sagemaker.amazonaws.com', 'SageMaker')
    try {
      await cloud.call(principal, 's3', 'HeadObject', bucketAndKey(variant.modelData))
      return await cloud.locate(principal, variant.modelData, 'read')
    } catch (error) {
      throw new Error(
        `Failed to download model data for container "container_1" of variant ${variant.name} (endpoint ${endpoint}, deployment ${generation}) from URL "${variant.modelData}". Please ensure that there is an object located at the URL and that the role passed to CreateModel has permissions to download the model. (${(error as Error).name})`,
      )
    }
  }

  /** Waits, and asks the alarms of the auto-rollback meanwhile. @throws when one is in ALARM */
  async #bake(variants: Variant[], deployment: any, seconds: number): Promise<void> {
    const AlarmNames = (deployment?.AutoRollbackConfiguration?.Alarms ?? []).map((alarm: any) => alarm.AlarmName)
    for (let check = 0; check < ALARM_CHECKS; check++) {
      await sleep((seconds * this.#pace.second) / ALARM_CHECKS, undefined, { signal: this.#closing.signal })
      if (AlarmNames.length === 0) continue
      const { principal } = this.#store.cloud.assumeRole(variants[0]!.roleArn, 'sagemaker.amazonaws.com', 'SageMaker')
      const { MetricAlarms = [] } = await this.#store.cloud.call(principal, 'monitoring', 'DescribeAlarms', {
        AlarmNames,
      })
      const ringing = MetricAlarms.filter((alarm: any) => alarm.StateValue === 'ALARM').map(
        (alarm: any) => alarm.AlarmName,
      )
      if (ringing.length > 0) {
        throw new Error(
          `One or more configured alarm(s) have been triggered: ${ringing.join(', ')}. The deployment was rolled back.`,
        )
      }
    }
  }

  #runtime(operation: string, input: object): Promise<unknown> {
    return this.#store.cloud.call(this.#service, 'sagemaker-runtime', operation, input)
  }

  get #service(): Principal {
    return this.#store.cloud.servicePrincipal('sagemaker.amazonaws.com')
  }

  #work(name: string, act: () => Promise<void>): void {
    const work = act().catch((error) => {
      if (!this.#closing.signal.aborted)
        this.#store.cloud.log('error', `The deployment of ${name} failed: ${(error as Error).message}`)
    })
    this.#busy.add(work)
    void work.finally(() => this.#busy.delete(work))
  }

  #enter(name: string, status: EndpointStatus, change?: (endpoint: Endpoint) => void): void {
    const endpoint = this.#store.endpoints.get(name)
    if (!endpoint) return
    endpoint.status = status
    endpoint.modified = new Date().toISOString()
    change?.(endpoint)
    this.#store.endpoints.put(name, endpoint)
    this.#store.cloud.log('info', `The endpoint ${name} is ${status}`, {
      service: 'sagemaker',
      ...(endpoint.failureReason && { reason: endpoint.failureReason }),
    })
    this.#telemetry.endpoint(endpoint)
  }
}

function bucketAndKey(uri: string) {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  return { Bucket, Key }
}

const reasonOf = (error: unknown) => (error as Error).message
