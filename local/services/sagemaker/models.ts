/** Operations on models and endpoint configurations. */
import type { Operation } from '../../gateway/service.ts'
import { checkName, date, listed, type Store, validation } from './store.ts'
import { putTags } from './tags.ts'

export function modelOperations(store: Store): Record<string, Operation> {
  const findModel = (name: string) => {
    const model = store.models.get(name)
    if (!model) throw validation(`Could not find model "${store.arn('model', name ?? '')}".`)
    return model
  }
  const findConfig = (name: string) => {
    const config = store.configs.get(name)
    if (!config)
      throw validation(`Could not find endpoint configuration "${store.arn('endpoint-config', name ?? '')}".`)
    return config
  }
  return {
    CreateModel(input) {
      const { Tags, ...request } = input
      const name = checkName('modelName', input.ModelName)
      const arn = store.arn('model', name)
      if (store.models.get(name)) throw validation(`Cannot create already existing model "${arn}".`)
      const container = input.PrimaryContainer ?? input.Containers?.[0]
      if (!container?.Image) throw validation('A model needs a primary container with an image.')
      if (!input.ExecutionRoleArn) throw validation('A model needs an execution role.')
      putTags(store, arn, Tags)
      store.models.put(name, { name, request, created: new Date().toISOString() })
      return { ModelArn: arn }
    },
    DescribeModel({ ModelName }) {
      const { name, request, created } = findModel(ModelName)
      return {
        ...request,
        ModelArn: store.arn('model', name),
        CreationTime: date(created),
        EnableNetworkIsolation: request.EnableNetworkIsolation ?? false,
      }
    },
    ListModels(input) {
      const { page, NextToken } = listed(
        store.models.entries().map(([, model]) => model),
        input,
      )
      const Models = page.map(({ name, created }) => ({
        ModelName: name,
        ModelArn: store.arn('model', name),
        CreationTime: date(created),
      }))
      return { Models, NextToken }
    },
    DeleteModel({ ModelName }) {
      store.models.delete(findModel(ModelName).name)
      return {}
    },

    CreateEndpointConfig(input) {
      const { Tags, ...request } = input
      const name = checkName('endpointConfigName', input.EndpointConfigName)
      const arn = store.arn('endpoint-config', name)
      if (store.configs.get(name)) throw validation(`Cannot create already existing endpoint configuration "${arn}".`)
      if (!input.ProductionVariants?.length)
        throw validation('An endpoint configuration needs at least one production variant.')
      for (const variant of input.ProductionVariants) {
        findModel(variant.ModelName)
        if (variant.ServerlessConfig)
          throw validation('Serverless variants are not served here: give InstanceType and InitialInstanceCount.')
        if (!variant.InstanceType || !(variant.InitialInstanceCount >= 1)) {
          throw validation(`The variant ${variant.VariantName} needs InstanceType and InitialInstanceCount.`)
        }
      }
      putTags(store, arn, Tags)
      store.configs.put(name, { name, request, created: new Date().toISOString() })
      return { EndpointConfigArn: arn }
    },
    DescribeEndpointConfig({ EndpointConfigName }) {
      const { name, request, created } = findConfig(EndpointConfigName)
      return { ...request, EndpointConfigArn: store.arn('endpoint-config', name), CreationTime: date(created) }
    },
    ListEndpointConfigs(input) {
      const { page, NextToken } = listed(
        store.configs.entries().map(([, config]) => config),
        input,
      )
      const EndpointConfigs = page.map(({ name, created }) => ({
        EndpointConfigName: name,
        EndpointConfigArn: store.arn('endpoint-config', name),
        CreationTime: date(created),
      }))
      return { EndpointConfigs, NextToken }
    },
    DeleteEndpointConfig({ EndpointConfigName }) {
      const { name } = findConfig(EndpointConfigName)
      const user = store.endpoints
        .entries()
        .find(([, endpoint]) => endpoint.configName === name || endpoint.pending === name)
      if (user?.[1].pending === name)
        throw validation(
          `Cannot delete endpoint configuration "${name}" while endpoint "${user[0]}" is being updated to it.`,
        )
      store.configs.delete(name)
      return {}
    },
  }
}
