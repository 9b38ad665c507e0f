/** Operations on endpoints. */
import type { Operation } from '../../gateway/service.ts'
import type { EndpointRunner } from './endpoint-runner.ts'
import { checkName, date, type Endpoint, listed, type Store, validation } from './store.ts'
import { putTags } from './tags.ts'

export function endpointOperations(store: Store, runner: EndpointRunner): Record<string, Operation> {
  const find = (name: string): Endpoint => {
    const endpoint = store.endpoints.get(name)
    if (!endpoint) throw validation(`Could not find endpoint "${store.arn('endpoint', name ?? '')}".`)
    return endpoint
  }
  const needConfig = (name: string): string => {
    if (!store.configs.get(name))
      throw validation(`Could not find endpoint configuration "${store.arn('endpoint-config', name ?? '')}".`)
    return name
  }
  return {
    CreateEndpoint({ EndpointName, EndpointConfigName, Tags }) {
      const name = checkName('endpointName', EndpointName)
      const arn = store.arn('endpoint', name)
      if (store.endpoints.get(name)) throw validation(`Cannot create already existing endpoint "${arn}".`)
      const configName = needConfig(EndpointConfigName)
      const now = new Date().toISOString()
      putTags(store, arn, Tags)
      store.endpoints.put(name, {
        name,
        configName,
        status: 'Creating',
        variants: [],
        generation: 0,
        created: now,
        modified: now,
      })
      runner.create(name)
      return { EndpointArn: arn }
    },

    UpdateEndpoint({ EndpointName, EndpointConfigName, DeploymentConfig }) {
      const endpoint = find(EndpointName)
      if (endpoint.status !== 'InService') {
        throw validation(`Cannot update in-progress endpoint "${store.arn('endpoint', endpoint.name)}".`)
      }
      const configName = needConfig(EndpointConfigName)
      if (configName === endpoint.configName) {
        throw validation(`Cannot update endpoint "${endpoint.name}" to the configuration that it has: "${configName}".`)
      }
      checkDeployment(DeploymentConfig, store.configs.get(configName)?.request)
      runner.update(endpoint.name, configName, DeploymentConfig)
      return { EndpointArn: store.arn('endpoint', endpoint.name) }
    },

    DescribeEndpoint({ EndpointName }) {
      const endpoint = find(EndpointName)
      return {
        EndpointName: endpoint.name,
        EndpointArn: store.arn('endpoint', endpoint.name),
        EndpointConfigName: endpoint.configName,
        EndpointStatus: endpoint.status,
        ...(endpoint.failureReason && { FailureReason: endpoint.failureReason }),
        CreationTime: date(endpoint.created),
        LastModifiedTime: date(endpoint.modified),
        ...(endpoint.lastDeployment && { LastDeploymentConfig: endpoint.lastDeployment }),
        ProductionVariants: endpoint.variants.map(({ name, image, weight, instances }) => ({
          VariantName: name,
          DeployedImages: [{ SpecifiedImage: image, ResolvedImage: image, ResolutionTime: date(endpoint.modified) }],
          CurrentWeight: weight,
          DesiredWeight: weight,
          CurrentInstanceCount: instances,
          DesiredInstanceCount: instances,
        })),
        ...(endpoint.pending && {
          PendingDeploymentSummary: { EndpointConfigName: endpoint.pending, StartTime: date(endpoint.modified) },
        }),
      }
    },

    ListEndpoints(input) {
      const { page, NextToken } = listed(
        store.endpoints.entries().map(([, endpoint]) => endpoint),
        input,
        (endpoint) => endpoint.status,
      )
      const Endpoints = page.map((endpoint) => ({
        EndpointName: endpoint.name,
        EndpointArn: store.arn('endpoint', endpoint.name),
        CreationTime: date(endpoint.created),
        LastModifiedTime: date(endpoint.modified),
        EndpointStatus: endpoint.status,
      }))
      return { Endpoints, NextToken }
    },

    async DeleteEndpoint({ EndpointName }) {
      const endpoint = find(EndpointName)
      if (endpoint.status === 'Creating' || endpoint.status === 'Updating') {
        throw validation(`Cannot update in-progress endpoint "${store.arn('endpoint', endpoint.name)}".`)
      }
      await runner.remove(endpoint.name)
      return {}
    },
  }
}

/** https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html */
function checkDeployment(deployment: any, config: any): void {
  const routing = deployment?.BlueGreenUpdatePolicy?.TrafficRoutingConfiguration
  if (!routing || routing.Type === 'ALL_AT_ONCE') return
  const size = routing.CanarySize ?? routing.LinearStepSize
  if (!size)
    throw validation(
      `${routing.Type} traffic routing needs ${routing.Type === 'CANARY' ? 'CanarySize' : 'LinearStepSize'}.`,
    )
  const instances = (config?.ProductionVariants ?? []).reduce(
    (sum: number, variant: any) => sum + variant.InitialInstanceCount,
    0,
  )
  const share = size.Type === 'CAPACITY_PERCENT' ? (instances * size.Value) / 100 : size.Value
  if (share < 1 || share > instances / 2) {
    throw validation(
      `The traffic shift of ${size.Value} (${size.Type}) must be at least one instance and at most half of the fleet of ${instances}.`,
    )
  }
}
